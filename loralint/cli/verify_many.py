"""`loralint verify A B C`, `--list FILE`: many adapters, each base loaded once, a line for each."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loralint.cli.output import put
from loralint.cli.verify_output import as_object, render
from loralint.reading import read_whole
from loralint.report.text import to_json

if TYPE_CHECKING:
    from loralint.verify.case import Asked, Case
    from loralint.verify.result import Progress, Verdict, Verification


def named(adapters: Sequence[str], listed: str | None) -> list[str]:
    """The adapters of the command line and of the file, each once; a `#` begins a comment."""
    if listed is None:
        return list(dict.fromkeys(adapters))
    try:
        lines = read_whole(listed).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--list {listed}: {error}") from error
    said = (line.partition(" #")[0].strip() for line in lines if not line.startswith("#"))
    return list(dict.fromkeys([*adapters, *(one for one in said if one)]))


LARGEST = 2**30
"""Bytes of an earlier run's lines: of thousands of adapters."""


def lines_before(output_file: str | None) -> dict[str, dict[str, Any]]:
    """The objects of an earlier run's file by their adapters, without a line half written."""
    if output_file is None:
        raise click.UsageError("--resume goes on in an --output-file: name the one to go on in")
    if not Path(output_file).is_file():
        return {}
    found = map(_object, read_whole(output_file, LARGEST).decode().splitlines())
    return {str(one["adapter"]): one for one in found if one is not None}


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:  # the run was ended in the middle of it
        return None
    return found if isinstance(found, dict) and "adapter" in found and "verdict" in found else None


def cases(adapter: str, asked: Asked, *, alone: bool) -> list[Case | Verification]:
    """A case for each adapter of the folder, or why there is none; `alone` leaves subfolders."""
    from loralint.verify.case import NotAvailableError, case_for, several
    from loralint.verify.folder import PickledError
    from loralint.verify.tiers import undecided

    found: list[Case | Verification] = []
    try:
        at, places = (None, ("",)) if alone else several(adapter, asked)
    except NotAvailableError as error:
        return [undecided(adapter, asked.base, asked.revision, str(error))]
    for below in places:
        try:
            found.append(case_for(adapter, asked, at=at, below=below, alone=alone))
        except (NotAvailableError, PickledError) as error:
            name = f"{adapter}/{below}" if below else adapter
            found.append(undecided(name, asked.base, asked.revision, str(error)))
    return found


def verify_all(
    adapters: Sequence[str],
    asked: Asked,
    given: dict[str, Any],
    progress: Progress,
    done: Collection[str] = (),
) -> Iterator[Verification]:
    """The outcome of each adapter that is not `done`, those of one base behind one another.

    What is broken is one undecided adapter, and the others are verified.
    """
    from loralint.verify import shelf

    left = [one for one in adapters if one not in done]
    planned = [case for one in left for case in _each(one, asked) if _name(case) not in done]
    with shelf.shared():
        for one in _by_base(planned):
            yield _outcome(one, given, progress)


def _each(adapter: str, asked: Asked) -> list[Case | Verification]:
    from loralint.verify.result import UnusableInputError
    from loralint.verify.tiers import undecided

    try:
        return cases(adapter, asked, alone=False)
    except UnusableInputError as error:
        return [undecided(adapter, asked.base, asked.revision, str(error))]


def _name(planned: Case | Verification) -> str:
    from loralint.verify.result import Verification

    return planned.adapter if isinstance(planned, Verification) else planned.name


def _outcome(
    planned: Case | Verification, given: dict[str, Any], progress: Progress
) -> Verification:
    from loralint.verify.result import UnusableInputError, Verification
    from loralint.verify.tiers import undecided, verify

    if isinstance(planned, Verification):
        return planned
    try:
        return verify(planned, given["tiers"], progress)
    except UnusableInputError as error:
        reason = str(error)
    except Exception as error:  # one of many: the others are worth more than its traceback
        reason = f"internal error: {type(error).__name__}: {error}"
    return undecided(planned.name, planned.base, planned.revision, reason)


def _by_base(planned: Sequence[Case | Verification]) -> list[Case | Verification]:
    """In groups of one base, revision and quantisation, each where its first adapter stands."""
    order: dict[object, int] = {}
    for one in planned:
        order.setdefault(_key(one), len(order))
    return sorted(planned, key=lambda one: order[_key(one)])


def _key(planned: Case | Verification) -> object:
    from loralint.verify.result import Verification

    if isinstance(planned, Verification):
        return None
    return (planned.base, planned.revision, planned.quantization, planned.dtype)


class Lines:
    """What is said of many adapters: JSON lines as they come, other formats when all have come."""

    def __init__(self, given: dict[str, Any], before: Mapping[str, dict[str, Any]]) -> None:
        self._given = given
        self._lines = [json.dumps(one) for one in before.values()]
        self._verdicts: list[Verdict] = [one["verdict"] for one in before.values()]
        self._outcomes: list[Verification] = []
        self._began = time.perf_counter()

    def add(self, outcome: Verification) -> None:
        self._outcomes.append(outcome)
        self._verdicts.append(outcome.verdict)
        if self._given["output_format"] != "json":
            return
        line = json.dumps(json.loads(to_json(as_object(outcome))))
        self._lines.append(line)
        if self._given["output_file"] is None:
            put(line + "\n", None)
        else:
            put("\n".join(self._lines) + "\n", self._given["output_file"])

    def close(self, colour: bool) -> None:
        """Write what was kept back."""
        if self._given["output_format"] == "json":
            return
        loudness = self._given["verbose"] - self._given["quiet"]
        seconds = time.perf_counter() - self._began
        text = render(
            self._given["output_format"], self._outcomes, seconds, colour=colour, loudness=loudness
        )
        put(text, self._given["output_file"], colour=colour)

    def verdict(self) -> Verdict:
        """The gravest, of earlier runs' lines too."""
        if "failed" in self._verdicts:
            return "failed"
        return "verified" if set(self._verdicts) == {"verified"} else "inconclusive"
