"""`loralint check`: lint."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NoReturn, get_args

import click

from loralint.cli import fixing as fixes, options
from loralint.cli.output import NOTHING_READ, in_colour, leave, put, statistics
from loralint.cli.session import Reading, Session, open_session
from loralint.config import FailOn
from loralint.diagnostics import SEVERITIES, Diagnostic
from loralint.engine.request import Outcome
from loralint.report import FORMATS, renderer
from loralint.report.base import Report
from loralint.report.text import silenced

if TYPE_CHECKING:
    from loralint.fix.applying import Mended

READING = tuple(each.name for each in fields(Reading))
SUMMARISED = frozenset({"full", "markdown"})
"""Formats that say themselves what was not looked at, and what was silenced."""

FLAGS = ("select", "extend_select", "ignore", "strict", "fail_on", "baseline")


@dataclass(frozen=True)
class _Answer:
    """How the outcome is shown; `aside` where standard output holds a mended file."""

    output_format: str
    output_file: str | None
    statistics: bool
    verbose: int
    colour: bool
    unsafe_fixes: bool = False
    fixed: int | None = None
    aside: bool = False


@click.command("check")
@options.paths
@options.rules("--select", "Rules to run in place of the default ones.")
@options.rules("--extend-select", "Rules to run as well.")
@options.rules("--ignore", "Rules not to run.")
@fixes.options
@click.option("--strict", is_flag=True, help="Also run every rule that is off by default.")
@click.option(
    "--fail-on",
    type=click.Choice(get_args(FailOn)),
    help="Lightest severity that makes the exit code 1.  [default: warning]",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option(
    "--allow-empty",
    is_flag=True,
    help="Exit with 0 where there is no file to read: for hooks.",
)
@click.option(
    "--baseline",
    type=click.Path(),
    metavar="FILE",
    help="Accepted findings, as `loralint baseline` writes them.",
)
@click.option(
    "--stranger",
    is_flag=True,
    help="For code that you do not trust: no settings, comments or baseline of its own count.",
)
@click.option("--no-baseline", is_flag=True, help="Report what a baseline accepts, too.")
@click.option("--no-ignores", is_flag=True, help="Honour no suppressing comment.")
@click.option(
    "--stdin-filename", metavar="FILE", help="Take this file's content from standard input."
)
@click.option(
    "--runtime",
    is_flag=True,
    help="Also load each pair that is flagged, from the local cache, and see what arrives.",
)
@click.option(
    "--trust-remote-code",
    is_flag=True,
    help="With --runtime: run Python code that a base brings, where its loader lets it.",
)
@click.option(
    "--runtime-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=1800,
    show_default=True,
    metavar="SECONDS",
    help="With --runtime: how long one load may take.",
)
@click.option("--statistics", is_flag=True, help="Show how often each rule found something.")
@options.output(*FORMATS)
@options.reading
@options.loudness
def command(paths: tuple[str, ...], **given: Any) -> None:
    """Find what would put an adapter on another base than it was trained on.

    Files and folders; the current one by default. A file is read with the project around it, and
    what touches it is reported.
    """
    began = time.perf_counter()
    if given["no_baseline"] and given["baseline"]:
        raise click.UsageError("--baseline and --no-baseline: give one of them")
    if given["stranger"]:
        given |= {"isolated": True, "no_ignores": True}
    flags = {name: given[name] for name in FLAGS}
    if given["exit_zero"]:
        flags["fail_on"] = "never"
    session = open_session(
        paths,
        Reading(**{name: given[name] for name in READING}),
        flags,
        stdin_filename=given["stdin_filename"],
        honour_ignores=not given["no_ignores"],
        honour_baseline=not given["no_baseline"],
    )
    fixing = fixes.fixing(given)
    outcome, mended, decided = _outcome(session, fixing, given)
    if not outcome.diagnostics and not outcome.files and given["allow_empty"]:
        click.echo("Nothing to check.", err=True)
        _leave(0)
    if mended is not None and fixing.diff:
        _leave(fixes.show_diff(session, mended, given["output_file"]))
    failed = fixes.write(session, mended) if mended is not None else 0
    answer = _answer(given, mended.fixed if mended else None)
    _show(session, outcome, answer, time.perf_counter() - began)
    code = _code(session, outcome)
    undecided = code == 0 and not decided and not given["exit_zero"]
    _leave(failed or (NOTHING_READ if undecided else code))


def _leave(code: int) -> NoReturn:
    click.get_current_context().exit(code)


def _outcome(
    session: Session, fixing: fixes.Fixing, given: dict[str, Any]
) -> tuple[Outcome, Mended | None, bool]:
    """The findings, the files as mended, and whether all that was to be decided has been."""
    outcome, mended = fixing.outcome(session)
    if not given["runtime"] or fixing.diff:
        return outcome, mended, True
    from loralint.cli.runtime import Asked, with_runtime

    asked = Asked(given["trust_remote_code"], given["runtime_timeout"], given["quiet"])
    outcome, decided = with_runtime(session, outcome, asked)
    return outcome, mended, decided


def _answer(given: dict[str, Any], fixed: int | None) -> _Answer:
    return _Answer(
        given["output_format"],
        given["output_file"],
        given["statistics"],
        given["verbose"] - given["quiet"],
        in_colour(given["color"], given["output_file"]),
        given["unsafe_fixes"],
        fixed,
        aside=fixed is not None and given["stdin_filename"] is not None,
    )


def _show(session: Session, outcome: Outcome, answer: _Answer, seconds: float) -> None:
    if answer.statistics:
        text = statistics(outcome.diagnostics, answer.output_format)
    else:
        text = _rendered(session, outcome, answer, seconds)
    put(text, answer.output_file, colour=answer.colour, aside=answer.aside)


def _rendered(session: Session, outcome: Outcome, answer: _Answer, seconds: float) -> str:
    report = Report(
        diagnostics=outcome.diagnostics,
        skipped=outcome.skipped,
        suppressed=outcome.suppressed,
        baselined=outcome.baselined,
        files=outcome.files,
        left_out=outcome.left_out,
        ignored=outcome.ignored,
        seconds=seconds,
        sources=session.lines,
        rules=_rule_docs,
        root_prefix=session.prefix,
        working_directory=session.working_directory,
        colour=answer.colour,
        verbose=max(answer.verbose, 0),
        unsafe_fixes=answer.unsafe_fixes,
        fixed=answer.fixed,
        unused_settings=() if session.isolated else outcome.unused_settings,
    )
    if session.is_elsewhere:
        report = _from_here(session, report)
    told = silenced(report)
    if told and answer.output_format not in SUMMARISED and answer.verbose >= 0:
        click.echo(told, err=True)
    render = renderer(answer.output_format)
    if answer.output_format != "full":
        return render(report)
    width = shutil.get_terminal_size((100, 24)).columns
    text = render(report, width=max(60, min(width, 140)))
    return text if answer.verbose >= 0 else _findings_alone(text)


def _from_here(session: Session, report: Report) -> Report:
    """A report whose messages name places as its findings do."""
    import msgspec

    from loralint.report import places

    names = report.filename, session.is_file
    return msgspec.structs.replace(
        report,
        diagnostics=places.diagnostics(report.diagnostics, *names),
        skipped=places.skipped(report.skipped, *names),
    )


def _findings_alone(text: str) -> str:
    """A full report without its last paragraph, the summary."""
    findings, blank, _ = text.rpartition("\n\n")
    return f"{findings}\n" if blank else ""


def _rule_docs() -> Iterable[Any]:
    from loralint.cli.rule import rule_docs

    return rule_docs()


def _code(session: Session, outcome: Outcome) -> int:
    """1 for findings that are grave enough, else 0; where nothing was checked, that is a 3."""
    limit = session.settings.config.fail_on
    if any(_fails(found, limit) for found in outcome.diagnostics):
        return 1
    if not outcome.diagnostics:
        leave(outcome.files)
    return 0


def _fails(found: Diagnostic, limit: FailOn) -> bool:
    if limit == "never":
        return False
    return SEVERITIES.index(found.severity) <= SEVERITIES.index(limit)
