"""`loralint verify`: load the pair for real, and prove that the adapter arrives."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loralint.cli import options, verify_many
from loralint.cli.output import in_colour, put
from loralint.report import FORMATS
from loralint.text import visible
from loralint.verify import child
from loralint.verify.case import DTYPES, QUANTIZATIONS
from loralint.verify.result import (
    EXIT_CODES,
    SILENT,
    TIERS,
    Progress,
    UnusableInputError,
    Verdict,
    Verification,
    joined,
    overall,
)

if TYPE_CHECKING:
    from loralint.verify.case import Case

LIBRARIES = ("torch", "transformers", "peft", "safetensors", "accelerate")
WEIGHTLESS = {"header", "dry-run"}
_SAID = ("base", "revision", "quantization", "dtype", "device", "trust_remote_code", "offline")


@click.command("verify")
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@click.option(
    "--list",
    "listed",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Verify the adapters that FILE names, one a line.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="With several adapters: leave out those that --output-file has a line of.",
)
@click.option("--base", metavar="ID|FOLDER", help="The base, if not the one that is recorded.")
@click.option("--revision", metavar="REV", help="The base's revision.  [default: as recorded]")
@click.option(
    "--quantization",
    type=click.Choice(QUANTIZATIONS),
    help="How the base is loaded.  [default: as recorded, else nf4 if that goes]",
)
@click.option(
    "--dtype", type=click.Choice(DTYPES), help="Type of the base's other weights.  [default: auto]"
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]",
    help="Where to load; auto spreads a large base over what there is.",
)
@click.option(
    "--tier",
    "tiers",
    type=click.Choice(TIERS),
    multiple=True,
    help="Run this tier and no others; may be repeated.  [default: all, until one decides]",
)
@click.option(
    "--pair",
    nargs=2,
    type=click.Path(exists=True, path_type=Path),
    metavar="TRAIN INFER",
    help="Verify the adapter that TRAIN saves on the base that either file loads.",
)
@click.option(
    "--merged",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Check this merged model against an exact replay of the merge.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=child.TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this: a hanging load, or an adapter's patterns without end.",
)
@click.option("--trust-remote-code", is_flag=True, help="Run Python code that the base brings.")
@click.option("--offline", is_flag=True, help="Use no network, only the Hub's local cache.")
@options.output(*FORMATS)
@options.loudness
def command(adapters: tuple[str, ...], **given: Any) -> None:
    """Prove that an adapter arrives on its base, tensor by tensor.

    ADAPTER is a folder or a Hub id (`org/name`, `org/name@revision`); of a folder with several
    adapters, each is verified. Several ADAPTERs, or a --list of them, are verified in groups of one
    base, which is loaded once; `--output-format json` writes a line for each as it comes.

    Exits with 0 when it is verified, 1 when it is not, 3 when it could not be decided, and 2 when
    there is no adapter.
    """
    adapters = tuple(verify_many.named(adapters, given["listed"]))
    many = len(adapters) > 1 or given["listed"] is not None
    if (not adapters) == (given["pair"] is None):
        raise click.UsageError("name an adapter, or two files with --pair")
    if many and given["merged"] is not None:
        raise click.UsageError("--merged is of one adapter")
    if given["resume"] and not (many and given["output_format"] == "json"):
        raise click.UsageError("--resume needs several adapters and --output-format json")
    prepare(given["offline"])
    limit = given["timeout"] * max(1, len(adapters))
    ended = child.watched(limit) if given["pair"] is None else None
    adapter = adapters[0] if adapters else None
    if ended is not None and ended.code is not None:
        click.get_current_context().exit(_exit_code(ended.code))
    _hasten(given)
    if many:
        if ended:
            raise click.ClickException(child.NOT_IN_TIME)
        click.get_current_context().exit(EXIT_CODES[_many(adapters, given)])
    began = time.perf_counter()
    try:
        outcomes = (_not_in_time(adapter, given),) if ended else _outcomes(adapter, given)
    except UnusableInputError as error:
        raise click.ClickException(visible(str(error))) from error
    _show(adapter, outcomes, given, time.perf_counter() - began)
    click.get_current_context().exit(EXIT_CODES[overall(outcomes)])


def _many(adapters: Sequence[str], given: dict[str, Any]) -> Verdict:
    """Verify one after the other, and write each as it comes."""
    from loralint.verify.case import Asked

    asked = Asked(**{name: given[name] for name in _SAID})
    before = verify_many.lines_before(given["output_file"]) if given["resume"] else {}
    lines = verify_many.Lines(given, before)
    with progress_for(given["quiet"]) as progress:
        for outcome in verify_many.verify_all(adapters, asked, given, progress, set(before)):
            lines.add(outcome)
    lines.close(in_colour(given["color"], given["output_file"]))
    return lines.verdict()


def _hasten(given: dict[str, Any]) -> None:
    """Where no weights are loaded most of the time is imports; the header needs none at all."""
    tiers = set(given["tiers"])
    if "dry-run" in tiers and tiers <= WEIGHTLESS and not given["trust_remote_code"]:
        from loralint.verify.forecast import hide_what_is_not_needed

        hide_what_is_not_needed()


def _exit_code(code: int) -> int:
    """That of the half that has done the work; what kills it leaves nothing decided."""
    if code == -signal.SIGKILL:
        click.echo("Error: the process was killed, most likely because memory was full", err=True)
    return code if code >= 0 else EXIT_CODES["inconclusive"]


def _not_in_time(adapter: str | None, given: dict[str, Any]) -> Verification:
    from loralint.verify.tiers import undecided

    return undecided(str(adapter), given["base"], given["revision"], child.NOT_IN_TIME)


def prepare(offline: bool) -> None:
    """Say what is missing, and set what the libraries read when they are imported."""
    from importlib.util import find_spec

    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"verification needs {', '.join(missing)}: pip install 'loralint[runtime]'"
        )
    child.end_on_sigterm()
    gc.enable()  # models hold tensors in cycles
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _outcomes(adapter: str | None, given: dict[str, Any]) -> tuple[Verification, ...]:
    from loralint.cli.verify import progress_for
    from loralint.verify.case import Asked

    asked = Asked(**{name: given[name] for name in _SAID})
    with progress_for(given["quiet"]) as progress:
        if given["pair"] is not None:
            from loralint.verify.pairing import verify_pair

            train, infer = given["pair"]
            return verify_pair(
                train, infer, asked, tuple(given["tiers"]), progress, given["timeout"]
            )
        planned = verify_many.cases(str(adapter), asked, alone=given["merged"] is not None)
        return tuple(_outcome(one, given, progress) for one in planned)


def _outcome(
    planned: Case | Verification, given: dict[str, Any], progress: Progress
) -> Verification:
    from loralint.verify.tiers import verify, verify_merged

    if isinstance(planned, Verification):
        return planned
    if given["merged"] is not None:
        return verify_merged(planned, given["merged"], progress)
    return verify(planned, given["tiers"], progress)


def _show(
    adapter: str | None,
    outcomes: tuple[Verification, ...],
    given: dict[str, Any],
    seconds: float,
) -> None:
    from loralint.cli.verify_output import render

    colour = in_colour(given["color"], given["output_file"])
    loudness = given["verbose"] - given["quiet"]
    if adapter is not None and given["output_format"] == "json" and len(outcomes) > 1:
        outcomes = (joined(adapter, outcomes),)
    text = render(given["output_format"], outcomes, seconds, colour=colour, loudness=loudness)
    put(text, given["output_file"], colour=colour)


class _Shown(Progress):
    """A line for each step with its time; the libraries draw their own bars below it.

    `after` is how long a step has to take before it is named: in a log the short ones are noise.
    """

    def __init__(self, after: float) -> None:
        self._after = after

    @contextmanager
    def step(self, label: str, total: int = 0) -> Iterator[None]:
        began = time.perf_counter()
        timer = threading.Timer(self._after, _say, (f"  {label} ...",))
        timer.daemon = True
        timer.start()
        if not self._after:
            timer.join()
        try:
            yield
        finally:
            timer.cancel()
        seconds = time.perf_counter() - began
        if seconds >= max(1.0, self._after):
            _say(f"  {label}: {seconds:.1f} s")


def _say(line: str) -> None:
    """A line on standard error; names of bases and folders are other people's words."""
    sys.stderr.write(f"{visible(line)}\n")
    sys.stderr.flush()


OFF_TERMINAL = 5.0
"""Seconds that a step takes before a log is told of it."""


@contextmanager
def progress_for(quiet: int) -> Iterator[Progress]:
    """The progress to show; the libraries keep quiet where nothing is shown.

    What they warn about we look at ourselves, and report as findings.
    """
    shown = sys.stderr.isatty() and not quiet
    if not shown:
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if quiet:
            yield SILENT
        else:
            yield _Shown(0.0 if shown else OFF_TERMINAL)
