"""What a project asks of the Hub, and what its text says of commits already.

Each load asks for a ref of its repositories. What a pin stood for is noted in a comment beside it,
`revision="<commit>",  # main, 2026-11-24`: people read it, and `pin --upgrade`, `lock` and
`outdated` do (`pin_stamps` says where it may stand).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from loralint.catalog import loader_of
from loralint.facts import Absent, Default, Known, Reason, Unknown, Value, leaves
from loralint.hub import MAIN, Ask, Repo, plain
from loralint.hub.pin_stamps import Note, notes as noted, stamps
from loralint.lockfile import RepoType
from loralint.project import Load, Project
from loralint.read.cells import cells_of
from loralint.rules.judgement.fixes import written_at
from loralint.rules.judgement.pinning import adapter_revision, certain_runs, full_id, judged_ids
from loralint.rules.judgement.values import is_none_by_default, only
from loralint.source import Place, Source


def comment(ref: str, date: str) -> str:
    """The comment of a pin, without the `#`."""
    return f"{ref}, {date}"


def notes(texts: Iterable[str]) -> dict[str, Note]:
    """What the comments of some files say, by commit; where they differ, the latest."""
    found: dict[str, Note] = {}
    for text in texts:
        for commit, note in (each for row in text.split("\n") for each in noted(row).items()):
            known = found.get(commit)
            if known is None or known.date < note.date:
                found[commit] = note
    return found


_COMMIT = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")

Row = tuple[str, int | None, int]
"""A file, the cell of a notebook, and a row."""


@dataclass(frozen=True)
class Sources:
    """The commits that stand in the code, and the comments beside them.

    `notes` has the comments by commit (of several the latest), `rows` by row and commit.
    """

    commits: frozenset[str] = frozenset()
    notes: Mapping[str, Note] = field(default_factory=dict)
    rows: Mapping[Row, Mapping[str, Note]] = field(default_factory=dict)

    @staticmethod
    def of(sources: Iterable[Source]) -> Sources:
        """Read them out of the project's files, lock files excepted."""
        kept = [source for source in sources if _COMMIT.search(source.content)]
        commits = {found.decode() for source in kept for found in _COMMIT.findall(source.content)}
        rows = {row: found for source in kept for row, found in _rows(source)}
        every = [(commit, note) for found in rows.values() for commit, note in found.items()]
        latest = dict(sorted(every, key=lambda one: (one[1].date, one[1].ref)))
        return Sources(frozenset(commits), latest, rows)

    def note(self, commit: str, place: Place | None) -> Note | None:
        """What a commit stood for: as noted beside it, or else wherever it is noted."""
        if place is not None:
            row = (place.path, place.cell, place.span.start.row)
            found = self.rows.get(row, {}).get(commit)
            if found is not None:
                return found
        return self.notes.get(commit)


def _rows(source: Source) -> Iterator[tuple[Row, dict[str, Note]]]:
    for cell in cells_of(source):
        rows: dict[int, dict[str, Note]] = {}
        for stamp in stamps(source, cell):
            rows.setdefault(stamp.row, {})[stamp.commit] = stamp.note
        yield from (((source.path, cell, number), found) for number, found in rows.items())


@dataclass(frozen=True, slots=True)
class Want:
    """One load's wish for one repository: the ref that it asks for.

    `from_lock` tells that the code leaves the commit to the lock file, which lacks it.
    """

    load: Load
    ask: Ask
    from_lock: bool = False


def repos_of(project: Project, load: Load) -> tuple[Repo, ...]:
    """The repositories on the Hub of Hugging Face that a load names; those of a choice, all."""
    if is_elsewhere(load):
        return ()
    kind: RepoType = "dataset" if load.site.artifact == "dataset" else "model"
    return tuple(Repo(full_id(load, name), kind) for name in judged_ids(project, load))


def wants(project: Project) -> Iterator[Want]:
    """All that the project loads by default, in source order."""
    for load in (run for each in project.loads for run in certain_runs(project, each)):
        for repo in repos_of(project, load):
            for leaf in leaves(adapter_revision(load)):
                ref = asked(leaf)
                if ref is not None:
                    yield Want(load, Ask(repo, ref), is_from_lock(leaf))


def asked(leaf: Value) -> str | None:
    """The commit or ref that one revision asks for unless somebody says otherwise, or None."""
    if isinstance(leaf, Absent) or is_none_by_default(leaf):
        return MAIN
    if isinstance(leaf, (Known, Default)):
        return plain(leaf.value)
    if is_from_lock(leaf) and isinstance(leaf, Unknown) and leaf.origin is not None:
        return plain(leaf.origin.last)
    return None


def is_from_lock(leaf: Value) -> bool:
    """Whether a revision is `loralint.revision(…)` of something that is not locked."""
    return isinstance(leaf, Unknown) and leaf.reason is Reason.NOT_LOCKED


def is_elsewhere(load: Load) -> bool:
    """Whether a load goes to another hub (ModelScope), whose commits nobody here can know."""
    if only(load.option("hub")) == "modelscope":
        return True
    name, text = load.site.loader, load.site.text
    if name.partition(" ")[0] == "swift":  # the command line; `swift.…` is a call
        return _USE_HF.search(text) is None
    known = loader_of(name)
    return known is not None and known.hub != "huggingface"


_USE_HF = re.compile(r"\b(--use_hf|USE_HF)[ =](1|true)\b", re.IGNORECASE)


def stands_for(project: Project, sources: Sources, load: Load, ask: Ask) -> str:
    """The ref that the commit of `ask` stood for; "" where nobody says, or the lock several."""
    note = sources.note(ask.ref, written_at(project, load))
    if note is not None:
        return note.ref
    locked = project.locked_for(load.site.path)
    held = locked.of(ask.repo.id, ask.repo.type) if locked is not None else ()
    refs = {plain(one.ref) for one in held if one.commit == ask.ref and one.ref}
    return refs.pop() if len(refs) == 1 else ""
