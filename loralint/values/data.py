"""Configuration files that a script reads: found by path, looked up by key."""

from __future__ import annotations

import re
from posixpath import dirname
from typing import TYPE_CHECKING

from loralint.facts import (
    ABSENT,
    Absent,
    Data,
    Default,
    Known,
    Origin,
    OriginKind,
    Reason,
    Symbol,
    Unknown,
)
from loralint.values.nodes import (
    Frame,
    Given,
    Node,
    Record,
    Soft,
    merge,
    options,
    soften,
)
from loralint.values.paths import candidates
from loralint.values.values import joined, origin_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


def content(evaluator: Evaluator, term: Data, frame: Frame) -> Node:
    """What the file at a path holds; a path that may be another one makes it a default."""
    path = evaluator.force(term.path, frame)
    return merge([_at(evaluator, each, frame) for each in options(path)])


def _at(evaluator: Evaluator, path: Node, frame: Frame) -> Node:
    if isinstance(path, (Known, Default)) and isinstance(path.value, str):
        found = file_at(evaluator, path.value, frame.path)
        if found is not None:
            return found if isinstance(path, Known) else soften(found, path.origin)
        origin = path.origin if isinstance(path, Default) else Origin(OriginKind.FILE, path.value)
        return Unknown(Reason.NOT_FOUND, path.value, origin)
    if isinstance(path, (Record, Soft)):
        return path  # json.loads of what is no path after all
    return Unknown(Reason.EXPRESSION, "the content of a file that is not known", origin_of(path))


def file_at(evaluator: Evaluator, text: str, script: str) -> Node | None:
    """The content of a configuration file as a script names it."""
    for path in candidates(text, script):
        facts = evaluator.index.files.get(path)
        if facts is not None and not isinstance(facts.data, Absent):
            return whole(evaluator, path)
    return None


def whole(evaluator: Evaluator, path: str) -> Node:
    """A configuration file, whose interpolations look into itself."""
    cache = evaluator.cache("files")
    if path not in cache:
        frame = Frame(path)
        cache[path] = frame.root = evaluator.force(evaluator.index.files[path].data, frame)
    node: Node = cache[path]
    return node


def interpolated(evaluator: Evaluator, text: str, frame: Frame) -> Node:
    """A string with `${a.b}` in it, as OmegaConf reads it."""
    parts: list[Node] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts.append(Known(text[end : match.start()]))
        parts.append(_reference(evaluator, match[1], frame))
        end = match.end()
    parts.append(Known(text[end:]))
    kept = [part for part in parts if part != Known("")]
    return kept[0] if len(kept) == 1 else joined(kept, "")


def _reference(evaluator: Evaluator, text: str, frame: Frame) -> Node:
    if text.startswith(("oc.env:", "env:", "oc.env ")):
        name, _, default = text.partition(":")[2].partition(",")
        origin = Origin(OriginKind.ENVIRONMENT, name=(name.strip(),))
        return Default(default.strip() or None, origin)
    if ":" in text or frame.root is None or text.startswith("."):
        return Unknown(Reason.EXPRESSION, "an interpolation that is computed")
    node: Node = frame.root
    for name in text.split("."):
        node = evaluator.item(node, Known(name))
    return node


# --- layers -------------------------------------------------------------------------------------


def layered(evaluator: Evaluator, layers: list[Node]) -> Node:
    """Configurations laid over one another: later ones win, key by key and all the way down."""
    node = layers[0]
    for layer in layers[1:]:
        node = _over(evaluator, node, layer)
    return node


def _over(evaluator: Evaluator, below: Node, above: Node) -> Node:
    if isinstance(above, Soft) and isinstance(above.node, Record):
        return soften(_over(evaluator, below, above.node), above.origin)
    if isinstance(below, Soft):
        return soften(_over(evaluator, below.node, above), below.origin)
    if not isinstance(above, Record):
        return above if isinstance(below, Record) else below
    if not isinstance(below, Record):
        return above if not above.entries else Record(((None, below), (None, above)))
    return Record((*below.entries, *_deep(evaluator, below, above)))


def _deep(evaluator: Evaluator, below: Record, above: Record) -> list[tuple[str | None, Given]]:
    entries: list[tuple[str | None, Given]] = []
    for key, given in above.entries:
        before = evaluator.lookup(below, key) if key is not None else None
        node = evaluator.look(given)
        both = isinstance(before, Record) and isinstance(node, Record)
        entries.append((key, _over(evaluator, before, node) if both and before else given))
    return entries


# --- the environment ----------------------------------------------------------------------------


def dotenv(evaluator: Evaluator, name: str, script: str) -> Node | None:
    """A variable of the `.env` file that a script loads."""
    if dirname(script) not in _loading_folders(evaluator):
        return None
    for path in candidates(".env", script):
        facts = evaluator.index.files.get(path)
        if facts is not None and not isinstance(facts.data, Absent):
            found = evaluator.item(whole(evaluator, path), Known(name), ABSENT)
            return found if isinstance(found, Known) else None
    return None


def _loading_folders(evaluator: Evaluator) -> frozenset[str]:
    """The folders of the scripts that call load_dotenv, and those above them."""
    cache = evaluator.cache("dotenv")
    if "folders" not in cache:
        folders: set[str] = set()
        for site in evaluator.index.calls_by_name.get("load_dotenv", ()):
            if isinstance(evaluator.index.call(site).callee, Symbol):
                folders.add(dirname(site.file))
        cache["folders"] = frozenset(folders)
    found: frozenset[str] = cache["folders"]
    return found
