"""What a tool's command line loads and saves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loralint.catalog import DTYPES
from loralint.catalog.commands import BACKENDS, OFFLINE, Tool, is_recipe
from loralint.facts import (
    ABSENT,
    Known,
    LoadSite,
    Origin,
    OriginKind,
    Reason,
    RevisionKey,
    SaveSite,
    Unknown,
    Value,
    Writing,
)
from loralint.read.command_given import at_revision, given, split_adapters
from loralint.read.command_lines import Invocation
from loralint.read.command_places import behind
from loralint.read.shell_values import Word, leaves, mapped, scalar
from loralint.source import Span

_OPTIONS = ("trust_remote_code", "dtype", "load_in_4bit", "load_in_8bit", "code_revision",
            "tokenizer_revision", "enable_lora")  # fmt: skip
_BITS = {"4": "load_in_4bit", "8": "load_in_8bit"}


class Sites:
    """The sites of one invocation of a tool."""

    def __init__(self, path: str, invocation: Invocation, tool: Tool) -> None:
        self.path = path
        self.invocation = invocation
        self.tool = tool
        self.given = given(invocation, tool)
        start = invocation.command.span.start
        self._scope = f"command {start.row}:{start.column}"

    def loads(self) -> Iterator[LoadSite]:
        """The model, its tokenizer and its adapters."""
        for value, span in self.given.get("model", ())[-1:]:
            artifact = self._artifact()
            if artifact:
                yield self._load(artifact, value, span, self._revision("revision"))
        for value, span in self.given.get("tokenizer", ())[-1:]:
            role = "revision" if self.tool.shared else "tokenizer_revision"
            yield self._load("tokenizer", value, span, self._revision(role))
        for value, span in self.given.get("adapters", ()):
            yield from self._adapter(value, span)

    def saves(self) -> Iterator[SaveSite]:
        """Where a training command writes what it trained."""
        if not self.tool.trains and not self.tool.merges:
            return
        for value, span in self.given.get("output", ())[-1:]:
            yield SaveSite(
                path=self.path, span=span, artifact=self._trained(), target=_rooted(value),
                function=self._scope, text=self.invocation.command.text,
                options=self._folder(),
            )  # fmt: skip

    def _folder(self) -> tuple[tuple[str, Value], ...]:
        folder = self.invocation.command.folder
        return (("folder", Known(folder)),) if folder else ()

    def _artifact(self) -> str:
        if self.tool.pairs:
            backend = self.given.get("backend", [(Known("hf"), self.invocation.command.span)])
            names = {BACKENDS.get(str(getattr(leaf, "value", "")), "")
                     for leaf in leaves(backend[-1][0])}  # fmt: skip
            return names.pop() if len(names) == 1 else ""
        if self.tool.artifact == "file" and self._text("repo_type") in ("dataset", "space"):
            return "dataset"
        return self.tool.artifact

    def _trained(self) -> str:
        if self.tool.merges:
            return "model"
        if self.tool.adapter_only:
            return "adapter" if self._text(self.tool.adapter_only) in (True, "true") else "model"
        full = any(self._text(role) == text for role, text in self.tool.full)
        return "model" if full else "adapter"

    def _text(self, role: str) -> object:
        found = self.given.get(role)
        return getattr(scalar(found[-1][0]), "value", None) if found else None

    def _revision(self, role: str) -> Value:
        found = self.given.get(role)
        if found:
            return found[-1][0]
        if self.invocation.open:
            return Unknown(
                Reason.OUTSIDE,
                "more flags may be given",
                Origin(OriginKind.COMMAND_LINE, self.path, (self._scope,)),
            )
        return ABSENT

    def _load(self, artifact: str, value: Value, span: Span, revision: Value) -> LoadSite:
        return LoadSite(
            path=self.path, span=span, artifact=artifact, loader=self.tool.name,
            repo_id=_rooted(value), revision=revision, options=tuple(self._options(artifact)),
            function=self._scope, text=self.invocation.command.text, stage=self._stage(),
            writing=Writing.COMMAND,
            revision_key=self._revision_key(artifact), insert_at=self._behind(artifact, span),
            margins=self.invocation.command.margins or (" ", ""),
        )  # fmt: skip

    def _behind(self, artifact: str, span: Span) -> Span | None:
        """Where a flag may go, for what takes one."""
        is_flag = (key := self._revision_key(artifact)).inside or key.name.startswith("--")
        return behind(self.invocation.command, span) if is_flag else None

    def _stage(self) -> str:
        if self.tool.trains and self._trained() == "adapter":
            return "train"
        return "merge" if self.tool.merges else "infer" if self.given.get("adapters") else ""

    def _revision_key(self, artifact: str) -> RevisionKey:
        if artifact == "adapter" and not self.tool.adapter_revision:
            return RevisionKey("", behind_id=self._takes_at())
        own = artifact == "tokenizer" and not self.tool.shared
        role = "tokenizer_revision" if own else "revision"
        flag = next((flag for flag, known in self.tool.flags.items() if known == role), "")
        if self.tool.pairs:
            return RevisionKey(flag, f"--{self.tool.pairs}")
        return RevisionKey(f"--{flag}" if flag else "")

    def _uses_hf(self) -> bool:
        """Whether ms-swift is told to load from Hugging Face."""
        environment = self.invocation.environment.get("USE_HF")
        said = getattr(environment[0], "value", "") if environment else self._text("use_hf")
        return str(said).lower() in ("true", "1")

    def _takes_at(self) -> bool:
        """Whether adapters are written `id@revision`."""
        return "text-gen" in self.tool.name

    def _adapter(self, value: Value, span: Span) -> Iterator[LoadSite]:
        engine = self.tool.artifact == "engine"
        revision = (
            Unknown(Reason.FRAMEWORK, "an adapter of an engine has none") if engine else ABSENT
        )
        if self.tool.adapter_revision and self.given.get("revision"):
            revision = self._revision("revision")  # type: ignore[assignment]
        for each in split_adapters(value):
            repo_id, at = at_revision(each) if self._takes_at() else (each, None)
            yield self._load("adapter", repo_id, span, at or revision)

    # --- options ---

    def _options(self, artifact: str) -> Iterator[tuple[str, Value]]:
        if self.tool.hub != "huggingface" and not self._uses_hf():
            yield "hub", Known(self.tool.hub)
        if artifact == "adapter":
            yield from self._folder()
            return
        for role in _OPTIONS:
            found = self.given.get(role)
            if found:
                yield role, _dtype(found[-1][0]) if role == "dtype" else scalar(found[-1][0])
        if artifact == "engine" and self.given.get("adapters") and "enable_lora" not in self.given:
            yield "enable_lora", Known(True)
        if self._is_offline():
            yield "local_files_only", Known(True)
        yield from self._folder()
        if artifact not in ("adapter", "tokenizer"):
            yield from self._quantisation()

    def _quantisation(self) -> Iterator[tuple[str, Value]]:
        found = self.given.get("quantization")
        if found:
            yield "quantization", found[-1][0]
        bits = str(self._text("bits") or "")
        if bits in _BITS and not self.tool.merges:
            yield _BITS[bits], Known(True)

    def _is_offline(self) -> bool:
        environment = self.invocation.environment
        return any(
            getattr(environment[name][0], "value", "") in ("1", "true", "TRUE", "yes")
            for name in OFFLINE & environment.keys()
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The loads and saves of a command line, and the words that give the revisions."""

    loads: Sequence[LoadSite] = ()
    saves: Sequence[SaveSite] = ()
    revisions: Sequence[tuple[Value, Span]] = ()


def sites(path: str, invocation: Invocation) -> Found:
    """What a tool's command line loads and saves."""
    if invocation.tool is None:
        return Found()
    made = Sites(path, invocation, invocation.tool)
    revisions = (*made.given.get("revision", ()), *made.given.get("tokenizer_revision", ()))
    return Found(list(made.loads()), list(made.saves()), revisions)


def _rooted(value: Value) -> Value:
    return mapped(value, lambda text: text[2:].lstrip("/") if text.startswith("//") else text)


def _dtype(value: Value) -> Value:
    return mapped(value, lambda text: DTYPES.get(text, text))


def recipe_of(invocation: Invocation) -> Word | None:
    """The configuration file that a tool is given."""
    first = invocation.plain[0] if invocation.plain else None
    return first if first is not None and is_recipe(first.text) else None
