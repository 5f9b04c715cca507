"""Small projects, run through the command line: what it says of each file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from loralint.cli import loralint

Found = list[dict[str, Any]]


def write(folder: Path, files: Mapping[str, str]) -> None:
    (folder / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def ask(folder: Path, *arguments: str) -> Found:
    """The JSON of `loralint ARGUMENTS` in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        asked = [*arguments, "--isolated", "--no-cache", "--output-format", "json"]
        result = CliRunner().invoke(loralint, asked)
    finally:
        os.chdir(before)
    assert result.exit_code in (0, 1), result.output
    found: Found = json.loads(result.stdout)
    return found


def inventory(folder: Path, files: Mapping[str, str]) -> Found:
    """Every load of a project of these files."""
    write(folder, files)
    return ask(folder, "inventory")


def pairs(folder: Path, files: Mapping[str, str]) -> Found:
    """Which training load and which inference load belong together."""
    write(folder, files)
    return ask(folder, "pairs")


def check(folder: Path, files: Mapping[str, str], select: str) -> Found:
    """The findings of the selected rules."""
    write(folder, files)
    return ask(folder, "check", "--select", select)


def codes(folder: Path, files: Mapping[str, str], select: str) -> list[str]:
    """The codes of the selected rules' findings."""
    return [one["code"] for one in check(folder, files, select)]


def loads(folder: Path, files: Mapping[str, str], *paths: str) -> list[tuple[str, str, str]]:
    """Artifact, id and revision of every load, several values apart by `|`."""
    found = inventory(folder, files)
    return [
        (one["artifact"], "|".join(one["repo_id"]["values"]), "|".join(one["revision"]["values"]))
        for one in found
        if not paths or one["filename"] in paths
    ]


def each(folder: Path, texts: Mapping[str, str], command: str = "inventory") -> dict[str, Found]:
    """What a command says of each of many files that have nothing to do with one another."""
    names = {key: f"case_{number}.py" for number, key in enumerate(texts)}
    write(folder, {names[key]: text for key, text in texts.items()})
    found = ask(folder, command)
    return {key: [one for one in found if one["filename"] == names[key]] for key in texts}
