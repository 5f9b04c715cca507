"""Paths as scripts write them, made comparable; and paths of which only parts are known.

In a pattern `{}` is a hole of which nothing is known, `{text}` one whose default is known. A hole
stands for one part of a path or for a piece of one, never for several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from posixpath import dirname, normpath

from loralint.facts import Default, Known, Unknown, Value, leaves
from loralint.refs import is_repo_id
from loralint.values.nodes import Node

_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")
_HERE = "__file__"
_TESTS = frozenset({"tests", "test"})


def is_test(path: str) -> bool:
    """Whether a file is a test, whose made-up arguments decide nothing elsewhere."""
    *folders, name = path.split("/")
    named = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return named or not _TESTS.isdisjoint(folders)


def absolute(text: str) -> bool:
    """Whether a path does not depend on where the script runs."""
    return text.startswith(("/", "~", "$")) or bool(_WINDOWS.match(text)) or "://" in text


def anchored(text: str, path: str) -> str:
    """`text` with `__file__` replaced by the file's own path, from the root: no Hub id."""
    return tidied(f"./{path}{text[len(_HERE) :]}") if text.startswith(_HERE) else text


def found(node: Node) -> Node:
    """A path that was found on this machine; what looks like a repository is spelt as a folder."""
    if not isinstance(node, (Known, Default)) or not isinstance(node.value, str):
        return node
    if not is_repo_id(node.value):
        return node
    text = f"./{node.value}"
    return Known(text) if isinstance(node, Known) else Default(text, node.origin)


def tidied(text: str) -> str:
    """A path that begins at the root (`./`) without detours."""
    if not text.startswith("./"):
        return text
    clean = normpath(text)
    return clean if clean == "." or clean.startswith("..") else f"./{clean}"


def normal(text: str) -> str:
    """One spelling of a path."""
    clean = normpath(text.replace("\\", "/"))
    return "" if clean == "." else clean


def candidates(text: str, script: str) -> tuple[str, ...]:
    """What a relative path may mean: below the script's folder, the root, or a folder between."""
    if absolute(text):
        return (normal(text),)
    folder = dirname(script)
    folders = [folder]
    while folder:
        folder = dirname(folder)
        folders.append(folder)
    found = (normal(f"{each}/{text}" if each else text) for each in folders)
    return tuple(dict.fromkeys(each for each in found if not each.startswith("..")))


def files_meant(text: str, script: str) -> tuple[str, ...]:
    """What the path of a configuration file may mean; an absolute one may be of another checkout.

    Of `/content/x/conf/a.yaml` that is `conf/a.yaml` here. One part alone says too little: every
    project has a `config.yaml`.
    """
    if not absolute(text) or "://" in text:
        return candidates(text, script)
    parts = [part for part in normal(text).split("/") if part]
    ends = ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
    found = (place for end in ends for place in candidates(end, script))
    return tuple(dict.fromkeys((normal(text), *found)))


def files_alike(path: Unknown, script: str, files: Iterable[str]) -> tuple[str, ...]:
    """The configuration files that a path may name of which only one part's name is not known.

    `configs/{}.yaml` is each of the files that stand there, where they are few.
    """
    text = path.pattern
    if text.count(HOLE) != 1 or _HOLE.sub("", text.replace(HOLE, "")) != text.replace(HOLE, ""):
        return ()
    if not text.endswith(DATA_ENDS) or not dirname(beginning(text)) or absolute(text):
        return ()
    below = [*files]
    for place in candidates(text, script):
        found = tuple(sorted(each for each in below if fits(place, each)))
        if found:
            return found if len(found) <= MAX_ALIKE else ()
    return ()


DATA_ENDS = (".yaml", ".yml", ".json", ".toml")
MAX_ALIKE = 8
"""More files than these are no few models that one chooses of."""


# --- patterns -----------------------------------------------------------------------------------

HOLE = "{}"
_HOLE = re.compile(r"\{([^{}]*)\}")
_ENOUGH = 4
"""So many known letters a pattern needs before it is taken for a path."""


def pattern(values: Sequence[Value], separator: str) -> str:
    """The pattern of a string that values make; "" where nothing of it is known."""
    text = ""
    for value in values:
        part = _part(value)
        if separator == "/" and text:
            text = part if part.startswith("/") else f"{text.rstrip('/')}/{part}"
        else:
            text = f"{text}{separator if text else ''}{part}"
    return text if _HOLE.sub("", text).strip("/") else ""


def _part(value: Value) -> str:
    if isinstance(value, Known):
        return str(value.value).replace("{", "").replace("}", "")
    if isinstance(value, Default):
        return "{" + str(value.value).replace("{", "").replace("}", "") + "}"
    return value.pattern or HOLE if isinstance(value, Unknown) else HOLE


def patterns_of(value: Value) -> tuple[str, ...]:
    """The patterns that a value may be and that say where a path begins."""
    found = (leaf.pattern for leaf in leaves(value) if isinstance(leaf, Unknown))
    return tuple(each for each in found if beginning(each) and weight(each) >= _ENOUGH)


def beginning(text: str) -> str:
    """What a path begins with, up to the first hole of which nothing is known."""
    known = text.partition(HOLE)[0]
    return _HOLE.sub(lambda hole: hole[1], known)


def open_ends_of(value: Value) -> tuple[str, ...]:
    """The patterns of what paths end with of which the root is not known: `{}/adapters/{}/a`."""
    found = (leaf.pattern for leaf in leaves(value) if isinstance(leaf, Unknown))
    ends = (each.partition("/")[2] for each in found if each.startswith(f"{HOLE}/"))
    return tuple(each for each in ends if weight(each) >= _ENOUGH)


def ends_of(value: Value) -> tuple[str, ...]:
    """The same without holes: what such paths certainly end with."""
    return tuple(each for each in open_ends_of(value) if "{" not in each)


def is_certain(text: str) -> bool:
    """Whether a path begins with something that is no option's default."""
    return not text.startswith("{")


def weight(text: str) -> int:
    """How much a pattern says: the letters that are no hole."""
    return len(_HOLE.sub("", text).replace("/", ""))


def fits(text: str, path: str) -> bool:
    """Whether a path may be what a pattern stands for."""
    return _expression(text).fullmatch(path) is not None


def may_agree(one: str, other: str) -> bool:
    """Whether two patterns begin alike, as far as both say."""
    first, second = beginning(one), beginning(other)
    return first.startswith(second) or second.startswith(first)


@lru_cache(maxsize=4096)
def _expression(text: str) -> re.Pattern[str]:
    parts = _HOLE.split(text)  # literals and, between them, the defaults of holes
    expressions = [
        _hole(part) if place % 2 else re.escape(part) for place, part in enumerate(parts)
    ]
    return re.compile("".join(expressions))


def _hole(default: str) -> str:
    return f"(?:{re.escape(default)}|[^/]+)" if default else "[^/]+"
