"""Whole small projects through the command line: files in, JSON and exit codes out.

Nothing in this folder names a module inside the linker or a front end, and nothing spells an
origin: what is asserted is what a user sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loralint.cli import loralint

JSON = ("--isolated", "--no-cache", "--output-format", "json")
_COUNT = re.compile(r"(\d+) not decided")


def table(cases: Iterable[str], faults: Mapping[str, str] | None = None) -> list[Any]:
    """The names of cases as parameters; those with a known fault fail for the time being."""
    names = list(cases)
    known = dict(faults or {})
    assert set(known) <= set(names), "a fault of no case"
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=known[name]))
        if name in known
        else name
        for name in names
    ]


@dataclass(frozen=True)
class Small:
    """A small project, which is also the working directory."""

    root: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files of the project, or others in their place."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, *arguments: str) -> Result:
        """`loralint ARGUMENTS` in this process."""
        return CliRunner().invoke(loralint, list(arguments))

    def asked(self, command: str, *arguments: str) -> Any:
        """The JSON that a command prints."""
        result = self.run(command, *JSON, *arguments)
        assert result.exit_code in (0, 1), result.output
        return json.loads(result.stdout)

    def findings(self, *codes: str, paths: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """What `check --strict` finds, or those of some codes of it, in order."""
        found: list[dict[str, Any]] = self.asked("check", "--strict", *paths)
        return [one for one in found if not codes or one["code"] in codes]

    def found(self, *codes: str) -> list[tuple[str, str, int]]:
        """What is found, as codes and places."""
        return [
            (one["code"], one["filename"], one["location"]["row"]) for one in self.findings(*codes)
        ]

    def ids(self, path: str = "") -> list[str | list[str]]:
        """The repo id of every load in `inventory`: its one value, or all, or "? reason"."""
        return [_short(one["repo_id"]) for one in self.inventory(path)]

    def inventory(self, path: str = "") -> list[dict[str, Any]]:
        """The loads of `inventory`, or those of one file."""
        listed: list[dict[str, Any]] = self.asked("inventory")
        return [one for one in listed if path in ("", one["filename"])]

    def undecided(self, *arguments: str) -> tuple[int, list[str]]:
        """What `check` counts as not decided, and what it lists with `-v`, without the places."""
        plain, loud = (
            self.run("check", "--isolated", "--no-cache", *arguments, *more).output
            for more in ((), ("-v",))
        )
        counts = {int(match[1]) for text in (plain, loud) for match in _COUNT.finditer(text)}
        assert len(counts) <= 1, (plain, loud)
        _, _, listed = loud.partition("not decided:\n")
        lines = [line.strip() for line in listed.partition("\n\n")[0].splitlines()]
        return (counts or {0}).pop(), lines


def _short(value: dict[str, Any]) -> str | list[str]:
    if value["status"] == "unknown":
        return f"? {value['reason']}"
    values: list[str] = value["values"]
    return values[0] if len(values) == 1 else values


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    """An empty project."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    for name in ("COLUMNS", "FORCE_COLOR", "HF_HOME", "HF_HUB_OFFLINE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    return Small(root)
