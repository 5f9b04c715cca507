"""Globs as .gitignore files have them, matched in linear time.

https://git-scm.com/docs/gitignore#_pattern_format. A pattern may be a stranger's: `*a*a*a*b` as one
regular expression tries more splits of a name than there is time for. Here a star takes as little
as it can and never gives anything back, which finds a match wherever there is one: what stands
between two stars fits best where it first fits. The same holds for `**` between folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_ANY_FOLDERS = None
"""`**`: any number of folders."""

_Segment = re.Pattern[str] | str | None


class BadGlob(ValueError):
    """A pattern that matches nothing, and why."""


@dataclass(frozen=True)
class Glob:
    """One pattern: what its segments match, from the first to the last."""

    segments: tuple[_Segment, ...]
    negated: bool
    only_folders: bool

    @cached_property
    def names(self) -> frozenset[str]:
        """The segments that a path has to have as they are: most globs are settled by these."""
        return frozenset(each for each in self.segments if isinstance(each, str))

    def matches(self, path: Sequence[str], is_folder: bool) -> bool:
        """Whether a path, as its segments, or a folder that it lies in, is named."""
        at = taken = 0
        retry: tuple[int, int] | None = None
        while not self._is_found(at, len(path) - taken, is_folder):
            segment = self.segments[at] if at < len(self.segments) else ""
            if segment is _ANY_FOLDERS and at + 1 < len(self.segments):
                at += 1
                retry = at, taken
            elif taken < len(path) and _fits(segment, path[taken]):
                at, taken = at + 1, taken + 1
            elif retry is not None and retry[1] < len(path):
                at, taken = retry = retry[0], retry[1] + 1
            else:
                return False
        return True

    def _is_found(self, at: int, left: int, is_folder: bool) -> bool:
        """Whether all segments have been met, where so many names of the path are left."""
        if at == len(self.segments):
            return left > 0 or is_folder or not self.only_folders
        # `folder/**` is what lies in the folder
        is_last = at == len(self.segments) - 1 and self.segments[at] is _ANY_FOLDERS
        return is_last and left > (self.only_folders and not is_folder)


@dataclass(frozen=True)
class Globs:
    """Patterns of which the last one that fits decides; `bad` are those that match nothing."""

    globs: tuple[Glob, ...]
    bad: tuple[str, ...] = ()

    def verdict(self, path: str, *, is_folder: bool = False) -> bool | None:
        """Whether a relative path is named; None where no pattern fits."""
        segments = path.strip("/").split("/")
        for glob in reversed(self.globs):
            if glob.names.issubset(segments) and glob.matches(segments, is_folder):
                return not glob.negated
        return None

    def match(self, path: str) -> bool:
        """Whether a relative path is named."""
        return bool(self.verdict(path))


@lru_cache(maxsize=512)
def compiled(lines: tuple[str, ...]) -> Globs:
    """The patterns of a file or a setting, a line each; comments and empty lines are none."""
    globs: list[Glob] = []
    bad: list[str] = []
    for line in lines:
        try:
            globs.extend(_parsed(line))
        except BadGlob:
            bad.append(line)
    return Globs(tuple(globs), tuple(bad))


def _parsed(line: str) -> Iterator[Glob]:
    text = _stripped(line.rstrip("\r\n"))
    if not text or text.startswith("#"):
        return
    negated = text.startswith("!")
    text = text[negated:]
    only_folders = text.endswith("/")
    body = text.rstrip("/") if only_folders else text
    is_anchored = "/" in body
    names = body.lstrip("/").split("/") if is_anchored else [body.replace("**", "*")]
    if not any(names):
        raise BadGlob(line)
    segments = [
        _ANY_FOLDERS if len(name) > 1 and not name.strip("*") else _segment(name) for name in names
    ]
    if not is_anchored:
        segments.insert(0, _ANY_FOLDERS)
    yield Glob(tuple(_once(segments)), negated, only_folders)


def _stripped(line: str) -> str:
    """A line without the spaces at its end, but for one that a backslash keeps."""
    bare = line.rstrip(" \t")
    is_kept = (len(bare) - len(bare.rstrip("\\"))) % 2 == 1 and len(bare) < len(line)
    return bare + line[len(bare)] if is_kept else bare


def _once(segments: Iterable[_Segment]) -> Iterator[_Segment]:
    """The segments; of `**/**` one."""
    before: _Segment = ""
    for segment in segments:
        if segment is not _ANY_FOLDERS or before is not _ANY_FOLDERS:
            yield segment
        before = segment


def _fits(segment: _Segment, name: str) -> bool:
    if isinstance(segment, str):
        return segment == name
    return segment is not None and segment.fullmatch(name) is not None


# --- one segment ----------------------------------------------------------------------------------

_TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<stars>\*+)|(?P<one>\?)|\[(?P<class>(?:[!^])?\]?"
                    r"(?:\[:\w+:\]|\\.|[^\]\\])*)\]|(?P<plain>[^\\\[])", re.DOTALL)  # fmt: skip
_MEMBER = re.compile(r"\[:(?P<named>\w+):\]|(?P<first>\\.|.)(?:-(?P<last>\\.|[^\]]))?", re.DOTALL)

_NAMED = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~", "space": r"\s", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


def _segment(name: str) -> _Segment:
    """What one name has to be: a text, or a pattern in which no star ever takes back."""
    parts = [""]
    is_plain, plain, at = True, "", 0
    while at < len(name):
        token = _TOKEN.match(name, at)
        if token is None:  # a lone `[` or backslash: git, too, finds nothing by it
            raise BadGlob(name)
        at = token.end()
        letter = token["escaped"] or token["plain"]
        if letter is not None:
            plain += letter
            parts[-1] += re.escape(letter)
            continue
        is_plain = False
        if token["stars"]:
            parts.append("")
        else:
            parts[-1] += "." if token["one"] else _class(token["class"])
    if is_plain:
        return plain
    return re.compile(_without_taking_back(parts), re.DOTALL)


def _without_taking_back(parts: Sequence[str]) -> str:
    """A regular expression of what stands between stars; `(?>…)` as Python 3.10 can say it."""
    first, *rest = parts
    if not rest:
        return first
    *middle, last = rest
    found = "".join(
        f"(?=(?P<g{number}>.*?{part}))(?P=g{number})" for number, part in enumerate(middle) if part
    )
    return f"{first}{found}.*{last}"


def _class(text: str) -> str:
    """`[a-z]`; a range that is upside down has its first letter, as git has it."""
    negated = text.startswith(("!", "^"))
    body = text[negated:]
    if not body:
        raise BadGlob(text)
    members = ""
    for member in _MEMBER.finditer(body):
        if member["named"]:
            if member["named"] not in _NAMED:
                raise BadGlob(text)
            members += _NAMED[member["named"]]
            continue
        first, last = _letter(member["first"]), _letter(member["last"] or member["first"])
        members += re.escape(first) if last < first else f"{re.escape(first)}-{re.escape(last)}"
    return f"[{'^' if negated else ''}{members}]"


def _letter(text: str) -> str:
    return text[-1]
