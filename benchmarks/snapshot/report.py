"""The differences of two snapshots, and what the two cost, for people and as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from snapshot.comparing import Difference, counted
from snapshot.saving import RUNS

WIDEST = 300
DETAILS = 12


def as_json(found: Sequence[Difference]) -> str:
    """Counts and all differences."""
    kinds = {
        kind: {detail: len(each) for detail, each in details.items()}
        for kind, details in counted(found).items()
    }
    content = {"kinds": kinds, "differences": [asdict(one) for one in found]}
    return json.dumps(content, indent=1, ensure_ascii=False)


def as_text(found: Sequence[Difference], examples: int, everything: bool) -> Iterator[str]:
    """A table of kinds, then examples of each; `everything`: with the rarest details as well."""
    kinds = counted(found)
    for kind, details in kinds.items():
        every = [one for each in details.values() for one in each]
        projects = len({one.project for one in every})
        yield f"{len(every):7,}  {kind}  (in {projects} project{'s' * (projects != 1)})"
        for number, (detail, each) in enumerate(details.items()):
            if number == DETAILS and not everything:
                yield f"         and {len(details) - DETAILS:,} more (--only '{kind}')"
                break
            if detail:
                yield f"         {len(each):7,}  {_cut(detail)}"
    yield f"{len(found):7,}  in all" if found else "equal"
    here = _load_changes(found)
    for kind, details in kinds.items() if examples else ():
        yield f"\n## {kind}"
        for one in _spread(details.values(), examples):
            yield from _example(one, here)


def _spread(lists: Iterable[Sequence[Difference]], wanted: int) -> list[Difference]:
    """Some of each list before more of the first."""
    waiting = [list(each) for each in lists]
    taken: list[Difference] = []
    while waiting and len(taken) < wanted:
        taken += [each.pop(0) for each in waiting][: wanted - len(taken)]
        waiting = [each for each in waiting if each]
    return taken


def _load_changes(found: Iterable[Difference]) -> dict[tuple[str, str], list[str]]:
    """How loads are read otherwise, by project and place: why a finding changed."""
    here = defaultdict(list)
    for one in found:
        if one.kind.startswith("inventory"):
            here[one.project, one.place].append(f"{one.kind} {one.detail}".strip())
    return here


def _example(one: Difference, here: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    detail = f"  [{_cut(one.detail)}]" if one.detail else ""
    yield f"{one.project}  {one.place}{detail}"
    if one.old:
        yield f"    - {_cut(one.old)}"
    if one.new:
        yield f"    + {_cut(one.new)}"
    if not one.kind.startswith("inventory"):
        for change in here.get((one.project, one.place), ()):
            yield f"    the load there: {_cut(change)}"


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def costs(old: Path, new: Path) -> Iterator[str]:
    """CPU seconds and the largest peak of each command, over the projects that both hold."""
    names = [{path.name for path in (each / "costs").glob("*.json")} for each in (old, new)]
    both = sorted(names[0] & names[1])
    if not both:
        return
    sides = [[_read(each / "costs" / name) for name in both] for each in (old, new)]
    yield f"\n{'CPU seconds, peak MB':21} {'old':>17} {'new':>17}   CPU new / old"
    for run in RUNS:
        before, after = (sum(each[run]["cpu"] for each in side) for side in sides)
        peaks = [max(each[run]["peak_mb"] for each in side) for side in sides]
        ratio = f"{after / before:.2f}" if before else "-"
        yield (
            f"{run:21} {before:10.1f} {peaks[0]:6.0f} {after:10.1f} {peaks[1]:6.0f}   {ratio:>13}"
        )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
