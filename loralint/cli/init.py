"""`loralint init`: set a project up, in a way that git can undo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from loralint.cli import changes
from loralint.cli.init_hook import HOOKS_FILE, CannotAdd, entry, is_of_this_disk, with_hook
from loralint.cli.output import say
from loralint.cli.session import BASELINE
from loralint.config.load import OWN_FILE, SHARED_FILE
from loralint.reading import read_whole
from loralint.text import counted

SETTINGS = """\
# Which rules run, how firmly repositories must be pinned, which files train and which infer:
# `loralint config` shows what holds.
fail-on = "warning"
"""


@dataclass(frozen=True)
class _Change:
    """A file as it is to be; `old` is None where there is none yet."""

    name: str
    old: bytes | None
    new: bytes
    what: str


@click.command("init")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--start",
    type=click.Choice(["baseline", "pins", "nothing"]),
    help="What becomes of today's findings: accepted, pinned from the local Hub cache, or left.",
)
@click.option(
    "--accept-errors", is_flag=True, help="Let the baseline accept errors, too; else they stay."
)
@click.option("--no-hook", is_flag=True, help="Do not add a hook for pre-commit.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def command(
    folder: str, start: str | None, accept_errors: bool, no_hook: bool, dry_run: bool
) -> None:
    """Set loralint up in a project: settings, a hook for pre-commit, a baseline or pins.

    A baseline accepts today's warnings; errors it leaves for you to look at.

    Nothing is overwritten, and everything can be undone with git: files with changes that are not
    committed are left alone.
    """
    root = _repository(Path(folder))
    planned = [_settings(root)]
    if not no_hook:
        planned += _hook(root)
    start = start or _asked_for()
    _refuse(root, planned, start)
    for change in planned:
        say(f"{'Would write' if dry_run else 'Wrote'} {change.name}: {change.what}.")
        if not dry_run:
            changes.put(root / change.name, change.new, change.old, name=change.name, root=root)
    if dry_run:
        say(f"Would start with {start}.")
        return
    if start == "baseline":
        _baseline(root, accept_errors)
    elif start == "pins":
        _pins(root)
    else:
        click.echo("Today's findings are left: `loralint check` shows them.")
    _tell_how_to_undo(root)


def _repository(folder: Path) -> Path:
    """The folder, where git has it; without git nothing here could be undone."""
    if not (folder / ".git").exists():
        told = _git(folder, "rev-parse", "--show-toplevel")
        if told is None:
            raise click.UsageError(f"{folder} is in no git repository: run `git init` first")
    return folder.resolve()


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None where it fails or is not there."""
    try:
        answer = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None


# --- the settings -------------------------------------------------------------------------------


def _settings(root: Path) -> _Change:
    """`[tool.loralint]` at the end of pyproject.toml, or a file of its own."""
    shared = root / SHARED_FILE
    if (root / OWN_FILE).exists():
        raise click.UsageError(f"{OWN_FILE} is there already: this project is set up")
    old = read_whole(shared) if shared.is_file() else None
    new = _with_section(old, shared) if old is not None else None
    if old is None or new is None:
        return _Change(OWN_FILE, None, SETTINGS.encode(), "the settings")
    return _Change(SHARED_FILE, old, new, "the settings, in [tool.loralint]")


def _with_section(old: bytes, path: Path) -> bytes | None:
    """The file with the section; None where it cannot be added at its end."""
    before = _toml(old)
    if before is None:
        raise click.UsageError(f"{path.name} is not valid TOML: mend it first")
    tool = before.get("tool")
    if isinstance(tool, dict) and "loralint" in tool:
        raise click.UsageError(f"{path.name} has [tool.loralint] already: this project is set up")
    newline = b"\r\n" if b"\r\n" in old else b"\n"
    section = f"\n[tool.loralint]\n{SETTINGS}".encode().replace(b"\n", newline)
    new = old + (b"" if not old or old.endswith(b"\n") else newline) + section
    return new if _toml(new) is not None else None


