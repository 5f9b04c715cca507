"""The rules as reports and `loralint rule` describe them."""

from __future__ import annotations

from collections.abc import Iterable

from loralint.reporters.base import RuleDoc
from loralint.rules import RULES
from loralint.rules.base import Rule

PAGES = ""
"""Where the rules' pages are published, once they are: `{PAGES}{name}/`."""


def rule_docs() -> Iterable[RuleDoc]:
    """Every rule's page."""
    return [
        RuleDoc(
            code=rule.code,
            name=rule.name,
            severity=level(rule),
            summary=rule.summary,
            help=rule.doc,
            url=url(rule),
        )
        for rule in RULES
    ]


def level(rule: Rule) -> str:
    """The severity, or `off` where the rule has to be selected."""
    return rule.severity if rule.default else "off"


def url(rule: Rule) -> str:
    """Where a rule's page is."""
    return f"{PAGES}{rule.name}/" if PAGES else ""
