"""`loralint inventory`: every load of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from loralint.cli import options
from loralint.cli.loads import in_words, naming, shown
from loralint.cli.output import leave, put
from loralint.cli.session import Reading, Session, open_session
from loralint.facts import FileFacts
from loralint.project import Load
from loralint.text import visible

HEAD = ("PLACE", "ARTIFACT", "REPO ID", "REVISION", "STAGE", "LOADER")


@click.command("inventory")
@options.paths
@options.output("text", "json")
@options.reading
def command(
    paths: tuple[str, ...], output_format: str, output_file: str | None, **reading: Any
) -> None:
    """List every place that loads a model, with what it loads, and at which revision."""
    session = open_session(paths, Reading(**reading))
    gathered = session.gather()
    loads = [one for one in gathered.project.loads if session.request.reports(one.place.path)]
    loads.sort(key=lambda load: (load.place.path, load.place.cell or 0, load.place.span))
    render = {"text": _text, "json": _json}[output_format]
    put(render(session, loads, gathered.project.files), output_file)
    leave(gathered.files)


def _json(session: Session, loads: Sequence[Load], files: Mapping[str, FileFacts]) -> str:
    name = naming(session).filename
    listed = [shown(load, name(load.place.path), files) for load in loads]
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def _text(session: Session, loads: Sequence[Load], files: Mapping[str, FileFacts]) -> str:
    """A table; its columns are as wide as their widest cell, the last one excepted."""
    if not loads:
        return "No loads found.\n"
    rows = [HEAD, *(_row(session, load) for load in loads)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "".join(_line(row, widths) for row in rows)


def _row(session: Session, load: Load) -> tuple[str, ...]:
    site = load.site
    where = naming(session).where(load.place)
    cells = (where, site.artifact, in_words(site.repo_id), in_words(site.revision))
    return tuple(visible(cell) for cell in (*cells, load.stage, site.loader))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
    return "  ".join(padded).rstrip() + "\n"