def _toml(content: bytes) -> dict[str, Any] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None


# --- the hook -----------------------------------------------------------------------------------


def _hook(root: Path) -> Iterator[_Change]:
    path = root / HOOKS_FILE
    old = read_whole(path) if path.is_file() else None
    try:
        new = with_hook(old.decode() if old is not None else None)
    except (CannotAdd, UnicodeDecodeError) as error:
        click.echo(
            f"note: {HOOKS_FILE} is left as it is ({error}). Add this to its `repos`:\n\n{entry()}"
        )
        return
    if new is None:
        say(f"{HOOKS_FILE} has the hook already.")
    else:
        where = ", which installs the copy of this disk: change that" if is_of_this_disk() else ""
        yield _Change(HOOKS_FILE, old, new.encode(), f"a hook for pre-commit{where}")


# --- today's findings ---------------------------------------------------------------------------


def _asked_for() -> str:
    """What to do about today's findings: asked where somebody can answer, else a baseline."""
    if not sys.stdin.isatty():
        return "baseline"
    answer: str = click.prompt(
        "Today's findings: a baseline accepts them, pins mend what the local Hub cache knows",
        type=click.Choice(["baseline", "pins", "nothing"]),
        default="baseline",
    )
    return answer


def _baseline(root: Path, accept_errors: bool) -> None:
    from loralint.cli.session import Reading, open_session
    from loralint.engine import baseline
    from loralint.report.text import by_rule

    found = open_session([str(root)], Reading()).check().diagnostics
    if not found:
        click.echo("Nothing is found today: no baseline is needed.")
        return
    click.echo(f"Today's findings:\n{by_rule(found)}")
    accepted = [one for one in found if accept_errors or one.severity != "error"]
    if accepted:
        count = baseline.write(str(root / BASELINE), accepted, root)
        click.echo(f"Wrote {BASELINE}: {counted(count, 'finding')} of today, accepted.")
    left = len(found) - len(accepted)
    if left:
        click.echo(
            f"{counted(left, 'error')} not accepted: `loralint check` shows them, and after"
            " you have looked at them, `loralint baseline` accepts what is left."
        )


def _pins(root: Path) -> None:
    from loralint.cli.pin import command as pin

    click.echo("Pinning what the local Hub cache knows:")
    code = pin.main([str(root)], prog_name="loralint pin", standalone_mode=False)
    if code == 1:
        click.echo("Some loads are left: `loralint pin` tells which, and what to do.")


# --- safely -------------------------------------------------------------------------------------


def _refuse(root: Path, changes: list[_Change], start: str) -> None:
    """End before anything is written, where git could not undo it."""
    if start == "baseline" and (root / BASELINE).exists():
        raise click.UsageError(f"{BASELINE} is there already: `loralint baseline` renews it")
    names = [one.name for one in changes if one.old is not None]
    dirty = _git(root, "status", "--porcelain", "--", *names) if names else ""
    if dirty:
        raise click.UsageError(f"{_list(names)}: commit your changes first, so that git can undo")
    if start == "pins" and _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise click.UsageError(
            "pins change the code: commit your changes first, so that git can undo"
        )


def _tell_how_to_undo(root: Path) -> None:
    told = _git(root, "status", "--porcelain", "--", ".")
    rows = [row for row in (told or "").splitlines() if len(row) > 3]
    new = [row[3:] for row in rows if row.startswith("??") and _is_ours(row[3:])]
    changed = any(not row.startswith("??") for row in rows)
    commands = (["git restore ."] if changed else []) + ([f"rm {' '.join(new)}"] if new else [])
    if commands:
        say(f"To undo all of it: {' && '.join(commands)}")


def _is_ours(name: str) -> bool:
    return name.rpartition("/")[2] in (OWN_FILE, HOOKS_FILE, BASELINE)


def _list(names: list[str]) -> str:
    return " and ".join(names)
