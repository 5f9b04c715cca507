"""A verification as a person reads it: the verdict first, then why, then what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loralint.diagnostics import Diagnostic
from loralint.report.text import Paint, palette
from loralint.text import visible
from loralint.verify.codes import BY_CODE
from loralint.verify.result import TierResult, Verdict, Verification, count, layer

_WORDS: dict[Verdict, tuple[str, str]] = {
    "verified": ("verified", "good"),
    "failed": ("FAILED", "error"),
    "inconclusive": ("undecided", "warning"),
}
_TITLES = {"verified": "VERIFIED", "failed": "FAILED", "inconclusive": "INCONCLUSIVE"}

_MEANING: dict[Verdict, str] = {
    "verified": "The adapter arrives on this base: every tensor that was compared is the file's.",
    "failed": "This pair is not the model that was trained. Do not serve it.",
    "inconclusive": "Nothing is proved either way: see what was not proved, and why.",
}
_LAYERS = 6
"""How many layers of a finding get a line of their own."""
_NAMES = 4
"""How many tensors of the first layer are spelt out."""


_MERGED = {
    "verified": "The merged model is what merging this adapter into this base gives.",
    "failed": "The merged model is not this base with this adapter in it. Do not serve it.",
    "inconclusive": "Whether the merged model is right could not be decided.",
}


def text(outcome: Verification, *, colour: bool, loudness: int) -> str:
    """The report; with `loudness` below 0 the findings only."""
    paint = palette(colour)
    blocks = [[_title(outcome, paint), *map(_tier(paint), outcome.tiers)]] if loudness >= 0 else []
    blocks += [list(_finding(one, paint, loudness)) for one in outcome.findings]
    if outcome.skipped and loudness >= 0:
        blocks.append(list(_skipped(outcome, paint)))
    if loudness >= 0:
        blocks.append([paint(_meaning(outcome), _WORDS[outcome.verdict][1])])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n" if blocks else ""


def _meaning(outcome: Verification) -> str:
    names = {tier.name for tier in outcome.tiers}
    if names == {"merged"}:
        return _MERGED[outcome.verdict]
    if outcome.verdict == "verified" and not names & {"load", "round-trip", "contract"}:
        listed = " and ".join(sorted(names))
        return f"As far as {listed} can tell, the adapter fits. No weights were loaded."
    fine = [tier.name for tier in outcome.tiers if tier.verdict == "verified"]
    if outcome.verdict == "inconclusive" and fine:
        listed = " and ".join(fine)
        return f"{listed} found no fault; that the adapter arrives is not proved: see why above."
    return _MEANING[outcome.verdict]


def _title(outcome: Verification, paint: Paint) -> str:
    word = paint(_TITLES[outcome.verdict], _WORDS[outcome.verdict][1])
    base = outcome.base or "an unknown base"
    revision = f" at {outcome.revision}" if outcome.revision else ""
    return f"{word}  {visible(outcome.adapter)} on {visible(base)}{visible(revision)}"


def _tier(paint: Paint) -> Callable[[TierResult], str]:
    def line(tier: TierResult) -> str:
        word, style = _WORDS[tier.verdict]
        amount = f"{count(tier.checked)} checked" if tier.checked else "nothing compared"
        return (
            f"  {tier.name:<10}  {paint(f'{word:<9}', style)}  {amount:<24}  {tier.seconds:7.1f} s"
        )

    return line


def _finding(found: Diagnostic, paint: Paint, loudness: int) -> Iterator[str]:
    yield (
        f"{paint(f'{found.severity}[{found.code}]', found.severity)}"
        f" {paint(found.name, 'bold')}: {visible(found.message)}"
    )
    yield f"  {paint('-->', 'gutter')} {visible(found.place.path)}"
    yield from _by_layer([one.message for one in found.related], paint, loudness)
    if found.code in BY_CODE:
        yield f"  {paint('=', 'gutter')} {BY_CODE[found.code].summary}"
    if found.fix is not None:
        yield f"{paint('help', 'help')}: {visible(found.fix.message)}"


def _by_layer(lines: list[str], paint: Paint, loudness: int) -> Iterator[str]:
    """The first layer's tensors in full, the next ones counted, the rest summed up."""
    groups: dict[int | None, list[str]] = {}
    for line in lines:
        groups.setdefault(layer(line), []).append(line)
    bar = paint("|", "gutter")
    most = len(groups) if loudness > 0 else _LAYERS
    for number, (key, members) in enumerate(groups.items()):
        if number >= most:
            left = list(groups.values())[most:]
            yield f"  {bar} {len(left)} more layers: {count(sum(map(len, left)))}"
            return
        label = f"layer {key}" if key is not None else "no layer"
        names = members if loudness > 0 else members[: _NAMES if number == 0 else 0]
        if not names:
            yield f"  {bar} {label:<9} {count(len(members))}"
        for at, name in enumerate(names):
            yield f"  {bar} {label if at == 0 else '':<9} {visible(name)}"
        if 0 < len(names) < len(members):
            yield f"  {bar} {'':<9} and {len(members) - len(names)} more"


def _skipped(outcome: Verification, paint: Paint) -> Iterator[str]:
    yield paint("not proved:", "bold")
    for one in outcome.skipped:
        yield f"  {visible(one.what)}: {visible(one.reason)}"
