"""Loads as `inventory` and `pairs` show them: objects for programs, words for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loralint.cli.session import Session
from loralint.facts import (
    ABSENT,
    Absent,
    Default,
    FileFacts,
    Known,
    Reason,
    Scalar,
    Unknown,
    Value,
    leaves,
)
from loralint.project import Load
from loralint.project.stopped import told
from loralint.refs import is_repo_id
from loralint.report.base import Report
from loralint.rules.judgement.pinning import hub_ids, kinds
from loralint.rules.judgement.values import by_default
from loralint.source import Location, Place


def shown(
    load: Load, filename: str, files: Mapping[str, FileFacts] = MappingProxyType({})
) -> dict[str, Any]:
    """A load in the words of design.md's contract; `files` say what stopped an unknown one."""
    site = load.site
    return {
        **at(load.written, filename),
        "loader": site.loader,
        "artifact": site.artifact,
        "repo_id": repo_id(load, files),
        "revision": revision(site.revision),
        "stage": load.stage,
    }


def at(place: Place, filename: str) -> dict[str, Any]:
    """A place, for programs."""
    return {"filename": filename, "cell": place.cell, "location": _location(place.span.start)}


def repo_id(load: Load, files: Mapping[str, FileFacts]) -> dict[str, Any]:
    """What is loaded, and how sure that is."""
    value = load.site.repo_id
    return {"status": _status(load), "values": _values(value), "reason": _reason(value, files)}


def revision(value: Value) -> dict[str, Any]:
    """At which revision; one that only some branches set is unknown."""
    found = kinds(ABSENT if value == Unknown(Reason.MIRRORED) else value)
    status = next(iter(found)) if len(found) == 1 else "unknown"
    return {"status": status, "values": _values(value)}


def _status(load: Load) -> str:
    value = load.site.repo_id
    options = leaves(value)
    texts = [one.value for one in options if isinstance(one, (Known, Default))]
    if len(texts) < len(options) or not all(isinstance(text, str) and text for text in texts):
        return "unknown"
    several = len(set(texts)) > 1
    if load.download is not None and not several:
        return "default" if by_default(value) else "known"
    if not hub_ids(load) and not (several and any(is_repo_id(str(text)) for text in texts)):
        return "local"
    if several:
        return "choice"
    return "default" if by_default(value) else "known"


def _values(value: Value) -> list[Scalar]:
    return [one.value for one in leaves(value) if isinstance(one, (Known, Default))]


def _reason(value: Value, files: Mapping[str, FileFacts]) -> str | None:
    reasons = [told(files, one) for one in leaves(value) if isinstance(one, Unknown)]
    return "; ".join(dict.fromkeys(reasons)) or None


def _location(location: Location) -> dict[str, int]:
    return {"row": location.row, "column": location.column}


def in_words(value: Value) -> str:
    """A value in a word or two: `-` for nothing, `?` for what cannot be known."""
    return " | ".join(_leaf(one) for one in leaves(value))


def _leaf(value: Value) -> str:
    if isinstance(value, Absent):
        return "-"
    if isinstance(value, Default):
        return f"{value.value} (default)"
    return str(value.value) if isinstance(value, Known) else "?"


def naming(session: Session) -> Report:
    """An empty report, which knows how to name the project's files."""
    return Report(root_prefix=session.prefix, working_directory=session.working_directory)
