"""What `loralint verify` says: a JSON object for each adapter, and every other format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from loralint.report import renderer
from loralint.report.base import Report, RuleDoc
from loralint.report.json_ import finding
from loralint.report.text import to_json

if TYPE_CHECKING:
    from loralint.verify.result import Verification


def render(
    output_format: str,
    outcomes: Sequence[Verification],
    seconds: float,
    *,
    colour: bool,
    loudness: int,
) -> str:
    """The outcomes as text; `full` and `json` have forms of their own."""
    if output_format == "json":
        objects = [as_object(one) for one in outcomes]
        return to_json(objects[0] if len(objects) == 1 else objects)
    if output_format == "full":
        from loralint.cli.verify_text import text

        return "\n".join(text(one, colour=colour, loudness=loudness) for one in outcomes)
    return renderer(output_format)(_report(outcomes, seconds, colour))


def as_object(outcome: Verification) -> dict[str, Any]:
    """The object of design.md's contract."""
    report = _report((outcome,), 0.0, colour=False)
    urls = report.urls() if outcome.findings else {}
    return {
        "verdict": outcome.verdict,
        "adapter": outcome.adapter,
        "base": outcome.base,
        "revision": outcome.revision,
        "tiers": [
            {
                "name": tier.name,
                "verdict": tier.verdict,
                "seconds": round(tier.seconds, 3),
                "checked": tier.checked,
            }
            for tier in outcome.tiers
        ],
        "findings": [finding(report, one, urls.get(one.code)) for one in outcome.findings],
        "skipped": [{"what": one.what, "reason": one.reason} for one in outcome.skipped],
    }


def _report(outcomes: Sequence[Verification], seconds: float, colour: bool) -> Report:
    return Report(
        diagnostics=tuple(one for outcome in outcomes for one in outcome.findings),
        skipped=tuple(one for outcome in outcomes for one in outcome.skipped),
        files=len(outcomes),
        seconds=seconds,
        rules=_docs,
        colour=colour,
        fixable_note=False,
    )


def _docs() -> Iterable[RuleDoc]:
    """The pages, imported with all rules when a format needs them."""
    from loralint.cli.rule import rule_docs

    return rule_docs()
