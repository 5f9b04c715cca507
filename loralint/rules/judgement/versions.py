"""Which versions of a library a file runs with, as far as the project's requirements say."""

from __future__ import annotations

import re

from loralint.project import Project, Requirement

_CLAUSE = re.compile(r"(?P<operator>===|[<>=!~]=|[<>=^~])?\s*v?(?P<major>\d+)(?P<rest>[\w.*+-]*)")
_EXACT = frozenset({"", "=", "==", "===", "~=", "^", "~", "<="})


def pinned_below(project: Project, path: str, package: str, major: int) -> Requirement | None:
    """The requirement that keeps a package below a major version for a file."""
    found = _for_file([one for one in project.requirements if one.package == package], path)
    return next((one for one in found if _is_below(one.version, major)), None)


def _for_file(stated: list[Requirement], path: str) -> list[Requirement]:
    """What the nearest folder above a file states; else what all of the project does."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        found = [one for one in stated if one.path.rpartition("/")[0] == folder]
        if found:
            return found
    return stated


def _is_below(version: str, major: int) -> bool:
    """Whether a specifier allows nothing from `major` on: `==4.44.*`, `>=4.40,<5`, `^4.49`."""
    return any(_caps(match, major) for match in _CLAUSE.finditer(version))


def _caps(match: re.Match[str], major: int) -> bool:
    operator, found = match["operator"] or "", int(match["major"])
    if operator == "<":
        return found < major or (found == major and not match["rest"].strip("0."))
    return operator in _EXACT and found < major
