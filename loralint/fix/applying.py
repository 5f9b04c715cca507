"""Fixes → the new content of files: as many as fit beside one another, none that does harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from loralint import engine
from loralint.diagnostics import Applicability, Diagnostic, Edit, Fix
from loralint.engine.gathering import Gathered
from loralint.engine.request import Outcome, Request
from loralint.engine.workers import spread
from loralint.fix.checking import Meant, literals, problem
from loralint.fix.documents import Uneditable, edited
from loralint.fix.rows import OutsideText, in_conflict
from loralint.source import Source

Read = Callable[[str], Source]
"""The file of a path (relative to the project's root) as it is now."""


@dataclass(frozen=True)
class Applied:
    """What became of some fixes, by their indices.

    `contents` are the changed files. A fix that overlaps another one is `waiting`: it is to be
    made afresh from the changed files. `dropped` ones would break a file; the reason says how.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    done: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    dropped: dict[int, str] = field(default_factory=dict)


def apply(fixes: Sequence[Fix], read: Read, jobs: int | None = None) -> Applied:
    """Lay as many fixes as possible into the files, earlier ones first; nothing is written.

    A fix is made as a whole or not at all, in however many files its edits lie. An edit that two
    fixes share is made once. `jobs` says in how many processes many files are checked.
    """
    fitting, waiting = _fitting(fixes)
    bench = _Bench(fixes, read, jobs)
    dropped: dict[int, str] = {}
    for index in _in_doubt(fixes, fitting, bench.problems(fitting)):
        reason = bench.add(index)
        if reason:
            dropped[index] = reason
    done = tuple(index for index in fitting if index not in dropped)
    return Applied(bench.changed(), done, waiting, dropped)


def _fitting(fixes: Sequence[Fix]) -> tuple[list[int], tuple[int, ...]]:
    """The fixes that do not overlap an earlier one, and those that do."""
    taken: defaultdict[str, list[Edit]] = defaultdict(list)
    fitting: list[int] = []
    waiting: list[int] = []
    for index, fix in enumerate(fixes):
        if any(in_conflict(edit, taken[edit.place.path]) for edit in fix.edits):
            waiting.append(index)
            continue
        fitting.append(index)
        for edit in fix.edits:
            taken[edit.place.path].append(edit)
    return fitting, tuple(waiting)


def _in_doubt(fixes: Sequence[Fix], fitting: list[int], problems: frozenset[str]) -> list[int]:
    """The fixes of which one may be the cause: those that touch a file with a problem."""
    reach = problems
    while True:
        found = [index for index in fitting if not reach.isdisjoint(_paths(fixes[index]))]
        further = reach.union(*(_paths(fixes[index]) for index in found))
        if further == reach:
            return found
        reach = further


def _paths(fix: Fix) -> frozenset[str]:
    return frozenset(edit.place.path for edit in fix.edits)


class _Bench:
    """The files with the fixes that have been laid into them so far."""

    def __init__(self, fixes: Sequence[Fix], read: Read, jobs: int | None) -> None:
        self.fixes = fixes
        self.sources: dict[str, Source] = {}
        self.laid: dict[str, list[Fix]] = {}
        self.contents: dict[str, bytes] = {}
        self._read = read
        self._jobs = jobs

    def problems(self, indices: Sequence[int]) -> frozenset[str]:
        """Lay all of some fixes; the files that this harms are left as they were."""
        by_path: defaultdict[str, list[Fix]] = defaultdict(list)
        for index in indices:
            for path in _paths(self.fixes[index]):
                by_path[path].append(self.fixes[index])
        work = [(self.source(path), fixes) for path, fixes in by_path.items()]
        size = sum(len(source.content) for source, _ in work)
        made = zip(by_path.items(), spread(_laid, work, size, self._jobs), strict=True)
        harmed = frozenset(path for (path, fixes), laid in made if self._keep(path, fixes, laid))
        for index in _in_doubt(self.fixes, list(indices), harmed):
            for path in _paths(self.fixes[index]):
                self.laid.pop(path, None)
                self.contents.pop(path, None)
        return harmed

    def add(self, index: int) -> str:
        """Lay one more fix; why that cannot be done, or ""."""
        fix = self.fixes[index]
        before = dict(self.laid), dict(self.contents)
        for path in sorted(_paths(fix)):
            reason = self._lay(path, [*self.laid.get(path, ()), fix])
            if reason:
                self.laid, self.contents = before
                return reason
        return ""

    def changed(self) -> dict[str, bytes]:
        """The files whose content is another one now."""
        pairs = ((path, self.contents[path]) for path in sorted(self.contents))
        return {path: content for path, content in pairs if content != self.source(path).content}

    def source(self, path: str) -> Source:
        """A file as it was."""
        if path not in self.sources:
            self.sources[path] = self._read(path)
        return self.sources[path]

    def _lay(self, path: str, fixes: list[Fix]) -> str:
        """Make a file's content with some fixes in it; what is wrong with it, or ""."""
        return self._keep(path, fixes, _laid((self.source(path), fixes)))

    def _keep(self, path: str, fixes: list[Fix], laid: Laid) -> str:
        content, reason = laid
        if reason:
            return f"{path}: {reason}"
        self.laid[path], self.contents[path] = fixes, content
        return ""


Laid = tuple[bytes, str]
"""A file's content with some fixes in it, and what is wrong with that."""


def _laid(work: tuple[Source, Sequence[Fix]]) -> Laid:
    source, fixes = work
    edits = _edits(source.path, fixes)
    names = frozenset(name for fix in fixes for name in fix.changes)
    try:
        content = edited(source, edits)
        meant = Meant(names, literals(source, edits))
        return content, problem(source, msgspec.structs.replace(source, content=content), meant)
    except (Uneditable, OutsideText) as error:
        return b"", str(error)


def _edits(path: str, fixes: Iterable[Fix]) -> list[Edit]:
    """The edits of one file, each once."""
    edits = (edit for fix in fixes for edit in fix.edits if edit.place.path == path)
    return list(dict.fromkeys(edits))


# --- in rounds: judge, mend, judge again, until there is nothing left to mend ---------------------

# What a round has changed stands for the files in the next one, in memory: a file is written once,
# when all is done.

ROUNDS = 10
"""Fixes that still find something to change after so many rounds undo one another."""

SAFE: frozenset[Applicability] = frozenset({"safe"})
ALL: frozenset[Applicability] = frozenset({"safe", "unsafe"})


@dataclass(frozen=True, slots=True)
class Dropped:
    """A fix that was not made because it would have done harm."""

    found: Diagnostic
    reason: str


@dataclass(frozen=True)
class Mended:
    """What is left to report, how many findings were mended, and the files as they should be.

    `before` and `after` hold the changed files by path. `settled` is False where the last round
    still had something to mend.
    """

    outcome: Outcome
    fixed: int = 0
    before: Mapping[str, Source] = field(default_factory=dict)
    after: Mapping[str, Source] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()
    settled: bool = True


def mend(request: Request, wanted: frozenset[Applicability]) -> Mended:
    """Make every wanted fix of the files that were asked for; nothing is written."""
    outcome = engine.check(request)
    if not any(_applicable(request, outcome, wanted)):
        return Mended(outcome)
    return _Rounds(request, wanted).run()


def _applicable(
    request: Request, outcome: Outcome, wanted: frozenset[Applicability]
) -> Iterator[tuple[Diagnostic, Fix]]:
    """The findings with fixes that may be made: none reaches beyond what was asked for."""
    for found in outcome.diagnostics:
        fix = found.fix
        if fix is None or not fix.edits or fix.applicability not in wanted:
            continue
        if all(_reaches(request, edit.place.path) for edit in fix.edits):
            yield found, fix


def _reaches(request: Request, path: str) -> bool:
    return path == request.stdin.path if request.stdin is not None else request.reports(path)


class _Rounds:
    """The rounds of one run."""

    def __init__(self, request: Request, wanted: frozenset[Applicability]) -> None:
        self.request = request
        self.wanted = wanted
        self.gathered: Gathered | None = None
        self.before: dict[str, Source] = {}
        self.after: dict[str, Source] = {}
        self.dropped: dict[object, Dropped] = {}
        self.fixed = 0

    def run(self) -> Mended:
        for _ in range(ROUNDS):
            outcome = self._judged()
            if not self._round(outcome):
                return self._mended(outcome, settled=True)
        return self._mended(self._judged(), settled=False)

    def _judged(self) -> Outcome:
        request = replace(self.request, overlay=dict(self.after))
        outcome, self.gathered = engine.recheck(request, self.gathered)
        return outcome

    def _round(self, outcome: Outcome) -> bool:
        """Make what can be made at once; False where that is nothing."""
        candidates = [
            (found, fix)
            for found, fix in _applicable(self.request, outcome, self.wanted)
            if _identity(found) not in self.dropped
        ]
        applied = apply([fix for _, fix in candidates], self._source, self.request.jobs)
        self._note([found for found, _ in candidates], applied.dropped)
        self.fixed += len(applied.done)
        for path, content in applied.contents.items():
            source = self._source(path)
            self.before.setdefault(path, source)
            self.after[path] = msgspec.structs.replace(source, content=content)
        return bool(applied.contents)

    def _note(self, candidates: Sequence[Diagnostic], dropped: Mapping[int, str]) -> None:
        for index, reason in dropped.items():
            found = candidates[index]
            self.dropped[_identity(found)] = Dropped(found, reason)

    def _source(self, path: str) -> Source:
        assert self.gathered is not None
        return self.after[path] if path in self.after else self.gathered.shelf.source(path)

    def _mended(self, outcome: Outcome, *, settled: bool) -> Mended:
        changed = {path for path, one in self.after.items() if one != self.before[path]}
        return Mended(
            outcome,
            self.fixed,
            {path: self.before[path] for path in sorted(changed)},
            {path: self.after[path] for path in sorted(changed)},
            tuple(self.dropped.values()),
            settled,
        )


def _identity(found: Diagnostic) -> object:
    """What stays of a finding when the rows above it change."""
    return found.code, found.place.path, found.place.cell, found.call, found.subject
