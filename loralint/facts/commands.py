"""What a command line runs, and with which flags."""

from __future__ import annotations

from loralint.facts.terms import ABSENT, Fact, Value
from loralint.source import Span


class FlagFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A flag of a command: its name without dashes and with `_` for `-`, its value and its place.

    `several` tells that more than one word follows; `optional` that it is given on a condition.
    """

    name: str
    value: Value
    span: Span
    several: bool = False
    optional: bool = False


class CommandFact(Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """A command line that runs a Python script, or a tool with a configuration file.

    `script` is the path of the script as written, or `module` what `python -m` runs; `tool` with
    `recipe` the tool and its file. `folder` is the working directory: relative to where the
    command is run, or from the project's root with a leading slash. `open` tells that more flags
    may be given than are seen.
    """

    span: Span
    script: Value = ABSENT
    module: str = ""
    tool: str = ""
    recipe: Value = ABSENT
    folder: str = ""
    flags: tuple[FlagFact, ...] = ()
    text: str = ""
    open: bool = False
    cell: int | None = None


class InstallFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A package that a command installs: `transformers==4.40.0`, as it is asked for."""

    requirement: str
    span: Span
    cell: int | None = None
