"""Whether a file may be changed as proposed: it still parses, and says what it said."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable

from loralint.diagnostics import Edit
from loralint.fix.documents import text_of
from loralint.fix.keys import repeated
from loralint.fix.meaning import Meant, same
from loralint.fix.rows import Rows
from loralint.read import extract
from loralint.source import Source

_PLAIN = re.compile(r"[\w./-]+")


def problem(before: Source, after: Source, meant: Meant) -> str:
    """Why the new content must not be written, in words; "" where it may be."""
    said, says = extract(before, whole=True), extract(after, whole=True)
    if says.error and not said.error:
        return f"it would no longer parse: {says.error.message}"
    if says.error and after.kind == "python":
        return "nothing can read it as a whole"
    try:
        reason = "" if says.error else _syntax(before, after)
    except RecursionError:
        return "it is nested too deeply to be read again"
    if reason or same(said, says, meant):
        return reason
    return "it would say more or other things than the fix means to change"


def literals(source: Source, edits: Iterable[Edit]) -> dict[str, str]:
    """The literals that edits write anew, old → new."""
    found: dict[str, str] = {}
    for edit in edits:
        old, new = _literal(_covered(source, edit)), _literal(edit.content)
        if old and new and old != new:
            found[old] = new
    return found


def _literal(text: str) -> str:
    """What a literal stands for; "" where the text is none."""
    if _PLAIN.fullmatch(text):
        return text
    if text[:1] in ('"', "'"):
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return ""
        return value if isinstance(value, str) else ""
    return ""


def _covered(source: Source, edit: Edit) -> str:
    """The text that an edit replaces."""
    if source.kind == "notebook":
        from loralint.read import cells

        text = "\n".join(cells.lines(source.content, edit.place.cell or 0))
    else:
        text = text_of(source)
    rows = Rows(text, yaml=source.kind == "yaml")
    span = edit.place.span
    return text[rows.offset(span.start) : rows.offset(span.end)]


def _syntax(before: Source, after: Source) -> str:
    """Why the new content is no longer a file of its kind."""
    if after.kind == "python":
        return _compiled(text_of(after)) if not _compiled(text_of(before)) else ""
    if after.kind == "notebook":
        return _notebook(before.content, after.content)
    if after.kind in ("yaml", "json") and repeated(text_of(after)) > repeated(text_of(before)):
        return "a key would stand there twice"
    return ""


def _compiled(text: str) -> str:
    """Why Python refuses a module: it sees what a parser does not, such as a repeated keyword."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<fixed>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError) as error:
        return f"Python would refuse it: {error}"
    return ""


def _notebook(before: bytes, after: bytes) -> str:
    """Everything beside the cells' source is what it was."""
    return "" if _rest(before) == _rest(after) else "more than a cell's source would change"


def _rest(content: bytes) -> object:
    return json.loads(content, object_hook=_without_source, strict=False)


def _without_source(found: dict[str, object]) -> dict[str, object]:
    if "cell_type" not in found:
        return found
    return {key: value for key, value in found.items() if key not in ("source", "input")}
