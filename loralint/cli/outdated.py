"""`loralint outdated`: what moved at the Hub since it was pinned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from loralint.cli import hub_access, options
from loralint.cli.loads import naming
from loralint.cli.output import NOTHING_READ, leave, put
from loralint.cli.session import Reading, Session, open_session
from loralint.hub import Place
from loralint.hub.cache import LocalCache
from loralint.hub.outdated import Report, reports
from loralint.source import Place as Where
from loralint.text import visible

HEAD = ("REPO ID", "REF", "PINNED", "NOW", "CHANGED")
SHORT = 12


@click.command("outdated")
@options.paths
@options.output("text", "json")
@hub_access.network
@options.reading
def command(
    paths: tuple[str, ...],
    output_format: str,
    output_file: str | None,
    online: bool,
    endpoint: str | None,
    **reading: Any,
) -> None:
    """Show what moved since it was pinned, and whether files that matter changed.

    Without --online, pins are compared with what the local Hub cache was last told. Exits with 1
    where something moved, and with 3 where nothing did but not everything could be compared.
    """
    session = open_session(paths, Reading(**reading))
    gathered = session.gather()
    hub_access.refuse_unreadable_locks(gathered)
    leave(gathered.files)
    asking = hub_access.Asking(online, endpoint)
    cache, hub = LocalCache(), hub_access.hub_place(session, asking) if online else None
    places: list[Place] = [hub] if hub is not None else [cache]
    found = reports(gathered.project, hub_access.sources_of(gathered), cache, places, hub)
    found = [one for one in found if any(session.request.reports(w.path) for w in one.places)]
    if output_format == "json":
        put(_json(session, found), output_file)
    else:
        put(_text(found, "" if hub is None or hub.name == "hub" else hub.name), output_file)
    click.get_current_context().exit(_code(found))


def _code(found: Sequence[Report]) -> int:
    states = {one.status for one in found}
    return 1 if "moved" in states else NOTHING_READ if "unknown" in states else 0


def _json(session: Session, found: Sequence[Report]) -> str:
    """An array of objects, documented in docs/output-formats.md."""
    shown = [
        {
            "repo_id": one.held.repo.id,
            "repo_type": one.held.repo.type,
            "ref": one.held.ref or None,
            "pinned": one.held.commit,
            "latest": one.latest or None,
            "status": one.status,
            "changed": None
            if one.changed is None
            else {k: list(v) for k, v in one.changed.items()},
            "reason": one.reason or None,
            "places": [_place(session, where) for where in one.places],
        }
        for one in found
    ]
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _place(session: Session, where: Where) -> dict[str, Any]:
    start = where.span.start
    name = naming(session).filename(where.path)
    return {"filename": name, "cell": where.cell,
            "location": {"row": start.row, "column": start.column}}  # fmt: skip


def _text(found: Sequence[Report], hub: str) -> str:
    """A table of what has moved; `hub` is the address of one that is not everybody's."""
    moved = [one for one in found if one.status == "moved"]
    rows = [HEAD, *(_row(one, hub) for one in moved)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    unknown = [
        f"not compared: {_name(one)}: {one.reason}" for one in found if one.status == "unknown"
    ]
    current = sum(one.status == "current" for one in found)
    total = f"{len(moved)} moved, {current} up to date, {len(unknown)} not compared."
    return "\n".join(visible(line) for line in (*(lines if moved else ()), *unknown, total)) + "\n"


def _row(one: Report, hub: str) -> tuple[str, ...]:
    held = one.held
    by = f" ({hub})" if hub else ""
    latest = f"{one.latest[:SHORT]}{by}"
    return (str(held.repo), held.ref, held.commit[:SHORT], latest, _changes(one))


def _name(one: Report) -> str:
    return f"{one.held.repo} at {one.held.commit[:SHORT]}"


def _changes(one: Report) -> str:
    """Which parts differ: one file by its name, several by their number."""
    if one.changed is None:
        return "(not known)"
    parts = (
        f"{part} ({names[0] if len(names) == 1 else f'{len(names)} files'})"
        for part, names in one.changed.items()
    )
    return ", ".join(parts) or "nothing that matters"
