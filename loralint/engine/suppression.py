"""Comments that silence findings: which finding each one hides, and which hide nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from loralint.config.selectors import covers, known, suggestion
from loralint.diagnostics import Diagnostic, Edit, Fix
from loralint.facts import FileFacts, Suppression
from loralint.rules.base import Rule
from loralint.source import Place, Span

EXEMPT = "LOR002"
"""What a comment on its own line cannot hide: that it hides nothing."""


@dataclass(frozen=True)
class Comment:
    """A suppressing comment, and what it reaches together with those that reach the same rows."""

    path: str
    suppression: Suppression
    reach: _Reach

    @property
    def used(self) -> set[str]:
        """Those of its selectors that have hidden something; two may have hidden the same."""
        return self.reach.used.intersection(self.suppression.selectors)

    @property
    def meant(self) -> set[str]:
        """The rules that one without selectors would hide, were it written as it has to be."""
        return self.reach.meant


@dataclass
class _Reach:
    """What the comments that reach the same rows hide together."""

    selectors: dict[str, None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    meant: set[str] = field(default_factory=set)

    def hides(self, found: Diagnostic) -> bool:
        """Whether these comments hide a finding; it is noted down if so."""
        fitting = [one for one in self.selectors if covers(one, found.code, found.name)]
        self.used.update(fitting)
        if found.code != EXEMPT:
            self.meant.add(found.name)
        return bool(fitting)


_Rows: TypeAlias = "tuple[str, int | None, int, int] | tuple[str]"
"""File, cell, first and last row; the file alone of a comment that speaks for all of it."""


class Suppressions:
    """All comments of a project."""

    def __init__(self, files: Mapping[str, FileFacts]) -> None:
        self._comments: list[Comment] = []
        self._by_rows: dict[_Rows, _Reach] = {}
        self._by_row: dict[tuple[str, int | None, int], list[_Reach]] = {}
        for path, facts in files.items():
            for one in facts.suppressions:
                reach = self._reach(path, one)
                reach.selectors.update(dict.fromkeys(one.selectors))
                self._comments.append(Comment(path, one, reach))

    def remaining(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings that no comment hides. Only their own place counts, no related one."""
        return [found for found in diagnostics if not self._hidden(found)]

    def comments(self) -> list[Comment]:
        """Every comment, in order."""
        return self._comments

    def _reach(self, path: str, one: Suppression) -> _Reach:
        if one.whole_file:
            return self._by_rows.setdefault((path,), _Reach())
        rows = path, one.cell, one.first_row, one.last_row
        if rows not in self._by_rows:
            self._by_rows[rows] = _Reach()
            for row in range(one.first_row, one.last_row + 1):
                self._by_row.setdefault((path, one.cell, row), []).append(self._by_rows[rows])
        return self._by_rows[rows]

    def _hidden(self, found: Diagnostic) -> bool:
        place = found.place
        whole = self._by_rows.get((place.path,))
        reaching = [whole] if whole is not None else []
        if found.code != EXEMPT:
            reaching += self._by_row.get((place.path, place.cell, place.span.start.row), ())
        # Each is asked, not only the first: two that hide the same are both in use.
        hidden = [each.hides(found) for each in reaching]
        return any(hidden)


Lines = Callable[[str, int | None], Sequence[str]]
"""The lines of a file, or of a notebook's cell."""

_OURS = re.compile(r"#\s*loralint:\s*ignore(?:-file)?\[(?P<list>[^\]]*)\][^#]*")
_NOQA = re.compile(r"#\s*noqa:\s*(?P<list>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)", re.IGNORECASE)


@dataclass(frozen=True)
class Judge:
    """What decides whether a selector is in use: the rules there are and those that ran."""

    rule: Rule
    rules: Sequence[Rule]
    ran: Callable[[str], Sequence[Rule]]
    lines: Lines

    def unused(self, comments: Sequence[Comment]) -> Iterator[Diagnostic]:
        """One finding a comment that has selectors in vain."""
        for comment in comments:
            if not comment.suppression.selectors:
                yield self._unwritten(comment)
                continue
            vain = [one for one in comment.suppression.selectors if self._in_vain(one, comment)]
            if vain:
                yield self._diagnostic(comment, vain)

    def _unwritten(self, comment: Comment) -> Diagnostic:
        """What to say of a comment that is written as another tool's would be."""
        names = ", ".join(sorted(comment.meant)) or "RULE"
        word = "ignore-file" if comment.suppression.whole_file else "ignore"
        one = comment.suppression
        return Diagnostic(
            code=self.rule.code,
            name=self.rule.name,
            severity=self.rule.severity,
            message="this comment hides nothing: the rules that it is for belong in brackets",
            place=Place(comment.path, one.span, one.cell),
            fix=Fix("display", f"write `# loralint: {word}[{names}]`"),
            subject=names,
        )

    def _in_vain(self, selector: str, comment: Comment) -> bool:
        if selector in comment.used:
            return False
        if not known(selector, self.rules):
            return True
        # A rule that did not run here may have something to hide tomorrow.
        return any(
            covers(selector, rule.code, rule.name) and rule.code != EXEMPT
            for rule in self.ran(comment.path)
        )

    def _diagnostic(self, comment: Comment, vain: list[str]) -> Diagnostic:
        one = comment.suppression
        place = Place(comment.path, one.span, one.cell)
        return Diagnostic(
            code=self.rule.code,
            name=self.rule.name,
            severity=self.rule.severity,
            message=self._message(vain),
            place=place,
            fix=self._fix(comment, place, vain),
            subject=", ".join(vain),
        )

    def _message(self, vain: list[str]) -> str:
        unknown = [one for one in vain if not known(one, self.rules)]
        hints = [f"no rule is called `{one}`; {suggestion(one, self.rules)}" for one in unknown]
        nothing = [f"`{one}`" for one in vain if one not in unknown]
        if nothing:
            hints.insert(0, f"this comment hides no finding of {', '.join(nothing)}")
        return "; ".join(hints)

    def _fix(self, comment: Comment, place: Place, vain: list[str]) -> Fix | None:
        row = place.span.start.row
        lines = self.lines(comment.path, place.cell)
        edit = _edit(place, lines[row - 1], vain) if row <= len(lines) else None
        if edit is None:
            return None
        whole = len(vain) == len(comment.suppression.selectors)
        what = "the comment" if whole else ", ".join(f"`{one}`" for one in vain)
        return Fix("safe", f"remove {what}", (edit,), ("suppression",))


def _edit(place: Place, line: str, vain: list[str]) -> Edit | None:
    """Take selectors out of a comment, or the comment away with the space before it."""
    start = place.span.start.column - 1
    match = _OURS.search(line, start) or _NOQA.search(line, start)
    if match is None:
        return None
    kept = [word for word in re.split(r"[\s,]+", match["list"].strip()) if word not in vain]
    if kept:
        return _replace(place, match.start("list"), match.end("list"), ", ".join(kept))
    before, after = line[: match.start()], line[match.end() :]
    if after.strip():
        return _replace(place, match.start(), match.end(), "")
    if before.strip():
        return _replace(place, len(before.rstrip()), len(line), "")
    row = place.span.start.row
    return Edit(Place(place.path, Span.of(row, 1, row + 1, 1), place.cell), "")


def _replace(place: Place, start: int, end: int, content: str) -> Edit:
    row = place.span.start.row
    return Edit(Place(place.path, Span.of(row, start + 1, row, end + 1), place.cell), content)
