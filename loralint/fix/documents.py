"""The content of a file with edits in it: bytes to bytes, whatever kind of file it is.

Encoding, byte order mark and line ends stay as they are. A file whose bytes would not come back
from their own text is left alone.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

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
