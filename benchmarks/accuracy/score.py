"""Scores loralint against hand-labelled load sites (sites.jsonl), beside Bandit's B615.

    python benchmarks/accuracy/score.py TREES [--only OWNER/NAME …] [--answers FOLDER]

TREES holds one work tree a repository, at the labelled commit (README.md says how to get them).
Printed are precision and recall of the default single-site rules, how often the inventory is
right, the same sites through Bandit, and every disagreement with its place.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from trees import HERE, NoAnswer, Row, Trees, arguments, for_each, rows, share, wanted

CODES = ("LOR101", "LOR102", "LOR104", "LOR105", "LOR106")
# What B615 means: a download without a revision, or one that pins nothing.
FLAGGED = frozenset({"LOR101", "LOR102", "LOR105", "LOR106"})
CERTAIN = ("known", "default", "choice")


@dataclass(frozen=True)
class Answers:
    """What loralint and Bandit said of one repository."""

    findings: list[Row]
    inventory: list[Row]
    bandit: list[Row]


@dataclass(frozen=True)
class Judged:
    """One labelled site with what was said of it."""

    site: Row
    found: frozenset[str] = frozenset()
    listed: Row | None = None
    flagged: bool = False
    error: str = ""

    @property
    def expected(self) -> frozenset[str]:
        return frozenset(self.site["expect"])

    @property
    def place(self) -> str:
        site = self.site
        return f"{site['repo']} {site['path']}:{site['line']}:{site['column']}"


@dataclass
class Score:
    """Counts, and the places of what was counted as wrong."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, expected: bool, found: bool) -> None:
        if expected and found:
            self.right[code] += 1
        elif found:
            self.wrong[code] += 1
        elif expected:
            self.missed[code] += 1

    def line(self, name: str, codes: Iterable[str]) -> str:
        right, wrong, missed = (
            sum(counts[code] for code in codes) for counts in (self.right, self.wrong, self.missed)
        )
        precision, recall = share(right, right + wrong), share(right, right + missed)
        return f"  {name:<8} precision {precision:<22} recall {recall}"


def main() -> None:
    """Asks, judges and prints."""
    options = arguments((__doc__ or "").partition("\n")[0]).parse_args()
    sites = wanted(rows(HERE / "sites.jsonl"), options.only)
    trees = Trees(options.trees.resolve(), options.answers and options.answers.resolve())
    answers = for_each(
        (site["repo"] for site in sites), partial(_asked, trees, sites), options.jobs
    )
    judged = [_judged(site, answers[site["repo"]]) for site in sites]
    _print_failures(answers)
    _print_sizes(judged)
    _print_rules(judged)
    _print_inventory(judged)
    _print_bandit(judged)
    _print_disagreements(judged)


def _asked(trees: Trees, sites: Sequence[Row], repo: str) -> Answers:
    files = {site["path"] for site in sites if site["repo"] == repo}
    return Answers(
        findings=trees.loralint(repo, "check"),
        inventory=trees.loralint(repo, "inventory"),
        bandit=trees.bandit(repo, files),
    )


# Matching: by path and row; by the column too where the inventory knows that very place, since
# a row may hold two loads.


def _judged(site: Row, answers: Answers | NoAnswer) -> Judged:
    if isinstance(answers, NoAnswer):
        return Judged(site, error=str(answers))
    listed = [load for load in answers.inventory if _on_row(load, site)]
    exact = [load for load in listed if load["location"]["column"] == site["column"]]
    alone = len(listed) == 1
    found = frozenset(
        finding["code"]
        for finding in answers.findings
        if finding["code"] in CODES and _on_row(finding, site) and _is_its_own(finding, site, alone)
    )
    load = exact[0] if exact else None
    return Judged(site, found, load, any(_is_bandits(issue, site) for issue in answers.bandit))


def _on_row(said: Row, site: Row) -> bool:
    return bool(said["filename"] == site["path"] and said["location"]["row"] == site["line"])


def _is_its_own(finding: Row, site: Row, alone: bool) -> bool:
    return alone or finding["location"]["column"] == site["column"]


def _is_bandits(issue: Row, site: Row) -> bool:
    path = posixpath.normpath(issue["filename"].replace("\\", "/"))
    column = issue.get("col_offset", site["column"] - 1) + 1
    return (path, issue["line_number"], column) == (site["path"], site["line"], site["column"])


# Judging the inventory: README.md has these rules in words.


def _repo_id_is_right(judged: Judged) -> bool:
    return _certainty_is_right(judged) and _values_are_right(judged)


def _certainty_is_right(judged: Judged) -> bool:
    said, label = _status(judged), judged.site["repo_id"]
    if label["status"] == "local" and not label["values"]:
        return said in ("local", "unknown")
    return bool(said == label["status"])


def _values_are_right(judged: Judged) -> bool:
    """Whether the ids are the label's; of an unknown id, or a folder without a name, none are."""
    label = judged.site["repo_id"]
    if not label["values"]:
        return True
    if judged.listed is None:
        return False
    return _spelt(label["values"]) == _spelt(judged.listed["repo_id"]["values"])


