"""Hydra: the primary configuration and its defaults list, composed.

What Hydra's command line can override is all of it, so every value is a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname
from typing import TYPE_CHECKING

from loralint.facts import CallFact, Default, Known, Mapping, Sequence, Term, Unknown
from loralint.linker import arguments as args, data
from loralint.linker.nodes import Arguments, Frame, Node, Outcome, Record, soften
from loralint.linker.paths import normal

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MAX_NESTED = 6
"""How deep configurations of defaults lists are followed."""

Layer = tuple[tuple[str, ...], str]
"""A configuration of a defaults list: the keys it goes under, and its file."""


def configuration(machine: Machine, script: str, call: CallFact) -> Node | None:
    """What `@hydra.main(config_path=..., config_name=...)` hands to the function."""
    arguments = args.of_call(call.arguments, machine.module_frame(script))
    return _of_arguments(machine, script, arguments, f"{script}:cfg")


def composed(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`hydra.compose(config_name=...)` after `initialize(config_path=...)` of the same file."""
    name = args.argument(machine, arguments, ("config_name",), 0)
    folder: Node | None = None
    for path, position in machine.index.calls_by_name.get("initialize", ()):
        if path == outcome.path:
            call = machine.index.call((path, position))
            given = args.of_call(call.arguments, outcome.frame)
            folder = args.argument(machine, given, ("config_path",), 1)
    return _primary(machine, outcome.path, folder, name, f"{outcome.path}:cfg")


def _of_arguments(machine: Machine, script: str, arguments: Arguments, origin: str) -> Node | None:
    folder = args.argument(machine, arguments, ("config_path",), 0)
    name = args.argument(machine, arguments, ("config_name",), 1)
    return _primary(machine, script, folder, name, origin)


def _primary(
    machine: Machine, script: str, folder: Node | None, name: Node | None, origin: str
) -> Node | None:
    if not isinstance(name, (Known, Default)) or not isinstance(name.value, str):
        return None
    text = folder.value if isinstance(folder, (Known, Default)) else None
    base = normal(f"{dirname(script) or '.'}/{text or ''}")
    path = _file(machine, f"{base}/{name.value}" if base else name.value)
    if path is None:
        return Unknown("Hydra's configuration was not found", origin)
    return soften(_composed(machine, base, path), origin)


def _file(machine: Machine, stem: str) -> str | None:
    clean = normal(stem.removesuffix(".yaml").removesuffix(".yml"))
    return next((p for p in (f"{clean}.yaml", f"{clean}.yml") if p in machine.index.files), None)


def _composed(machine: Machine, base: str, path: str) -> Node:
    """The layers in order, each under its keys, with interpolations that see all of them."""
    frame = Frame(path)
    layers = [_under(keys, machine, file, frame) for keys, file in _layers(machine, base, path, ())]
    node = data.layered(machine, layers) if layers else Record(())
    frame.root = node
    return node


def _under(keys: tuple[str, ...], machine: Machine, path: str, shared: Frame) -> Node:
    term = _without_defaults(machine.index.files[path].data)
    node: Node = machine.force(term, shared)
    for key in reversed(keys):
        node = Record(((key, node),))
    return node


def _without_defaults(term: Term) -> Term:
    if not isinstance(term, Mapping):
        return term
    return Mapping(tuple(entry for entry in term.entries if entry[0] != "defaults"))


def _layers(
    machine: Machine, base: str, path: str, keys: tuple[str, ...], depth: int = 0
) -> Iterator[Layer]:
    """The files of a defaults list in the order of composition; `_self_` is last by default."""
    term = machine.index.files[path].data
    entries = _defaults(term)
    placed = False
    for entry in entries if depth < MAX_NESTED else ():
        if entry == Known("_self_"):
            placed = True
            yield keys, path
            continue
        yield from _entry(machine, base, dirname(path), entry, depth)
    if not placed:
        yield keys, path


def _defaults(term: Term) -> tuple[Term, ...]:
    entries = term.entries if isinstance(term, Mapping) else ()
    found = next((value for key, value in entries if key == "defaults"), None)
    return found.items if isinstance(found, Sequence) else ()


def _entry(machine: Machine, base: str, folder: str, entry: Term, depth: int) -> Iterator[Layer]:
    for group, choice in _choices(entry):
        name, _, package = group.removeprefix("optional ").partition("@")
        stem = f"{name.lstrip('/')}/{choice}" if name else choice.lstrip("/")
        root = base if name.startswith("/") or not name or folder == base else folder
        path = _file(machine, f"{root}/{stem}" if root else stem)
        if path is not None:
            keys = _package(package or name.lstrip("/"))
            yield from _layers(machine, base, path, keys, depth + 1)


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
