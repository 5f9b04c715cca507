"""Names with wildcards, as the catalogue's rows write them: `AutoPeft*.from_pretrained`.

`*` stands for any letters of one identifier, `{a,b}` for each of several, and a row holds several
names apart by spaces. So a row says in one place what it fits, and which identifiers a text must
have for it (`last_names`), from which every list of words is derived.
"""

from __future__ import annotations

import re
from functools import lru_cache

_BRACES = re.compile(r"\{([^{}]*)\}")


@lru_cache(maxsize=1024)
def names(row: str) -> tuple[str, ...]:
    """The names of a row, each with its wildcards, without braces."""
    found: list[str] = []
    todo = row.split()
    while todo:
        name = todo.pop(0)
        braces = _BRACES.search(name)
        if braces is None:
            found.append(name)
        else:
            before, after = name[: braces.start()], name[braces.end() :]
            todo[:0] = [f"{before}{option}{after}" for option in braces[1].split(",")]
    return tuple(found)


@lru_cache(maxsize=1024)
def expression(row: str) -> re.Pattern[str]:
    """What fits a row: `fullmatch` of one of its names."""
    return re.compile("|".join(re.escape(each).replace(r"\*", r"\w*") for each in names(row)))


def fits(row: str, name: str) -> bool:
    """Whether a name is one of a row's."""
    return expression(row).fullmatch(name) is not None


def last_names(row: str) -> frozenset[str]:
    """The identifiers that a call of one of the row's names ends with, wildcards among them."""
    return frozenset(each.rpartition(".")[2] for each in names(row))


def methods(row: str) -> frozenset[str]:
    """The names that are called on a class or an object."""
    return frozenset(each.rpartition(".")[2] for each in names(row) if "." in each)
