"""Scores loralint against the labelled places of notebooks, recipes and command lines.

    python benchmarks/accuracy/score_places.py TREES [--only OWNER/NAME …] [--answers FOLDER]

TREES holds one work tree a repository, at the labelled commit; repositories that are not there
are left out and named. Printed are precision and recall of the default single-site rules for each
kind of file, and every disagreement with its place.
"""

from __future__ import annotations

from collections import Counter

from trees import HERE, NoAnswer, Row, Trees, arguments, for_each, rows, share, wanted

CODES = ("LOR101", "LOR102", "LOR104", "LOR105", "LOR106")
KINDS = ("notebooks", "recipes", "commands")


def main() -> None:
    """Asks, judges and prints."""
    options = arguments((__doc__ or "").partition("\n")[0]).parse_args()
    trees = Trees(options.trees.resolve(), options.answers and options.answers.resolve())
    labels = {kind: wanted(rows(HERE / f"{kind}.jsonl"), options.only) for kind in KINDS}
    repos = {label["repo"] for each in labels.values() for label in each}
    there = {repo for repo in repos if trees.path(repo).is_dir()}
    answers = for_each(there, lambda repo: trees.loralint(repo, "check"), options.jobs)
    for repo in sorted(repos - there):
        print(f"left out: {repo} (no work tree)")
    for kind, each in labels.items():
        _print_kind(kind, [label for label in each if label["repo"] in there], answers)


def _print_kind(kind: str, labels: list[Row], answers: dict[str, list[Row] | NoAnswer]) -> None:
    counts: Counter[str] = Counter()
    lines: list[str] = []
    for label in labels:
        found = _found(label, answers[label["repo"]])
        expected = set(label["expect"])
        counts += Counter(right=len(found & expected), wrong=len(found - expected),
                          missed=len(expected - found))  # fmt: skip
        lines += (f"  {word} {_shown(label)} {', '.join(sorted(codes))}"
                  for word, codes in (("FALSE ", found - expected), ("MISSED", expected - found))
                  if codes)  # fmt: skip
    right, wrong, missed = counts["right"], counts["wrong"], counts["missed"]
    files = {(label["repo"], label["path"]) for label in labels}
    print(f"{kind}: {len(labels)} places in {len(files)} files")
    print(f"  precision {share(right, right + wrong)}, recall {share(right, right + missed)}")
    print(*lines, sep="\n")


def _found(label: Row, answer: list[Row] | NoAnswer) -> set[str]:
    """The codes at a label's place: a recipe's revision has a row of its own (`at`)."""
    if isinstance(answer, NoAnswer):
        raise SystemExit(f"{label['repo']}: {answer}")
    return {
        finding["code"]
        for finding in answer
        if finding["code"] in CODES and _stands_at(finding, label)
    }


def _stands_at(finding: Row, label: Row) -> bool:
    if (finding["filename"], finding["cell"]) != (label["path"], label.get("cell")):
        return False
    row, column = finding["location"]["row"], finding["location"]["column"]
    elsewhere = label.get("at", {}).get(finding["code"])
    return row == elsewhere if elsewhere else (row, column) == (label["line"], label["column"])


def _shown(label: Row) -> str:
    cell = f" cell {label['cell']}" if label.get("cell") is not None else ""
    return f"{label['repo']} {label['path']}{cell}:{label['line']}:{label['column']}"


if __name__ == "__main__":
    main()
