"""Scores loralint on whole repositories that were labelled before it was run there.

    python benchmarks/accuracy/score_repositories.py TREES [--set SET] [--answers FOLDER]

repositories.jsonl holds the labels (README.md says how they were made): every load of a
repository (or of the files that a `scope` row names), the pairs that a reader is certain of, those
that would be wrong, and the mismatches worth telling. TREES holds one work tree a repository.
Printed are the shares, then each thing that was invented, missed, or has to be read by somebody:
a comparison finding that no label names is neither right nor wrong until it has been read
(`verdicts.jsonl` keeps what was read).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from trees import HERE, NoAnswer, Row, Trees, arguments, for_each, rows, share, wanted

Place = tuple[str, str, int | None, int]
"""Repository, path, cell of a notebook (from 1), row."""

PINNING = frozenset("LOR101 LOR102 LOR105 LOR106 LOR111 LOR112 LOR211".split())
"""What says that a load from the Hub has no revision."""

COMPARING = ("LOR2", "LOR3", "LOR107", "LOR110", "LOR410")
BESIDE = frozenset({"LOR110", "LOR211"})
"""Findings about one side that no label is asked for."""


@dataclass
class Score:
    """What was counted in some repositories, and what somebody has to read."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def judge(self, right: bool, kinds: tuple[str, str], line: str) -> None:
        """Count one of two kinds; of the second one somebody wants to read the line."""
        self.add(kinds[0] if right else kinds[1], "" if right else line)

    def add(self, kind: str, line: str = "") -> None:
        self.counts[kind] += 1
        if line:
            self.lines.append(f"{kind:18} {line}")


