"""Hydra: the primary configuration and its defaults list, composed.

What Hydra's command line can override is all of it, so every value is a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname
from typing import TYPE_CHECKING

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
from loralint.values import arguments as args, data
from loralint.values.nodes import Arguments, Frame, Node, Outcome, Record, soften
from loralint.values.paths import normal

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_NESTED = 6
"""How deep configurations of defaults lists are followed."""

Layer = tuple[tuple[str, ...], str]
"""A configuration of a defaults list: the keys it goes under, and its file."""


def configuration(evaluator: Evaluator, script: str, call: CallFact) -> Node | None:
    """What `@hydra.main(config_path=..., config_name=...)` hands to the function."""
    arguments = args.of_call(call.arguments, evaluator.module_frame(script))
    return _of_arguments(
        evaluator, script, arguments, Origin(OriginKind.CONFIGURATION, script, ("cfg",))
    )


def composed(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`hydra.compose(config_name=...)` after `initialize(config_path=...)` of the same file."""
    name = evaluator.argument(arguments, ("config_name",), 0)
    folder: Node | None = None
    for site in evaluator.index.calls_by_name.get("initialize", ()):
        if site.file == outcome.path:
            call = evaluator.index.call(site)
            given = args.of_call(call.arguments, outcome.frame)
            folder = evaluator.argument(given, ("config_path",), 1)
    return _primary(
        evaluator,
        outcome.path,
        folder,
        name,
        Origin(OriginKind.CONFIGURATION, outcome.path, ("cfg",)),
    )


def _of_arguments(
    evaluator: Evaluator, script: str, arguments: Arguments, origin: Origin
) -> Node | None:
    folder = evaluator.argument(arguments, ("config_path",), 0)
    name = evaluator.argument(arguments, ("config_name",), 1)
    return _primary(evaluator, script, folder, name, origin)


def _primary(
    evaluator: Evaluator, script: str, folder: Node | None, name: Node | None, origin: Origin
) -> Node | None:
    if not isinstance(name, (Known, Default)) or not isinstance(name.value, str):
        return None
    text = folder.value if isinstance(folder, (Known, Default)) else None
    base = normal(f"{dirname(script) or '.'}/{text or ''}")
    path = _file(evaluator, f"{base}/{name.value}" if base else name.value)
    if path is None:
        return Unknown(Reason.NOT_FOUND, "Hydra's configuration", origin)
    return soften(_composed(evaluator, base, path), origin)


def _file(evaluator: Evaluator, stem: str) -> str | None:
    clean = normal(stem.removesuffix(".yaml").removesuffix(".yml"))
    return next((p for p in (f"{clean}.yaml", f"{clean}.yml") if p in evaluator.index.files), None)


def _composed(evaluator: Evaluator, base: str, path: str) -> Node:
    """The layers in order, each under its keys, with interpolations that see all of them."""
    frame = Frame(path)
    layers = [
        _under(keys, evaluator, file, frame) for keys, file in _layers(evaluator, base, path, ())
    ]
    node = data.layered(evaluator, layers) if layers else Record(())
    frame.root = node
    return node


def _under(keys: tuple[str, ...], evaluator: Evaluator, path: str, shared: Frame) -> Node:
    term = _without_defaults(evaluator.index.files[path].data)
    node: Node = evaluator.force(term, shared)
    for key in reversed(keys):
        node = Record(((key, node),))
    return node


def _without_defaults(term: Term) -> Term:
    if not isinstance(term, Mapping):
        return term
    return Mapping(tuple(entry for entry in term.entries if entry[0] != "defaults"))


def _layers(
    evaluator: Evaluator, base: str, path: str, keys: tuple[str, ...], depth: int = 0
) -> Iterator[Layer]:
    """The files of a defaults list in the order of composition; `_self_` is last by default."""
    term = evaluator.index.files[path].data
    entries = _defaults(term)
    placed = False
    for entry in entries if depth < MAX_NESTED else ():
        if entry == Known("_self_"):
            placed = True
            yield keys, path
            continue
        yield from _entry(evaluator, base, dirname(path), entry, depth)
    if not placed:
        yield keys, path


def _defaults(term: Term) -> tuple[Term, ...]:
    entries = term.entries if isinstance(term, Mapping) else ()
    found = next((value for key, value in entries if key == "defaults"), None)
    return found.items if isinstance(found, Sequence) else ()


def _entry(
    evaluator: Evaluator, base: str, folder: str, entry: Term, depth: int
) -> Iterator[Layer]:
    for group, choice in _choices(entry):
        name, _, package = group.removeprefix("optional ").partition("@")
        stem = f"{name.lstrip('/')}/{choice}" if name else choice.lstrip("/")
        root = base if name.startswith("/") or not name or folder == base else folder
        path = _file(evaluator, f"{root}/{stem}" if root else stem)
        if path is not None:
            keys = _package(package or name.lstrip("/"))
            yield from _layers(evaluator, base, path, keys, depth + 1)


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
