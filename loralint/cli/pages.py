"""The rules as reports and `loralint rule` describe them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from loralint.report.base import RuleDoc
from loralint.rules import RULES
from loralint.rules.base import Rule
from loralint.verify.codes import CODES, Code

Page: TypeAlias = "Rule | Code"
"""What has a page: a rule of a project, or a code that only verification finds."""

PAGES = ""
"""Where the rules' pages are published, once they are: `{PAGES}{name}/`."""


def rule_docs() -> Iterable[RuleDoc]:
    """Every rule's page, those of verification included."""
    return [
        RuleDoc(
            code=rule.code,
            name=rule.name,
            severity=level(rule),
            summary=rule.summary,
            help=rule.doc,
            url=url(rule),
        )
        for rule in every_page()
    ]


def every_page() -> tuple[Page, ...]:
    """The rules, then the codes of verification."""
    return (*RULES, *CODES)


def level(rule: Page) -> str:
    """The severity, or `off` where the rule has to be selected."""
    return rule.severity if rule.default else "off"


def url(rule: Page) -> str:
    """Where a rule's page is."""
    return f"{PAGES}{rule.name}/" if PAGES else ""