def main() -> None:
    """Asks, compares and prints."""
    parser = arguments((__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--set", choices=("first", "second", "third"), help="only this set of repositories"
    )
    options = parser.parse_args()
    labels = wanted(rows(HERE / "repositories.jsonl"), options.only)
    in_set = {row["repo"] for row in labels if row["kind"] == "repo"
              and options.set in (None, row["set"])}  # fmt: skip
    labels = [row for row in labels if row["repo"] in in_set]
    verdicts = {_verdict_key(row): row for row in rows(HERE / "verdicts.jsonl")}
    trees = Trees(options.trees.resolve(), options.answers and options.answers.resolve())
    said = {
        asked: for_each(in_set, partial(_ask, trees, *asked.split()), options.jobs)
        for asked in ("check", "check --strict", "inventory", "pairs")
    }
    score = Score()
    for repo in sorted(in_set):
        answers = {asked: said[asked][repo] for asked in said}
        failed = [str(each) for each in answers.values() if isinstance(each, NoAnswer)]
        if failed:
            score.add("no answer", f"{repo}: {failed[0]}")
            continue
        of_repo = _Labels([row for row in labels if row["repo"] == repo])
        _score_loads(score, of_repo, answers["check --strict"], answers["inventory"])
        _score_pairs(score, of_repo, answers["pairs"])
        _score_findings(score, of_repo, answers["check"], verdicts)
    print("\n".join(score.lines))
    _print_shares(score.counts)


def _ask(trees: Trees, command: str, *rest: str) -> list[Row]:
    *options, repo = rest
    return trees.loralint(repo, command, *options)


class _Labels:
    """The labels of one repository."""

    def __init__(self, labels: list[Row]) -> None:
        scopes = [path for row in labels if row["kind"] == "scope" for path in row["paths"]]
        self._scopes = tuple(scopes)
        self.repo = labels[0]["repo"]
        self.loads = [row for row in labels if row["kind"] == "load"]
        self.pairs = [row for row in labels if row["kind"] == "pair"]
        self.not_pairs = [row for row in labels if row["kind"] == "not_pair"]
        self.findings = [row for row in labels if row["kind"] == "finding"]

    def reads(self, path: str) -> bool:
        """Whether a file was labelled completely."""
        return not self._scopes or any(
            path == each or path.startswith(each.rstrip("*").rstrip("/") + "/")
            for each in self._scopes
        )


def _place(row: Row) -> Place:
    return (row["repo"], row["path"], row.get("cell"), row["line"])


def _said_at(repo: str, row: Row) -> Place:
    return (repo, row["filename"], row["cell"], row["location"]["row"])


def _written(place: Place) -> str:
    repo, path, cell, row = place
    return f"{repo}/{path}{f'#{cell}' if cell else ''}:{row}"


# --- loads --------------------------------------------------------------------------------------


def _score_loads(score: Score, labels: _Labels, check: list[Row], inventory: list[Row]) -> None:
    flagged = {_said_at(labels.repo, row): row for row in check if row["code"] in PINNING}
    told = {row["filename"] for row in check if row["code"] == "LOR111"}
    known: dict[Place, list[Row]] = {}
    for row in inventory:
        known.setdefault(_said_at(labels.repo, row), []).append(row)
    by_place: dict[Place, list[Row]] = {}
    for label in labels.loads:
        by_place.setdefault(_place(label), []).append(label)
    for place, at in by_place.items():
        bare = [each for each in at if each["hub"] and each["revision"] == "none"]
        if bare and all(each["certain"] for each in bare):
            line = f"{_written(place)} {bare[0]['call']} {bare[0]['id']}"
            is_found = place in flagged or (place[1] in told and not any(map(_names_an_id, bare)))
            score.judge(is_found, ("load found", "load missed"), line)
        _score_ids(score, place, at, known.get(place, []))
    for place, row in flagged.items():
        if labels.reads(place[1]):
            _score_flag(score, place, row, by_place.get(place, []))


def _score_flag(score: Score, place: Place, row: Row, labels: list[Row]) -> None:
    line = f"{_written(place)} {row['code']} {row['message']}"
    if not labels:
        score.add("flag without label", line)
        return
    is_wrong = all(each["hub"] is False or _is_pinned(each) for each in labels)
    score.judge(not is_wrong, ("flag right", "flag wrong"), line)


def _names_an_id(label: Row) -> bool:
    """Whether a reader knew what is loaded; of what callers decide LOR111 speaks once a script."""
    return bool(label["id"] or label.get("ids"))


def _is_pinned(label: Row) -> bool:
    """Whether a reader saw a revision there; the name of a branch pins nothing."""
    given = str(label["revision"])
    return given.startswith("given") and given not in ("given:main", "given:master")


def _score_ids(score: Score, place: Place, labels: list[Row], found: list[Row]) -> None:
    wanted_ids = {one for each in labels for one in (each["id"], *(each.get("ids") or ())) if one}
    if not wanted_ids or not all(each["certain"] and each["hub"] for each in labels):
        return
    said = {one for row in found for one in row["repo_id"]["values"]}
    is_right = bool(said) and said <= wanted_ids
    line = f"{_written(place)} wanted {sorted(wanted_ids)} came {sorted(map(str, said))}"
    score.judge(is_right, ("id right", "id wrong"), line)


# --- pairs --------------------------------------------------------------------------------------


def _side(repo: str, text: str) -> Place:
    before, _, row = text.rpartition(":")
    path, _, cell = before.partition("#")
    return (repo, path, int(cell) if cell else None, int(row))


def _sides(repo: str, row: Row) -> tuple[Place, Place]:
    if isinstance(row["train"], str):
        return _side(repo, row["train"]), _side(repo, row["infer"])
    return _said_at(repo, row["train"]), _said_at(repo, row["infer"])


def _score_pairs(score: Score, labels: _Labels, pairs: list[Row]) -> None:
    right = {_sides(labels.repo, row): row for row in labels.pairs}
    wrong = {_sides(labels.repo, row) for row in labels.not_pairs}
    said = {_sides(labels.repo, row): row for row in pairs}
    for sides, row in right.items():
        if row["certain"]:
            line = " -> ".join(map(_written, sides))
            score.judge(sides in said, ("pair found", "pair missed"), line)
    for sides, row in said.items():
        if not all(labels.reads(side[1]) for side in sides):
            continue
        if sides in right:
            score.add("pair right")
        elif sides in wrong or sides[0] != sides[1]:
            line = f"{' -> '.join(map(_written, sides))} ({row['rule']}: {row['reason']})"
            score.add("pair invented", line)


# --- comparisons --------------------------------------------------------------------------------


def _verdict_key(row: Row) -> tuple[Place, str]:
    return _place(row), row["code"]


def _score_findings(
    score: Score, labels: _Labels, check: list[Row], verdicts: dict[tuple[Place, str], Row]
) -> None:
    for row in check:
        if not row["code"].startswith(COMPARING) or row["code"] in BESIDE:
            continue
        place = _said_at(labels.repo, row)
        verdict = verdicts.get((place, row["code"]))
        kind = verdict["verdict"] if verdict is not None else "unread"
        level = row["severity"]
        line = f"{_written(place)} {row['code']} {row['message']}"
        score.add(f"{level} {kind}", line if kind != "right" else "")
    told = [_said_at(labels.repo, row)[:2] for row in check if row["code"].startswith(COMPARING)]
    for label in labels.findings:
        if label["certain"]:
            near = _place(label)[:2] in told
            line = f"{_written(_place(label))} {label['what']}"
            score.judge(near, ("mismatch near", "mismatch untold"), line)


def _print_shares(counts: Counter[str]) -> None:
    def of(part: str, *others: str) -> str:
        return share(counts[part], sum(counts[each] for each in (part, *others)))

    print()
    print(f"loads without revision found      {of('load found', 'load missed')}")
    print(f"of those flagged, right           {of('flag right', 'flag wrong')}"
          f", without a label: {counts['flag without label']}")  # fmt: skip
    print(f"ids right                         {of('id right', 'id wrong')}")
    print(f"certain pairs found               {of('pair found', 'pair missed')}")
    print(f"of reported pairs, invented       {of('pair invented', 'pair right')}")
    for level in ("error", "warning", "info"):
        rest = _kinds(counts, level)
        print(f"comparisons, {level:7} right        {of(f'{level} right', *rest)}"
              f"{_listed(counts, rest)}")  # fmt: skip
    print(f"certain mismatches, same file     {of('mismatch near', 'mismatch untold')}")


def _kinds(counts: Counter[str], level: str) -> list[str]:
    return sorted(each for each in counts if each.startswith(level) and each != f"{level} right")


def _listed(counts: Counter[str], kinds: Iterable[str]) -> str:
    def each() -> Iterator[str]:
        for kind in kinds:
            yield f"{kind.partition(' ')[2]} {counts[kind]}"

    found = ", ".join(each())
    return f" ({found})" if found else ""


if __name__ == "__main__":
    main()
