"""The content of a file with edits in it: bytes to bytes, whatever kind of file it is.

Encoding, byte order mark and line ends stay as they are. A file whose bytes would not come back
from their own text is left alone.
"""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Iterator, Sequence

from loralint.diagnostics import Edit
from loralint.fix import notebooks
from loralint.fix.rows import OutsideText, Rows
from loralint.source import Source


class Uneditable(Exception):
    """Why edits cannot be laid into a file, in words."""


def edited(source: Source, edits: Sequence[Edit]) -> bytes:
    """The content of a file with edits in it, none of which overlap; raises Uneditable."""
    mark, encoding, text = _decoded(source)
    try:
        if source.kind == "notebook":
            changed = notebooks.edited(text, edits)
        else:
            changed = Rows(text, yaml=source.kind == "yaml").edited(edits)
        return mark + changed.encode(encoding)
    except (OutsideText, ValueError) as error:
        raise Uneditable(str(error)) from error


def text_of(source: Source) -> str:
    """The text of a file; raises Uneditable where its bytes are none."""
    return _decoded(source)[2]


def _decoded(source: Source) -> tuple[bytes, str, str]:
    """The byte order mark, the encoding, and the text of a file."""
    encoding = _encoding(source)
    mark = codecs.BOM_UTF8 if source.content.startswith(codecs.BOM_UTF8) else b""
    plain = source.content.removeprefix(mark)
    try:
        text = plain.decode(encoding)
        same = text.encode(encoding) == plain
    except (UnicodeError, LookupError) as error:
        raise Uneditable(f"it is not {encoding} throughout") from error
    if not same:
        raise Uneditable(f"its bytes would not come back from {encoding}")
    return mark, encoding, text


def _encoding(source: Source) -> str:
    if source.kind != "python":
        return "utf-8"
    from loralint.read.python.parsing import coding

    return coding(source.content)


# --- changes as a unified diff, which `patch` and `git apply` read --------------------------------

_UNENDED = "\\ No newline at end of file"


def unified(name: str, old: bytes, new: bytes) -> str:
    """The diff of one file; empty where nothing changes."""
    if old == new:
        return ""
    before, after = _lines(old), _lines(new)
    lines = difflib.unified_diff(before, after, name, name, lineterm="\n")
    return "".join(_ended(lines))


def _lines(content: bytes) -> list[str]:
    """Lines as git counts them: only a line feed ends one."""
    text = content.decode("utf-8", errors="surrogateescape")
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _ended(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n{_UNENDED}\n"
