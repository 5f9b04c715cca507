"""What was said of healthy adapters, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

ALIKE = (("default", "load_verified"), ("none", "verify_loaded"))
VERDICTS = ("verified", "failed", "inconclusive", "crash")


def printed(lines: list[dict[str, Any]]) -> str:
    """All tables, the adapters that are not verified last."""
    healthy = [one for one in lines if not one["built"]["trouble"]]
    out = [
        f"{len(lines)} configurations placed, {len(healthy)} healthy adapters of"
        f" {len({one['built']['kind'] for one in healthy})} PEFT types on"
        f" {len({one['built']['base'] for one in healthy})} bases",
        *_not_built(lines),
        "",
        *_by_way(healthy),
        "",
        *_by_class(healthy),
        "",
        *_apart(healthy),
        "",
        *_wrong(healthy),
    ]
    return "\n".join(out)


def _not_built(lines: list[dict[str, Any]]) -> Iterator[str]:
    words = Counter(_short(one["built"]["trouble"]) for one in lines if one["built"]["trouble"])
    for why, count in words.most_common(12):
        yield f"  {count:4} not healthy: {why}"


def _short(trouble: str) -> str:
    return trouble.split(": ", 2)[-1][:100] if trouble else ""


def right(way: str, one: dict[str, Any]) -> bool:
    """Whether a verdict is true: where PEFT has none in 4 bits, nobody may say it has."""
    verdict = one["said"][way]["verdict"]
    if way == "nf4" and one["built"]["nf4"]:
        cannot_run = one["built"]["nf4"].startswith("forward")
        return verdict in ("failed", "inconclusive") or (cannot_run and verdict == "verified")
    return bool(verdict == "verified")


def _by_way(healthy: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'asked':15} {' '.join(f'{one:>12}' for one in VERDICTS)} {'not true':>9}"
    ways = dict.fromkeys(way for one in healthy for way in one["said"])
    for way in ways:
        asked = [one for one in healthy if way in one["said"]]
        counts = Counter(one["said"][way]["verdict"] for one in asked)
        wrong = sum(not right(way, one) for one in asked)
        seconds = sum(one["said"][way]["seconds"] for one in asked)
        yield (f"{way:15} {' '.join(f'{counts[one]:12}' for one in VERDICTS)} {wrong:9}"
               f"   {seconds:.0f} s")  # fmt: skip


def _by_class(healthy: list[dict[str, Any]]) -> Iterator[str]:
    """For each type, the verdicts that are not true in each way."""
    yield f"{'type':26} {'healthy':>8}  not true, by way"
    kinds = Counter(one["built"]["kind"] for one in healthy)
    for kind, count in sorted(kinds.items()):
        mine = [one for one in healthy if one["built"]["kind"] == kind]
        wrong = Counter(
            f"{way} {one['said'][way]['verdict']}"
            for one in mine for way in one["said"] if not right(way, one)
        )  # fmt: skip
        told = ", ".join(f"{what} {many}" for what, many in sorted(wrong.items()))
        yield f"{kind:26} {count:8}  {told or '-'}"


def _apart(healthy: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Where the command and the Python interface disagree."""
    for one in healthy:
        said = one["said"]
        both = [one for one in ALIKE if one[0] in said and one[1] in said]
        pairs = [(a, b) for a, b in both if said[a]["verdict"] != said[b]["verdict"]]
        for a, b in pairs:
            yield (f"apart: {one['built']['name']}: {a} says {said[a]['verdict']},"
                   f" {b} {said[b]['verdict']}")  # fmt: skip


def _wrong(healthy: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in healthy:
        for way, said in one["said"].items():
            if not right(way, one):
                why = said["message"] or "; ".join(said["skipped"])
                yield (f"{one['built']['name']} [{way}] {said['verdict']}"
                       f" {','.join(said['codes'])}: {why[:220]}")  # fmt: skip
