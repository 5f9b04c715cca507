"""What the text of a project says about commits: which are written, and what they stood for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from loralint.engine.lines import cells_of, lines_of
from loralint.hub.comments import Note, notes
from loralint.source import Place, Source

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
        rows = {row: noted for source in kept for row, noted in _rows(source)}
        every = [(commit, note) for noted in rows.values() for commit, note in noted.items()]
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
        for number, row in enumerate(lines_of(source.content, cell), 1):
            noted = notes([row])
            if noted:
                yield (source.path, cell, number), noted
