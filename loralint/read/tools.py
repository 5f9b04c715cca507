"""The flags of a known tool's command line → what it loads and saves.

Which flag means what is a table (`catalog/commands.py`); here the values are put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from loralint.catalog import DTYPES
from loralint.catalog.commands import (
    BACKENDS,
    BITS,
    BITSANDBYTES,
    OFFLINE,
    OPTIONS,
    TRUE,
    Tool,
    four_bits,
    role_name,
)
from loralint.facts import (
    ABSENT,
    BASE_REFERENCE,
    Default,
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
    leaves,
)
from loralint.facts.origins import joined
from loralint.read.command_line import Flag, Invocation
from loralint.read.words import Word, choice, flag_value, mapped, rooted, text_of
from loralint.source import Span

Given = dict[str, "list[tuple[Value, Span]]"]
"""By role: each value with its place."""


@dataclass
class CommandSites:
    """What command lines load and save; `revisions` are the words that give the revisions."""

    loads: list[LoadSite] = field(default_factory=list)
    saves: list[SaveSite] = field(default_factory=list)
    revisions: list[tuple[Value, Span]] = field(default_factory=list)


def sites_of(path: str, invocation: Invocation, lines: list[str]) -> CommandSites:
    """What a tool's command line loads and saves; `lines` are those of its file."""
    tool = invocation.start.tool
    if tool is None:
        return CommandSites()
    made = _Sites(path, invocation, tool, lines)
    revisions = (*made.given.get("revision", ()), *made.given.get("tokenizer_revision", ()))
    return CommandSites(list(made.loads()), list(made.saves()), list(revisions))


