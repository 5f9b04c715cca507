"""Why a value is not known, told so that its author can act: the expression, and its place."""

from __future__ import annotations

from collections.abc import Mapping

from loralint.facts import (
    ClassFact,
    FileFacts,
    FunctionFact,
    Origin,
    OriginKind,
    Reason,
    Stop,
    Unknown,
)
from loralint.literals import declared_option

LONGEST = 60
"""Characters of a call's source that are shown."""


def told(files: Mapping[str, FileFacts], unknown: Unknown) -> str:
    """The reason in words, with what stopped it and where that stands."""
    stop = unknown.stop or _of_origin(files, unknown.origin)
    if stop is None:
        return _with_name(unknown)
    facts = files.get(stop.file)
    if facts is not None and stop.call is not None and stop.call < len(facts.calls):
        call = facts.calls[stop.call]
        stop = Stop(call.span.start.row, call.cell, stop.file)
        return f"{_of_call(unknown, call.text)} ({_place(stop)})"
    return f"{_with_name(unknown)} ({_place(stop)})"


def _of_call(unknown: Unknown, text: str) -> str:
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    if unknown.reason is Reason.ATTRIBUTE:
        return f"the attribute {unknown.what} of `{shown}`"
    if unknown.reason in (Reason.RESULT, Reason.OBJECT):
        return f"the result of `{shown}`"
    return f"{unknown.words}: `{shown}`"


def _with_name(unknown: Unknown) -> str:
    """The words, and what decides as its author writes it."""
    origin = unknown.origin
    named = origin is not None and origin.kind is not OriginKind.RESULT
    written = origin.written if origin is not None and named else ""
    if not written or written in unknown.words:
        return unknown.words
    return f"{unknown.words}: `{written}`"


def _place(stop: Stop) -> str:
    cell = f"#{stop.cell}" if stop.cell is not None else ""
    return f"{stop.file}{cell}:{stop.row}"


def _of_origin(files: Mapping[str, FileFacts], origin: Origin | None) -> Stop | None:
    """Where whoever decides is written: the option, the function, the class."""
    if origin is None:
        return None
    if origin.kind is OriginKind.JOINED or origin.parts:
        found = (_of_origin(files, part) for part in origin.parts if isinstance(part, Origin))
        return next((each for each in found if each is not None), None)
    facts = files.get(origin.file)
    if facts is None or not origin.name:
        return None
    if origin.kind is OriginKind.RESULT:
        return Stop(file=origin.file, call=origin.call)
    if origin.kind is OriginKind.OPTION:
        return _option(facts, origin.name[0])
    definitions: tuple[FunctionFact | ClassFact, ...] = (*facts.functions, *facts.classes)
    at = next((each.at for each in definitions if each.name == origin.name[0]), None)
    return Stop(at.row, at.cell, origin.file) if at is not None else None


def _option(facts: FileFacts, name: str) -> Stop | None:
    for call in facts.calls:
        if declared_option(call) == name:
            return Stop(call.span.start.row, call.cell, facts.path)
    return None
