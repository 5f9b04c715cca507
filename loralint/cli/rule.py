"""The rules as reports and `loralint rule` describe them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

import click

from loralint.cli import options
from loralint.cli.output import put
from loralint.report.base import PAGES, RuleDoc
from loralint.rules import RULES
from loralint.rules.base import Rule
from loralint.verify import codes

Page: TypeAlias = "Rule | codes.Page"
"""What has a page: a rule of a project, or a code that only verification finds."""


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
    return (*RULES, *codes.CODES)


def level(rule: Page) -> str:
    """The severity, or `off` where the rule has to be selected."""
    return rule.severity if rule.default else "off"


def url(rule: Page) -> str:
    """Where a rule's page is."""
    return f"{PAGES}{rule.name}/" if PAGES else ""


@click.command("rule")
@click.argument("name", required=False, metavar="[NAME|CODE]")
@click.option("--all", "everything", is_flag=True, help="Every rule.")
@options.output("text", "json")
def command(
    name: str | None, everything: bool, output_format: str, output_file: str | None
) -> None:
    """Explain a rule, by its name or code."""
    if everything == (name is not None):
        raise click.UsageError("name one rule, or ask for --all")
    chosen = every_page() if name is None else (_find(name),)
    if output_format == "json":
        objects = [_object(rule) for rule in chosen]
        text = json.dumps(objects if everything else objects[0], indent=2, ensure_ascii=False)
    else:
        text = "\n".join(map(_line, chosen)) if everything else _page(chosen[0])
    put(f"{text}\n", output_file)


def _find(word: str) -> Page:
    for rule in every_page():
        if word.upper() == rule.code or word.lower() == rule.name:
            return rule
    from loralint.config.selectors import suggestion

    raise click.UsageError(f"unknown rule `{word}`; {suggestion(word, every_page())}")


def _line(rule: Page) -> str:
    return f"{rule.code}  {rule.name:<28}  {level(rule):<7}  {rule.summary}"


def _page(rule: Page) -> str:
    on = "" if rule.default else ", off unless selected"
    return f"# {rule.name} ({rule.code})\n\n{rule.severity}{on}\n\n{rule.summary}\n\n{rule.doc}"


def _object(rule: Page) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "default": rule.default,
        "summary": rule.summary,
        "documentation": rule.doc,
        "url": url(rule) or None,
    }
