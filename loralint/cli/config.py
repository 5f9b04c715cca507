"""`loralint config`: the settings that hold, and who set them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from loralint.cli import options
from loralint.cli.output import put
from loralint.cli.session import Reading, Session, open_session
from loralint.config.load import KEYS


@click.command("config")
@options.paths
@click.option(
    "--config",
    "config_file",
    type=click.Path(),
    metavar="FILE",
    help="Settings file to use instead of the nearest one.",
)
@click.option("--isolated", is_flag=True, help="Use no settings file.")
@options.output("text", "json")
def command(
    paths: tuple[str, ...],
    config_file: str | None,
    isolated: bool,
    output_format: str,
    output_file: str | None,
) -> None:
    """Show the settings that hold for a folder, and where each comes from."""
    session = open_session(paths, Reading(config_file, isolated))
    rows = _rows(session)
    if output_format == "json":
        document = {"root": session.request.root, "settings": rows}
        put(json.dumps(document, indent=2) + "\n", output_file)
        return
    lines = [f"# root: {session.request.root}"]
    lines += [f"{key} = {json.dumps(row['value'])}  # {row['source']}" for key, row in rows.items()]
    put("\n".join(lines) + "\n", output_file)


def _rows(session: Session) -> dict[str, dict[str, Any]]:
    values = asdict(session.settings.config)
    origins = session.settings.origins
    return {
        key: {"value": _plain(key, values[name]), "source": origins.get(name, "default")}
        for key, (name, _) in KEYS.items()
    }


def _plain(key: str, value: Any) -> Any:
    """A value as it would stand in a settings file."""
    return dict(value) if key in ("policies", "stages") else value