def _spelt(values: Iterable[str]) -> set[str]:
    return {posixpath.normpath(value.replace("\\", "/")) for value in values}


def _decision_is_right(judged: Judged) -> bool:
    """Whether a Hub id that is certain enough to report is told from everything else."""
    said = _status(judged) in CERTAIN
    return bool(said == (judged.site["repo_id"]["status"] in CERTAIN))


def _revision_is_right(judged: Judged) -> bool:
    if judged.listed is None:
        return False
    return bool(judged.listed["revision"]["status"] == judged.site["revision"]["status"])


def _status(judged: Judged) -> str:
    return judged.listed["repo_id"]["status"] if judged.listed else "not listed"


# Printing.


def _print_failures(answers: dict[str, Answers | NoAnswer]) -> None:
    for repo, answer in answers.items():
        if isinstance(answer, NoAnswer):
            print(f"NO ANSWER {repo}: {answer}")


def _print_sizes(judged: Sequence[Judged]) -> None:
    loads = [each for each in judged if each.site["is_load"]]
    decidable = [each for each in loads if each.site["decidable"]]
    repos = {each.site["repo"] for each in judged}
    print(f"{len(judged)} sites of {len(repos)} repositories: {len(loads)} load something,")
    print(f"{len(decidable)} of these have an id that can be read from the project.\n")


def _print_rules(judged: Sequence[Judged]) -> None:
    score = Score()
    for each in judged:
        for code in CODES:
            score.add(code, code in each.expected, code in each.found)
    print("Default rules at the labelled sites")
    for code in CODES:
        print(score.line(code, [code]))
    print(score.line("all", CODES), "\n")


def _print_inventory(judged: Sequence[Judged]) -> None:
    loads = [each for each in judged if each.site["is_load"]]
    others = [each for each in judged if not each.site["is_load"]]
    print("Inventory, at sites that load something")
    for name, test in (
        ("listed", lambda each: each.listed is not None),
        ("repo id, status and values", lambda each: bool(each.listed) and _repo_id_is_right(each)),
        ("Hub id or not", lambda each: bool(each.listed) and _decision_is_right(each)),
        ("revision status", _revision_is_right),
        ("artifact", lambda each: bool(each.listed) and _artifact_is_right(each)),
    ):
        print(f"  {name:<28} {share(sum(map(test, loads)), len(loads))}")
    for status in (*CERTAIN, "local", "unknown"):
        group = [each for each in loads if each.site["repo_id"]["status"] == status]
        right = sum(bool(each.listed) and _repo_id_is_right(each) for each in group)
        print(f"    repo id labelled {status:<10} {share(right, len(group))}")
    print(f"  namesakes left out           {share(_left_out(others), len(others))}\n")


def _artifact_is_right(judged: Judged) -> bool:
    return judged.listed is not None and judged.listed["artifact"] == judged.site["artifact"]


def _left_out(others: Sequence[Judged]) -> int:
    return sum(each.listed is None for each in others)


def _print_bandit(judged: Sequence[Judged]) -> None:
    print("Flagged, where LOR101, LOR102, LOR105 or LOR106 is expected")
    for name in ("loralint", "Bandit"):
        score = Score()
        for each in judged:
            said = each.flagged if name == "Bandit" else bool(each.found & FLAGGED)
            score.add(name, bool(each.expected & FLAGGED), said)
        print(score.line(name, [name]))
    print()


def _print_disagreements(judged: Sequence[Judged]) -> None:
    print("Disagreements")
    for each in judged:
        for problem in _problems(each):
            print(f"  {each.place} {problem}")
            print(f"      {_said(each)}; labelled {_labelled(each)}")


def _problems(judged: Judged) -> list[str]:
    if judged.error:
        return ["no answer"]
    problems = [f"FALSE {code}" for code in sorted(judged.found - judged.expected)]
    problems += [f"MISSED {code}" for code in sorted(judged.expected - judged.found)]
    if not judged.site["is_load"]:
        return [*problems, "LISTED, loads nothing"] if judged.listed else problems
    if judged.listed is None:
        return [*problems, "NOT LISTED"]
    if not _repo_id_is_right(judged):
        problems.append("REPO ID")
    if not _revision_is_right(judged):
        problems.append("REVISION")
    return [" + ".join(problems)] if problems else []


def _said(judged: Judged) -> str:
    if judged.listed is None:
        return "said nothing"
    named, revision = judged.listed["repo_id"], judged.listed["revision"]
    reason = f" ({named['reason']})" if named.get("reason") else ""
    return f"said {named['status']} {named['values']}{reason}, revision {revision['status']}"


def _labelled(judged: Judged) -> str:
    named, revision = judged.site["repo_id"], judged.site["revision"]
    note = f" — {judged.site['note']}" if judged.site["note"] else ""
    return f"{named['status']} {named['values']}, revision {revision['status']}{note}"


if __name__ == "__main__":
    main()
