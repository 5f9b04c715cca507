"""Everything that a result rests on, and whether it is still so.

One `stat` a file and folder answers that, as a rule. Where a stamp differs or was too young to
be trusted, the content decides: a fresh checkout of the same commit is no change.
"""

from __future__ import annotations

import os

import msgspec

from loralint.git_index import digest_of, is_index
from loralint.reading import LARGEST_NOTEBOOK, read_whole
from loralint.stamps import NEVER, Stamp, digest, listing_digest, stamp_of, trusted

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH116

State = tuple[Stamp, bytes]
"""The stamp of a file or folder and the digest of what it holds."""


class Manifest(msgspec.Struct, array_like=True, gc=False):
    """The folders that were walked and the files that were read, by path from the root.

    None stands for a file that was looked for and not there; a file too large to be read has no
    digest, and only its stamp counts.
    """

    folders: dict[str, State]
    files: dict[str, State | None]

    def settled(self, now: int) -> Manifest:
        """The manifest as it may be stored at a time: young stamps are forgotten."""
        return Manifest(
            {path: (trusted(stamp, now), seen) for path, (stamp, seen) in self.folders.items()},
            {
                path: state and (trusted(state[0], now), state[1])
                for path, state in self.files.items()
            },
        )

    def confirmed(self, root: str, now: int) -> Manifest | None:
        """This manifest where it still holds, with newer stamps; None where something changed."""
        try:
            folders = {
                path: new
                for path, known in self.folders.items()
                if (new := _folder(root, path, known)) is not known
            }
            files = {
                path: fresh
                for path, state in self.files.items()
                if (fresh := _file(f"{root}/{path}", state)) is not state
            }
        except _Changed:
            return None
        if not folders and not files:
            return self
        newer = Manifest({**self.folders, **folders}, {**self.files, **files}).settled(now)
        return self if newer == self else newer


class _Changed(Exception):
    """A file or folder is not what it was."""


def _folder(root: str, name: str, known: State) -> State:
    path = f"{root}/{name}"
    try:
        stamp = stamp_of(os.stat(path))
        if stamp == known[0]:
            return known
        with os.scandir(path) as entries:
            if listing_digest(entries, name) == known[1]:
                return stamp, known[1]
    except OSError:
        pass
    raise _Changed


def _file(path: str, known: State | None) -> State | None:
    try:
        stamp = stamp_of(os.stat(path))
    except OSError:
        stamp = NEVER
    if known is None or stamp == NEVER:
        if known is None and stamp == NEVER:
            return None
        raise _Changed
    if stamp == known[0]:
        return known
    if known[1] and _content(path) == known[1]:
        return stamp, known[1]
    raise _Changed


def _content(path: str) -> bytes | None:
    if is_index(path):
        return digest_of(path)
    try:
        return digest(read_whole(path, LARGEST_NOTEBOOK))
    except OSError:
        return None


# --- the facts of each file by its content, as the front ends left them ---------------------------


class Entry(msgspec.Struct, array_like=True, gc=False):
    """What is known of a file: by stamp that it is unchanged, by digest what it says.

    `matters` is the pre-filter's word, `facts` a serialised `FileFacts` where it was extracted,
    `flagged` what was read again of its calls (`read.flagged`).
    """

    stamp: Stamp
    digest: bytes
    matters: bool
    facts: bytes | None = None
    flagged: bytes | None = None


_Entries = dict[str, Entry]


def load_entries(section: bytes | None) -> _Entries:
    """The entries of a section by path; none where there is none to be read."""
    if section is None:
        return {}
    try:
        return msgspec.msgpack.decode(section, type=_Entries)
    except msgspec.MsgspecError:
        return {}


def dump_entries(entries: _Entries, now: int) -> bytes:
    """The section for the next run; stamps that are too young are forgotten."""
    kept = {
        path: msgspec.structs.replace(entry, stamp=trusted(entry.stamp, now))
        for path, entry in entries.items()
    }
    return msgspec.msgpack.encode(kept)