class _Sites:
    """The sites of one invocation of a tool."""

    def __init__(self, path: str, invocation: Invocation, tool: Tool, lines: list[str]) -> None:
        self.path = path
        self.invocation = invocation
        self.tool = tool
        self.lines = lines
        self.given = _given(invocation, tool)
        start = invocation.command.span.start
        self.scope = f"command {start.row}:{start.column}"

    def _text(self, role: str) -> str:
        """The last value of a role as text; "" where it is not given, or not known."""
        value = self.given[role][-1][0] if role in self.given else ABSENT
        return str(value.value) if isinstance(value, (Known, Default)) else ""

    def loads(self) -> Iterator[LoadSite]:
        """The model, its tokenizer and its adapters."""
        artifact = self._artifact()
        for value, span in self.given.get("model", ())[-1:] if artifact else ():
            yield self._load(artifact, value, span, self._revision("revision"))
        for value, span in self.given.get("tokenizer", ())[-1:]:
            role = "revision" if self.tool.shared else "tokenizer_revision"
            yield self._load("tokenizer", value, span, self._revision(role))
        for value, span in self.given.get("adapters", ()):
            yield from self._adapters(value, span)

    def saves(self) -> Iterator[SaveSite]:
        """Where a training command writes what it trained."""
        if self.tool.trains or self.tool.merges:
            for value, span in self.given.get("output", ())[-1:]:
                yield SaveSite(
                    path=self.path,
                    span=span,
                    artifact=self._trained(),
                    target=rooted(value),
                    function=self.scope,
                    text=self.invocation.command.text,
                    options=tuple(self._folder()),
                )

    def _artifact(self) -> str:
        """What the model is; "" where that hangs on what is not known."""
        if self.tool.pairs:
            backend = self.given["backend"][-1][0] if "backend" in self.given else Known("hf")
            names = {BACKENDS.get(text_of(leaf) or "", "") for leaf in leaves(backend)}
            return names.pop() if len(names) == 1 else ""
        if self.tool.artifact == "file" and self._text("repo_type") in ("dataset", "space"):
            return "dataset"
        return self.tool.artifact

    def _trained(self) -> str:
        if self.tool.merges:
            return "model"
        if self.tool.adapter_only:
            return "adapter" if self._text(self.tool.adapter_only).lower() == "true" else "model"
        full = any(self._text(role) == text for role, text in self.tool.full)
        return "model" if full else "adapter"

    def _stage(self) -> str:
        if self.tool.trains and self._trained() == "adapter":
            return "train"
        return "merge" if self.tool.merges else "infer" if self.given.get("adapters") else ""

    def _load(self, artifact: str, value: Value, span: Span, revision: Value) -> LoadSite:
        command, key = self.invocation.command, self._revision_key(artifact)
        is_flag = key.inside or key.name.startswith("--")
        insert_at = command.behind(span) if is_flag else None
        margins = command.margins or (" ", "")
        if insert_at is not None and key.inside:
            insert_at, margins = self._inside(span), (",", "")
        return LoadSite(
            path=self.path,
            span=span,
            artifact=artifact,
            loader=self.tool.name,
            repo_id=rooted(value),
            revision=revision,
            options=tuple(self._options(artifact)),
            function=self.scope,
            text=command.text,
            stage=self._stage(),
            writing=Writing.COMMAND,
            revision_key=key,
            insert_at=insert_at,
            margins=margins,
            template_at=self._template_at(artifact),
        )

    def _template_at(self, artifact: str) -> Span | None:
        found = self.given.get("template") if self._has_template(artifact) else None
        return found[-1][1] if found else None

    def _has_template(self, artifact: str) -> bool:
        """Whether the load is the one that the prompt template of the command belongs to."""
        return bool(self.tool.templates) and artifact not in ("adapter", "tokenizer")

    def _inside(self, word: Span) -> Span | None:
        """Behind the model in `pretrained=org/name,dtype=auto`, where a pair more may go."""
        row = word.end.row
        if word.start.row != row or row > len(self.lines):
            return None
        start, end = word.start.column - 1, word.end.column - 1
        found = list(_MODEL.finditer(self.lines[row - 1], start, end))
        if len(found) != 1:
            return None
        return Span.of(row, found[0].end() + 1, row, found[0].end() + 1)

    # --- adapters ---

    def _adapters(self, value: Value, span: Span) -> Iterator[LoadSite]:
        has_none = self.tool.artifact == "engine" and not self.tool.adapter_at
        own: Value = (
            Unknown(Reason.FRAMEWORK, "an adapter of an engine has none") if has_none else ABSENT
        )
        if self.tool.adapter_revision and self.given.get("revision"):
            own = self._revision("revision")
        for repo_id in _split_adapters(value):
            revision = own
            if self.tool.adapter_at and "@" in (text_of(repo_id) or ""):
                revision = mapped(repo_id, lambda text: text.partition("@")[2])
                repo_id = mapped(repo_id, lambda text: text.partition("@")[0])  # noqa: PLW2901
            yield self._load("adapter", repo_id, span, revision)

    # --- revisions ---

    def _revision(self, role: str) -> Value:
        found = self.given.get(role)
        if found:
            return found[-1][0]
        if self.invocation.open:
            origin = Origin(OriginKind.COMMAND_LINE, self.path, (self.scope,))
            return Unknown(Reason.OUTSIDE, "more flags may be given", origin)
        return ABSENT

    def _revision_key(self, artifact: str) -> RevisionKey:
        if artifact == "adapter" and not self.tool.adapter_revision:
            return RevisionKey("", behind_id=self.tool.adapter_at)
        own = artifact == "tokenizer" and not self.tool.shared
        role = "tokenizer_revision" if own else "revision"
        flag = next((flag for flag, known in self.tool.flags.items() if known == role), "")
        if self.tool.pairs:
            return RevisionKey(flag, f"--{self.tool.pairs}")
        return RevisionKey(f"--{flag}" if flag else "")

    # --- options ---

    def _options(self, artifact: str) -> Iterator[tuple[str, Value]]:
        if self.tool.hub != "huggingface" and not self._is_switched_on("USE_HF", "use_hf"):
            yield "hub", Known(self.tool.hub)
        if artifact == "adapter":
            yield from self._of_adapter()
            return
        for role in OPTIONS:
            if role in self.given:
                value = self.given[role][-1][0]
                is_dtype = role == "dtype"
                yield role, mapped(value, _dtype) if is_dtype else flag_value(value)
        if artifact == "engine" and self.given.get("adapters") and "enable_lora" not in self.given:
            yield "enable_lora", Known(True)
        if any(self._is_switched_on(name) for name in OFFLINE):
            yield "local_files_only", Known(True)
        yield from self._folder()
        yield from self._template(artifact)
        if artifact != "tokenizer":
            yield from self._quantization()

    def _template(self, artifact: str) -> Iterator[tuple[str, Value]]:
        if "template" in self.given and self._has_template(artifact):
            yield "template", self.given["template"][-1][0]
            yield "template_names", Known(self.tool.templates)

    def _of_adapter(self) -> Iterator[tuple[str, Value]]:
        yield from self._folder()
        if self._compares_with_base():
            yield "reference", Known(BASE_REFERENCE)

    def _compares_with_base(self) -> bool:
        """Whether a preference run compares the adapter with the base that it lies on."""
        is_run = self._text("preference") in self.tool.preferences
        needs_one = self._text("loss") not in self.tool.no_reference
        names_none = "reference" not in self.given and not self.invocation.open
        return is_run and needs_one and names_none

    def _quantization(self) -> Iterator[tuple[str, Value]]:
        if "quantization" in self.given:
            yield "quantization", self.given["quantization"][-1][0]
        if self.tool.merges:
            return
        if self._text("quant_method").lower() not in BITSANDBYTES:
            yield "quantization", Unknown(Reason.FRAMEWORK, "a quantisation of another kind")
            return
        wanted = BITS.get(self._text("bits"), "")
        if wanted:
            yield wanted, Known(True)
        if wanted == "load_in_4bit" or self._text("load_in_4bit").lower() in TRUE:
            yield from self._four_bits()

    def _four_bits(self) -> Iterator[tuple[str, Value]]:
        """How the tool quantises to 4 bits: as it is told, else by its own defaults."""
        kind, double = four_bits(self.tool)
        given = self.given.get("quant_type", [(Known(kind), None)])[-1][0]
        doubled = self.given.get("double", [(Default(double), None)])[-1][0]
        yield "quantization", given
        yield "bnb_4bit_quant_type", given
        yield "bnb_4bit_use_double_quant", flag_value(doubled)

    def _folder(self) -> Iterator[tuple[str, Value]]:
        """The working directory, which relative paths hang on, and where a download goes."""
        if "local" in self.given:
            yield "local_dir", self.given["local"][-1][0]
        if self.invocation.command.folder:
            yield "folder", Known(self.invocation.command.folder)

    def _is_switched_on(self, variable: str, role: str = "") -> bool:
        """Whether a variable of the environment, or a flag of that role, says so."""
        given = self.invocation.environment.get(variable)
        said = (text_of(given[0]) or "") if given is not None else self._text(role)
        return said.lower() in TRUE


