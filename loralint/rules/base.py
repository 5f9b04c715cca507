"""What a rule is: a generator over the linked project, and the page that explains it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import TypeAlias

from loralint.catalog.folder_words import GIVEN_UP
from loralint.config import Config
from loralint.diagnostics import Diagnostic, Fix, Related, Severity
from loralint.project import Load, Project, Why
from loralint.source import Place

Check: TypeAlias = Callable[[Project], "Iterator[Finding]"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule yields; the rule adds its code and name.

    `severity` overrides the rule's own, but neither is graver than `at_most`. `subject` and `call`
    identify the finding in a baseline. `why` is what a comparison of two sides rests on.
    """

    message: str
    place: Place
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    subject: str = ""
    call: str = ""
    severity: Severity | None = None
    at_most: Severity = "error"
    why: Why | None = None

    @staticmethod
    def at(
        load: Load,
        message: str,
        *,
        subject: str = "",
        related: tuple[Related, ...] = (),
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding that stands on a load."""
        return Finding(message, load.place, related, fix, subject, load.site.text, severity)


_GRAVEST: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a value; `doc` is its published page in Markdown, without the summary.

    `instead_of` are the rules that say less of the same call: their findings go where this one
    stands. A rule that is off by default runs if it is selected, or if `turned_on` says that the
    settings ask for what it finds.
    """

    code: str
    name: str
    severity: Severity
    default: bool
    summary: str
    doc: str
    check: Check
    turned_on: Callable[[Config], bool]
    instead_of: tuple[str, ...] = ()

    def run(self, project: Project) -> Iterator[Diagnostic]:
        """The findings of this rule, each once: two callers of a function may show the same."""
        seen: set[Diagnostic] = set()
        for finding in self.check(project):
            diagnostic = self._diagnostic(finding)
            if diagnostic not in seen:
                seen.add(diagnostic)
                yield diagnostic

    def _diagnostic(self, finding: Finding) -> Diagnostic:
        at_most = "info" if self._is_of_the_past(finding.place.path) else finding.at_most
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=max(finding.severity or self.severity, at_most, key=_GRAVEST.index),
            message=finding.message,
            place=finding.place,
            related=finding.related,
            fix=finding.fix,
            subject=finding.subject,
            call=finding.call,
            why=finding.why.value if finding.why is not None else "",
        )

    def _is_of_the_past(self, path: str) -> bool:
        """Whether a finding about what a script does stands in a folder that was given up."""
        folders = re.split(r"[^a-z]+", path.rpartition("/")[0].lower())
        return self.code.startswith(_ABOUT_RUNS) and not GIVEN_UP.isdisjoint(folders)


_ABOUT_RUNS = ("LOR2", "LOR3")
"""The codes of rules that say what is lost when a script runs."""


def _never(config: Config) -> bool:
    return False


def rule(
    code: str,
    name: str,
    *,
    severity: Severity,
    default: bool = True,
    turned_on: Callable[[Config], bool] = _never,
    instead_of: tuple[str, ...] = (),
) -> Callable[[Check], Rule]:
    """Make a rule of a generator; `default=False` for one that `--select` has to turn on."""

    def decorate(check: Check) -> Rule:
        summary, _, doc = cleandoc(check.__doc__ or "").partition("\n")
        page = summary.strip(), doc.strip()
        return Rule(code, name, severity, default, *page, check, turned_on, instead_of)

    return decorate
