"""Which versions of a library a file runs with, as far as the project's requirements say."""

from __future__ import annotations

import re

from loralint.catalog import Release, Since, since
from loralint.project import Project, Requirement

_CLAUSE = re.compile(r"(?P<operator>===|[<>=!~]=|[<>=^~])?\s*v?(?P<major>\d+)(?P<rest>[\w.*+-]*)")
_EXACT = frozenset({"", "=", "==", "===", "~=", "^", "~", "<="})
_LEAST = frozenset({"", "=", "==", "===", "~=", "^", "~", ">=", ">"})


def pinned_below(project: Project, path: str, package: str, major: int) -> Requirement | None:
    """The requirement that keeps a package below a major version for a file.

    What a notebook installs itself counts before all files. None where another one of the same
    folder asks for that version: then it may well be installed.
    """
    found = _for_file([one for one in project.requirements if one.package == package], path)
    if any(_is_from(one.version, major) for one in found):
        return None
    return next((one for one in found if _is_below(one.version, major)), None)


def asked_from(project: Project, path: str, package: str, major: int) -> bool:
    """Whether the requirements of a file ask for a major version of a package, or a later one."""
    found = _for_file([one for one in project.requirements if one.package == package], path)
    return any(_is_from(one.version, major) for one in found)


def may_lack(project: Project, path: str, callee: str, keyword: str) -> Since | None:
    """What a file's libraries may be too old for: a keyword of a function that fixes write.

    A project that says nothing of the library, or no lower limit, gets a current one. One lower
    limit that is too low is enough: that version may well be installed.
    """
    row = since(callee, keyword)
    if row is None:
        return None
    stated = _for_file([one for one in project.requirements if one.package == row.package], path)
    return row if any(_allows_below(one.version, row.release) for one in stated) else None


def _for_file(stated: list[Requirement], path: str) -> list[Requirement]:
    """What a file installs itself, else what the nearest folder above it states."""
    own = [one for one in stated if one.own and one.path == path]
    if own:
        return own
    stated = [one for one in stated if not one.own]
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        found = [one for one in stated if one.folder == folder]
        if found:
            return found
    return []


def _is_below(version: str, major: int) -> bool:
    """Whether a specifier allows nothing from `major` on: `==4.44.*`, `>=4.40,<5`, `^4.49`."""
    return any(_caps(match, major) for match in _CLAUSE.finditer(version))


def _is_from(version: str, major: int) -> bool:
    """Whether a specifier allows nothing below `major`: `==5.2`, `>=5`, `^5.0`."""
    return any(
        int(match["major"]) >= major and (match["operator"] or "") in _LEAST
        for match in _CLAUSE.finditer(version)
    )


def _allows_below(version: str, release: Release) -> bool:
    """Whether a specifier lets an older release in: `==0.8.2`, `>=0.8`, `<0.12`, `^0.9`."""
    clauses = [(match["operator"] or "", _release(match)) for match in _CLAUSE.finditer(version)]
    if any(found >= release for operator, found in clauses if operator in _LEAST):
        return False
    if any(found < release for operator, found in clauses if operator in _LEAST):
        return True
    return any(
        found <= release if operator == "<" else found < release
        for operator, found in clauses
        if operator in _MOST
    )


_MOST = frozenset({"<", "<="})


def _release(match: re.Match[str]) -> Release:
    """The numbers of a version: `0.12.0rc1` → 0, 12, 0; `0.8.*` → 0, 8."""
    rest = re.match(r"(?:\.\d+)*", match["rest"])
    numbers = [int(number) for number in (rest[0] if rest is not None else "").split(".")[1:]]
    return (int(match["major"]), *numbers)


def _caps(match: re.Match[str], major: int) -> bool:
    operator, found = match["operator"] or "", int(match["major"])
    if operator == "<":
        return found < major or (found == major and not match["rest"].strip("0."))
    return operator in _EXACT and found < major
