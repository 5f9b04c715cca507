"""The facts of each file by its content, as the front ends left them."""

from __future__ import annotations

import msgspec

from loralint.stamps import Stamp, trusted


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


def load(section: bytes | None) -> _Entries:
    """The entries of a section by path; none where there is none to be read."""
    if section is None:
        return {}
    try:
        return msgspec.msgpack.decode(section, type=_Entries)
    except msgspec.MsgspecError:
        return {}


def dump(entries: _Entries, now: int) -> bytes:
    """The section for the next run; stamps that are too young are forgotten."""
    kept = {
        path: msgspec.structs.replace(entry, stamp=trusted(entry.stamp, now))
        for path, entry in entries.items()
    }
    return msgspec.msgpack.encode(kept)
