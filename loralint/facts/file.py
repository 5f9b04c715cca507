"""Everything that one file says."""

from __future__ import annotations

from loralint.facts.code import CallFact, ClassFact, FileError, FunctionFact, Suppression
from loralint.facts.commands import CommandFact, InstallFact
from loralint.facts.folders import AdapterFacts
from loralint.facts.sites import LoadSite, SaveSite
from loralint.facts.terms import ABSENT, Fact, Term
from loralint.lockfile import Lock
from loralint.source import Span


class LockFacts(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A lock file, with the rows at which its artifacts begin, in the same order."""

    lock: Lock
    rows: tuple[int, ...] = ()


class FileFacts(Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """Everything that one file says.

    `functions` and `classes` hold several of one name where branches define it differently: each is
    a possible meaning. `names` binds the module's global names at its end, to a Choice where
    branches differ; `imports` lists the modules named in
    import statements, `star_imports` those of `from x import *`; `data` is the content of a
    configuration file. `loads` and `saves` hold what needs no linking (recipes, command lines),
    `commands` the command lines that run scripts, `installs` the packages that some install.
    `further_errors` are those of a notebook's other cells. `literals` are the places of texts that
    may be revisions, by number (`loralint.literals`). `lock` is what a lock file says.
    """

    path: str
    calls: tuple[CallFact, ...] = ()
    functions: tuple[FunctionFact, ...] = ()
    classes: tuple[ClassFact, ...] = ()
    names: tuple[tuple[str, Term], ...] = ()
    imports: tuple[str, ...] = ()
    star_imports: tuple[str, ...] = ()
    data: Term = ABSENT
    loads: tuple[LoadSite, ...] = ()
    saves: tuple[SaveSite, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    error: FileError | None = None
    adapter: AdapterFacts | None = None
    commands: tuple[CommandFact, ...] = ()
    further_errors: tuple[FileError, ...] = ()
    literals: tuple[tuple[int, Span, int | None], ...] = ()
    lock: LockFacts | None = None
    installs: tuple[InstallFact, ...] = ()
