"""Which versions the project asks for: from requirement files, pyproject.toml, environment.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping as Files

from loralint.catalog import PACKAGES, REMOVED, SINCE
from loralint.facts import FileFacts, Known, Mapping, Sequence, Term
from loralint.project import Requirement
from loralint.source import Place
from loralint.values.paths import normal

_TEXT = re.compile(
    r"(?:[\w-]+::)?(?P<name>[A-Za-z][\w.-]*)\s*(?:\[[^]]*\])?\s*\(?(?P<version>[^;@)]*)"
)
_LISTS = frozenset({"dependencies", "requires", "pip", "dev-dependencies"})
_GROUPS = frozenset({"optional-dependencies", "dependency-groups", "extras"})
_NAMED = re.compile(r"setup\.cfg|pyproject\.toml|environment\.ya?ml|.+\.(txt|in)")
"""Of text files, discovery takes lists of requirements only."""

_OF_LISTS = ("requirements", "requires", "reqs", "constraints")
_INCLUDES = "-r "


def asks_versions(facts: FileFacts) -> bool:
    """Whether it matters for what a file says which versions it runs with."""
    return any(
        given.name in _CHANGED or (given.stars == 2 and _mentions_removed(given.value))
        for call in facts.calls
        for given in call.arguments
    ) or any(_WRITTEN_INTO.search(call.text) for call in facts.calls)


_CHANGED = frozenset({*REMOVED, "peft_config"})
"""Keywords that do not mean the same in every version."""


_WRITTEN_INTO = re.compile(rf"\b(?:{'|'.join(one.callee for one in SINCE)})\(")
"""Calls that a fix may write into, or make, if the installed version takes it."""


def _mentions_removed(term: Term) -> bool:
    return isinstance(term, Mapping) and any(key in REMOVED for key, _ in term.entries)


def is_requirement_file(path: str) -> bool:
    """Whether a file says which packages a project needs, by its name."""
    return _NAMED.fullmatch(path.rpartition("/")[2]) is not None


def requirements(files: Files[str, FileFacts]) -> tuple[Requirement, ...]:
    """The versions of the ecosystem's packages that the project asks for."""
    lists = {path: facts.data for path, facts in files.items() if is_requirement_file(path)}
    including = _including(lists)
    stated = (
        Requirement(path, name, version, folder, text)
        for path, data in lists.items()
        for name, version, text in _stated(data)
        if name in PACKAGES
        for folder in dict.fromkeys((_folder(path), *including.get(path, ())))
    )
    return (*stated, *(each for facts in files.values() for each in _installed(facts)))


def _installed(facts: FileFacts) -> Iterator[Requirement]:
    """What the commands of a file install: a notebook's for itself, a script's for its folder."""
    is_own = facts.path.endswith((".ipynb", ".py"))
    for each in facts.installs:
        match = _TEXT.match(each.requirement)
        name = _name(match["name"]) if match is not None else ""
        if match is not None and name in PACKAGES:
            at = Place(facts.path, each.span, each.cell)
            version = match["version"].strip()
            folder = _folder(facts.path)
            yield Requirement(facts.path, name, version, folder, each.requirement, at, is_own)


def _including(lists: Files[str, Term]) -> dict[str, list[str]]:
    """For each list that others include, the folders of those."""
    found: dict[str, list[str]] = {}
    for path, data in lists.items():
        for other in _included(path, data):
            found.setdefault(other, []).append(_folder(path))
    return found


def _folder(path: str) -> str:
    """The folder of a file; that above one which holds nothing but lists."""
    folder = path.rpartition("/")[0]
    above, _, name = folder.rpartition("/")
    return above if name in _OF_LISTS else folder


def _included(path: str, data: Term) -> Iterator[str]:
    """The lists that a list includes, by path."""
    folder = path.rpartition("/")[0]
    for item in data.items if isinstance(data, Sequence) else ():
        text = item.value if isinstance(item, Known) else None
        if isinstance(text, str) and text.startswith(_INCLUDES):
            yield normal(f"{folder}/{text.removeprefix(_INCLUDES)}" if folder else text[3:])


def _stated(data: Term) -> Iterator[tuple[str, str, str]]:
    if isinstance(data, Sequence):
        yield from _listed(data)
    elif isinstance(data, Mapping):
        yield from _of_mapping(data)


def _of_mapping(data: Mapping) -> Iterator[tuple[str, str, str]]:
    """Lists and tables of dependencies, wherever a tool keeps them."""
    for key, term in data.entries:
        if key in _GROUPS and isinstance(term, Mapping):
            for _, group in term.entries:
                yield from _listed(group)
        elif key in _LISTS and isinstance(term, Mapping):
            yield from _table(term)
        elif key in _LISTS:
            yield from _listed(term)
        elif isinstance(term, Mapping):
            yield from _of_mapping(term)


def _listed(term: Term) -> Iterator[tuple[str, str, str]]:
    for item in term.items if isinstance(term, Sequence) else ():
        match = _TEXT.match(item.value) if isinstance(item, Known) and _is_text(item) else None  # type: ignore[arg-type]
        if match is not None:
            text = _line(item.value)  # type: ignore[union-attr]
            yield _name(match["name"]), match["version"].strip(), text
        elif isinstance(item, Mapping):  # conda's `- pip: [...]`
            yield from _of_mapping(item)


def _line(value: object) -> str:
    """A line as it is quoted."""
    return " ".join(str(value).split())


def _is_text(item: Known) -> bool:
    return isinstance(item.value, str)


def _table(table: Mapping) -> Iterator[tuple[str, str, str]]:
    """Poetry's `transformers = "^4.40"`, or `{version = "^4.40", …}`."""
    for name, term in table.entries:
        given = dict(term.entries).get("version") if isinstance(term, Mapping) else term
        if name is not None and isinstance(given, Known) and isinstance(given.value, str):
            yield _name(name), given.value, f'{name} = "{given.value}"'


def _name(text: str) -> str:
    return text.lower().replace("-", "_")
