"""Hydra: the primary configuration and its defaults list, composed.

What Hydra's command line can override is all of it, so every value is a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from loralint.facts import (
    CallFact,
    Default,
    Known,
    Mapping,
    Origin,
    OriginKind,
    Reason,
    Sequence,
    Term,
    Unknown,
)
from loralint.values.evaluation import Evaluation
from loralint.values.libraries.files import interpolated
from loralint.values.libraries.layers import layered
from loralint.values.nodes import (
    Arguments,
    CallResult,
    Frame,
    MappingNode,
    Node,
    arguments_of,
    soften,
)
from loralint.values.paths import normal

MAX_NESTED = 6
"""How deep configurations of defaults lists are followed."""

Layer = tuple[tuple[str, ...], str]
"""A configuration of a defaults list: the keys it goes under, and its file."""


class Hydra:
    """The configurations that Hydra composes."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def configuration(self, script: str, call: CallFact) -> Node | None:
        """What `@hydra.main(config_path=..., config_name=...)` hands to the function."""
        arguments = arguments_of(call.arguments, self.evaluation.module_frame(script))
        folder = self.evaluation.argument(arguments, ("config_path",), 0)
        name = self.evaluation.argument(arguments, ("config_name",), 1)
        return self._primary(script, folder, name)

    def composed(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`hydra.compose(config_name=...)` after `initialize(config_path=...)` of the same file."""
        name = self.evaluation.argument(arguments, ("config_name",), 0)
        folder: Node | None = None
        index = self.evaluation.index
        for site in index.calls_by_name.get("initialize", ()):
            if site.file == result.path:
                given = arguments_of(index.call(site).arguments, result.frame)
                folder = self.evaluation.argument(given, ("config_path",), 1)
        return self._primary(result.path, folder, name)

    def _primary(self, script: str, folder: Node | None, name: Node | None) -> Node | None:
        if not isinstance(name, (Known, Default)) or not isinstance(name.value, str):
            return None
        origin = Origin(OriginKind.CONFIGURATION, script, ("cfg",))
        text = folder.value if isinstance(folder, (Known, Default)) else None
        base = normal(f"{dirname(script) or '.'}/{text or ''}")
        path = self._file(f"{base}/{name.value}" if base else name.value)
        if path is None:
            return Unknown(Reason.NOT_FOUND, "Hydra's configuration", origin)
        return soften(self._whole(base, path), origin)

    def _file(self, stem: str) -> str | None:
        clean = normal(stem.removesuffix(".yaml").removesuffix(".yml"))
        names = (f"{clean}.yaml", f"{clean}.yml")
        return next((name for name in names if name in self.evaluation.index.files), None)

    def _whole(self, base: str, path: str) -> Node:
        """The layers in order, each under its keys, with interpolations that see all of them."""
        frame = Frame(path)
        layers: list[Node] = []
        for keys, file in self._layers(base, path, ()):
            term = self.evaluation.index.files[file].data
            if isinstance(term, Mapping):
                term = Mapping(tuple(entry for entry in term.entries if entry[0] != "defaults"))
            node: Node = self.evaluation.force(term, frame)
            for key in reversed(keys):
                node = MappingNode(((key, node),))
            layers.append(node)
        whole = layered(self.evaluation, layers) if layers else MappingNode(())
        frame.interpolate = lambda text: interpolated(self.evaluation, text, whole)
        return whole

    def _layers(
        self, base: str, path: str, keys: tuple[str, ...], depth: int = 0
    ) -> Iterator[Layer]:
        """The files of a defaults list in the order of composition; `_self_` is last by default."""
        placed = False
        term = self.evaluation.index.files[path].data
        for entry in _defaults(term) if depth < MAX_NESTED else ():
            if entry == Known("_self_"):
                placed = True
                yield keys, path
            else:
                yield from self._entry(base, dirname(path), entry, depth)
        if not placed:
            yield keys, path

    def _entry(self, base: str, folder: str, entry: Term, depth: int) -> Iterator[Layer]:
        for group, choice in _choices(entry):
            name, _, package = group.removeprefix("optional ").partition("@")
            stem = f"{name.lstrip('/')}/{choice}" if name else choice.lstrip("/")
            root = base if name.startswith("/") or not name or folder == base else folder
            path = self._file(f"{root}/{stem}" if root else stem)
            if path is not None:
                keys = _package(package or name.lstrip("/"))
                yield from self._layers(base, path, keys, depth + 1)


def _defaults(term: Term) -> tuple[Term, ...]:
    entries = term.entries if isinstance(term, Mapping) else ()
    found = next((value for key, value in entries if key == "defaults"), None)
    return found.items if isinstance(found, Sequence) else ()


def _choices(entry: Term) -> Iterator[tuple[str, str]]:
    """`name`, or `group: name`; overrides of Hydra's own groups say nothing about models."""
    if isinstance(entry, Known) and isinstance(entry.value, str):
        yield "", entry.value
    for key, value in entry.entries if isinstance(entry, Mapping) else ():
        text = value.value if isinstance(value, Known) else None
        if key is not None and isinstance(text, str) and not key.startswith("override hydra"):
            yield key.removeprefix("override ").strip(), text


def _package(text: str) -> tuple[str, ...]:
    if text in ("", "_global_", "_here_"):
        return ()
    return tuple(part for part in text.replace("/", ".").split(".") if part != "_global_")
