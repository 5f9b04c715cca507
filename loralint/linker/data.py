"""Configuration files that a script reads: found by path, looked up by key."""

from __future__ import annotations

import re
from posixpath import dirname
from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Absent, Data, Default, Known, Symbol, Unknown
from loralint.linker import mappings, objects
from loralint.linker.nodes import (
    Frame,
    Given,
    Node,
    Record,
    Soft,
    merge,
    options,
    soften,
)
from loralint.linker.paths import candidates
from loralint.linker.values import joined, origin_of

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


def content(machine: Machine, term: Data, frame: Frame) -> Node:
    """What the file at a path holds; a path that may be another one makes it a default."""
    path = machine.force(term.path, frame)
    return merge([_at(machine, each, frame) for each in options(path)])


def _at(machine: Machine, path: Node, frame: Frame) -> Node:
    if isinstance(path, (Known, Default)) and isinstance(path.value, str):
        found = file_at(machine, path.value, frame.path)
        if found is not None:
            return found if isinstance(path, Known) else soften(found, path.origin)
        origin = path.origin if isinstance(path, Default) else f"file:{path.value}"
        return Unknown(f"{path.value} was not found", origin)
    if isinstance(path, (Record, Soft)):
        return path  # json.loads of what is no path after all
    return Unknown("the content of a file that is not known", origin_of(path))


def file_at(machine: Machine, text: str, script: str) -> Node | None:
    """The content of a configuration file as a script names it."""
    for path in candidates(text, script):
        facts = machine.index.files.get(path)
        if facts is not None and not isinstance(facts.data, Absent):
            return whole(machine, path)
    return None


def whole(machine: Machine, path: str) -> Node:
    """A configuration file, whose interpolations look into itself."""
    cache = machine.cache("files")
    if path not in cache:
        frame = Frame(path)
        cache[path] = frame.root = machine.force(machine.index.files[path].data, frame)
    node: Node = cache[path]
    return node


def interpolated(machine: Machine, text: str, frame: Frame) -> Node:
    """A string with `${a.b}` in it, as OmegaConf reads it."""
    parts: list[Node] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts.append(Known(text[end : match.start()]))
        parts.append(_reference(machine, match[1], frame))
        end = match.end()
    parts.append(Known(text[end:]))
    kept = [part for part in parts if part != Known("")]
    return kept[0] if len(kept) == 1 else joined(kept, "")


def _reference(machine: Machine, text: str, frame: Frame) -> Node:
    if text.startswith(("oc.env:", "env:", "oc.env ")):
        name, _, default = text.partition(":")[2].partition(",")
        return Default(default.strip() or None, f"env:{name.strip()}")
    if ":" in text or frame.root is None or text.startswith("."):
        return Unknown("an interpolation that is computed")
    node: Node = frame.root
    for name in text.split("."):
        node = objects.item(machine, node, Known(name))
    return node


# --- layers -------------------------------------------------------------------------------------


def layered(machine: Machine, layers: list[Node]) -> Node:
    """Configurations laid over one another: later ones win, key by key and all the way down."""
    node = layers[0]
    for layer in layers[1:]:
        node = _over(machine, node, layer)
    return node


def _over(machine: Machine, below: Node, above: Node) -> Node:
    if isinstance(above, Soft) and isinstance(above.node, Record):
        return soften(_over(machine, below, above.node), above.origin)
    if isinstance(below, Soft):
        return soften(_over(machine, below.node, above), below.origin)
    if not isinstance(above, Record):
        return above if isinstance(below, Record) else below
    if not isinstance(below, Record):
        return above if not above.entries else Record(((None, below), (None, above)))
    return Record((*below.entries, *_deep(machine, below, above)))


def _deep(machine: Machine, below: Record, above: Record) -> list[tuple[str | None, Given]]:
    entries: list[tuple[str | None, Given]] = []
    for key, given in above.entries:
        before = mappings.lookup(machine, below, key) if key is not None else None
        node = machine.look(given)
        both = isinstance(before, Record) and isinstance(node, Record)
        entries.append((key, _over(machine, before, node) if both and before else given))
    return entries


# --- the environment ----------------------------------------------------------------------------


def dotenv(machine: Machine, name: str, script: str) -> Node | None:
    """A variable of the `.env` file that a script loads."""
    if dirname(script) not in _loading_folders(machine):
        return None
    for path in candidates(".env", script):
        facts = machine.index.files.get(path)
        if facts is not None and not isinstance(facts.data, Absent):
            found = objects.item(machine, whole(machine, path), Known(name), ABSENT)
            return found if isinstance(found, Known) else None
    return None


def _loading_folders(machine: Machine) -> frozenset[str]:
    """The folders of the scripts that call load_dotenv, and those above them."""
    cache = machine.cache("dotenv")
    if "folders" not in cache:
        folders: set[str] = set()
        for path, position in machine.index.calls_by_name.get("load_dotenv", ()):
            if isinstance(machine.index.call((path, position)).callee, Symbol):
                folders.add(dirname(path))
        cache["folders"] = frozenset(folders)
    found: frozenset[str] = cache["folders"]
    return found
