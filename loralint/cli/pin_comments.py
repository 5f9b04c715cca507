"""The comments of pins, kept where they are comments and nothing else in the file changes.

A `#` may land inside a string, or behind a backslash. All pins of a file are looked at together:
to read a file once for each of its pins takes the square of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from loralint.diagnostics import Edit, Fix
from loralint.fix.applying import Read
from loralint.fix.documents import Uneditable, edited
from loralint.hub.noting import says_the_same
from loralint.read.cells import lines_of
from loralint.source import Source

Text = tuple[str, int | None]
"""A file, or one cell of a notebook."""


@dataclass(frozen=True, slots=True)
class Noted:
    """The fix of a pin as it is without a comment, and its edits with one."""

    plain: Fix
    edits: tuple[Edit, ...]

    @property
    def text(self) -> Text:
        """The file, and the cell of a notebook, that the comment is for."""
        place = self.plain.edits[0].place
        return place.path, place.cell

    @property
    def fix(self) -> Fix:
        """The fix with the comment."""
        return msgspec.structs.replace(self.plain, edits=self.edits)


def kept(fixes: Sequence[Noted], read: Read) -> list[Fix]:
    """Each fix with its comment, or without where that would not be one."""
    by_text: defaultdict[Text, list[int]] = defaultdict(list)
    for index, one in enumerate(fixes):
        if one.edits != one.plain.edits:
            by_text[one.text].append(index)
    sound = {i for text, group in by_text.items() for i in _sound(read(text[0]), group, fixes)}
    return [one.fix if index in sound else one.plain for index, one in enumerate(fixes)]


def _sound(source: Source, group: list[int], fixes: Sequence[Noted]) -> list[int]:
    """Those of a text's fixes whose comments are comments, by halves."""
    if _says_the_same(source, [fixes[index] for index in group]):
        return group
    middle = len(group) // 2
    halves = (group[:middle], group[middle:]) if middle else ()
    return [index for half in halves for index in _sound(source, half, fixes)]


def _says_the_same(source: Source, fixes: Sequence[Noted]) -> bool:
    """Whether edits with comments do what they do without."""
    path, cell = fixes[0].text
    texts = []
    for groups in ([one.plain.edits for one in fixes], [one.edits for one in fixes]):
        edits = [edit for group in groups for edit in group]
        here = [edit for edit in edits if (edit.place.path, edit.place.cell) == (path, cell)]
        try:
            texts.append(lines_of(edited(source, list(dict.fromkeys(here))), cell))
        except Uneditable:
            return False
    return says_the_same(source, *texts)