def _dtype(text: str) -> str:
    return DTYPES.get(text, text)


# --- what a tool is given, by role --------------------------------------------------------------

_MODEL = re.compile(r"""\bpretrained=[^,"'\s]+""")
_HOLE = "\0"
"""Stands for a part of a word that is not known."""

_PAIR = re.compile(r",(?=\s*\w+=)")


def _given(invocation: Invocation, tool: Tool) -> Given:
    """All values by their roles: from the environment, the first plain word, and the flags."""
    found: Given = {}
    for name, role in tool.environment.items():
        if name in invocation.environment:
            found.setdefault(role, []).append(invocation.environment[name])
    first = _positional(invocation, tool) if tool.position else None
    if first is not None:
        found[tool.position] = [(first.value, first.span)]
    for flag in invocation.flags:
        for role, value, span in _of_flag(flag, tool):
            if role == "revision" and flag.optional:
                origin = Origin(OriginKind.FLAG, name=(flag.name,))
                value = Unknown(Reason.OUTSIDE, "given on a condition", origin)  # noqa: PLW2901
            found.setdefault(role, []).append((value, span))
    return found


def _positional(invocation: Invocation, tool: Tool) -> Word | None:
    """The first plain word; behind a flag with one value it looks like a second one."""
    if invocation.plain:
        return invocation.plain[0]
    lists = (flag for flag in invocation.flags if tool.flags.get(flag.role) != "adapters")
    return next((flag.values[1] for flag in lists if len(flag.values) > 1), None)


def _of_flag(flag: Flag, tool: Tool) -> Iterator[tuple[str, Value, Span]]:
    if tool.pairs and flag.role == tool.pairs:
        for word in flag.values:
            yield from _of_pairs(word, tool)
        return
    if tool.pairs and flag.role != "model":
        return
    role = "backend" if tool.pairs else tool.flags.get(flag.role, "")
    if role == "adapters":
        yield from ((role, word.value, word.span) for word in flag.values)
    elif role:
        yield role, flag.value, flag.place


def _of_pairs(word: Word, tool: Tool) -> Iterator[tuple[str, Value, Span]]:
    """`pretrained=org/name,revision=v1` in one word."""
    options = [_pairs(leaf) for leaf in leaves(word.value)]
    for name in dict.fromkeys(name for pairs in options for name in pairs):
        role = tool.flags.get(role_name(name), "")
        if role and role != "backend":
            yield role, choice([pairs.get(name, ABSENT) for pairs in options]), word.span


def _pairs(leaf: Value) -> dict[str, Value]:
    """The pairs of one word by their names; a part of it that is not known is a hole."""
    is_unknown = isinstance(leaf, Unknown) and leaf.origin is not None
    parts = leaf.origin.parts if is_unknown else (text_of(leaf) or "",)  # type: ignore[union-attr]
    holes = [part for part in parts if isinstance(part, Origin)]
    text = "".join(part if isinstance(part, str) else _HOLE for part in parts)
    found: dict[str, Value] = {}
    for pair in _PAIR.split(text):
        key, _, value = pair.partition("=")
        of_key, of_both = key.count(_HOLE), pair.count(_HOLE)
        if key:
            written = value.strip().strip("\"'")
            found[key.strip()] = _part(leaf, written, holes[of_key:of_both])
        holes = holes[of_both:]
    return found


def _part(leaf: Value, text: str, holes: list[Origin]) -> Value:
    if not isinstance(leaf, Unknown):
        return mapped(leaf, lambda _: text)
    if not holes:
        return Known(text)
    between = text.split(_HOLE)
    pieces = [part for pair in zip(between, holes, strict=False) for part in pair]
    return Unknown(leaf.reason, leaf.what, joined((*pieces, between[-1])))


def _split_adapters(value: Value) -> Iterator[Value]:
    """`name=path`, JSON as vLLM takes it, and lists with commas."""
    texts = [text for leaf in leaves(value) if (text := text_of(leaf)) is not None]
    if len(texts) != 1:
        yield mapped(value, _path)
    elif texts[0].startswith("{"):
        match = re.search(r'"path"\s*:\s*"([^"]*)"', texts[0])
        if match is not None:
            path = match[1]
            yield mapped(value, lambda _: path)
    else:
        for part in texts[0].split(","):
            yield mapped(value, lambda _, part=part: _path(part))  # type: ignore[misc]


def _path(text: str) -> str:
    return text.partition("=")[2] or text
