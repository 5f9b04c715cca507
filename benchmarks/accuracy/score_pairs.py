"""Scores `loralint pairs` against hand-labelled train and inference pairs (pairs.jsonl).

    python benchmarks/accuracy/score_pairs.py TREES [--only OWNER/NAME …] [--answers FOLDER]

TREES holds one work tree a repository, at the labelled commit (README.md says how to get them).
Printed are the decidable pairs that were found and missed, the pairs that must not be reported
and were, and the reported pairs that no label names: somebody has to read those.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from functools import partial
from itertools import product

from trees import HERE, NoAnswer, Row, Trees, arguments, for_each, rows, share, wanted

# Repository, training path and row, inference path and row.
Key = tuple[str, str, int, str, int]
# Notebook rows count within a cell for loralint and in the file for the labels: only the paths
# of a notebook are compared.
NOTEBOOK = ".ipynb"


def main() -> None:
    """Asks, compares and prints."""
    options = arguments((__doc__ or "").partition("\n")[0]).parse_args()
    labels = wanted(rows(HERE / "pairs.jsonl"), options.only)
    trees = Trees(options.trees.resolve(), options.answers and options.answers.resolve())
    ask = partial(trees.loralint, command="pairs")
    answers = for_each((label["repo"] for label in labels), ask, options.jobs)
    reported = _reported(answers, _by_key(row for row in labels if "train" in row))
    _print_recall(labels, reported, answers)
    _print_invented(labels, reported)


def _reported(answers: dict[str, list[Row] | NoAnswer], labelled: Container[Key]) -> dict[Key, Row]:
    """The pairs by the places that a label names: those of the loads, or of the calls of them."""
    reported = {}
    for repo, pairs in answers.items():
        if isinstance(pairs, NoAnswer):
            print(f"NO ANSWER {repo}: {pairs}")
            continue
        for pair in pairs:
            sides = product(_sides(pair["train"]), _sides(pair["infer"]))
            keys = [_key(repo, train, infer) for train, infer in sides]
            reported[next((key for key in keys if key in labelled), keys[0])] = pair
    return reported


def _sides(load: Row) -> list[tuple[str, int]]:
    """The load, and the call that tells it from others of its function."""
    places = [load, load["called_in"]]
    return [(place["filename"], place["location"]["row"]) for place in places if place]


def _key(repo: str, train: tuple[str, int], infer: tuple[str, int]) -> Key:
    return (repo, *_compared(*train), *_compared(*infer))


def _compared(path: str, row: int) -> tuple[str, int]:
    return path, 0 if path.endswith(NOTEBOOK) else row


def _label_keys(label: Row) -> list[Key]:
    """The places under which a pair may be reported: a load, or the calls that lead to it."""
    train, infer = label["train"], label["infer"]
    return [
        _key(label["repo"], (train["path"], train["line"]), (infer["path"], row))
        for row in (infer["line"], *infer.get("also", ()))
    ]


def _is_reported(label: Row, reported: dict[Key, Row]) -> bool:
    return any(key in reported for key in _label_keys(label))


def _of_kind(labels: Iterable[Row], kind: str) -> list[Row]:
    return [label for label in labels if label["label"] == kind]


def _print_recall(
    labels: Sequence[Row], reported: dict[Key, Row], answers: dict[str, list[Row] | NoAnswer]
) -> None:
    pairs = _of_kind(labels, "pair")
    decidable = [label for label in pairs if label["decidable"] and not label["kind"]]
    others = [label for label in pairs if label not in decidable]
    missed = [label for label in decidable if not _is_reported(label, reported)]
    found = len(decidable) - len(missed)
    print(f"Decidable pairs found      {share(found, len(decidable))}")
    print(f"Other true pairs found     {share(_found(others, reported), len(others))}")
    print("  (joined only on a command line, full-parameter training, or beyond static reading)\n")
    for label in missed:
        silent = isinstance(answers[label["repo"]], NoAnswer)
        print(f"MISSED {_places(_label_keys(label)[0])}{' (no answer)' if silent else ''}")
        print(f"    {label['how']}: {label['note']}")


def _found(labels: Iterable[Row], reported: dict[Key, Row]) -> int:
    return sum(_is_reported(label, reported) for label in labels)


def _by_key(labels: Iterable[Row]) -> dict[Key, Row]:
    return {key: label for label in labels for key in _label_keys(label)}


def _print_invented(labels: Sequence[Row], reported: dict[Key, Row]) -> None:
    forbidden = _by_key(_of_kind(labels, "not_pair"))
    right = _by_key(_of_kind(labels, "pair"))
    tolerated = _by_key(_of_kind(labels, "tolerated"))
    invented = [key for key in reported if key in forbidden]
    unknown = [
        key for key in reported if key not in forbidden and key not in {**right, **tolerated}
    ]
    judged = len(reported) - len(unknown) - sum(key in tolerated for key in reported)
    print(f"\nReported pairs             {len(reported)}")
    print(f"  right, of those labelled {share(judged - len(invented), judged)}")
    print(f"  tolerated                {sum(key in tolerated for key in reported)}")
    print(f"  invented (labelled so)   {len(invented)}")
    print(f"  in no label              {len(unknown)}\n")
    for key in sorted(invented):
        print(f"INVENTED {_places(key)}\n    {_why(reported[key])}\n    {forbidden[key]['note']}")
    empty = {label["repo"] for label in _of_kind(labels, "none")}
    for key in sorted(unknown):
        note = " (labelled as a repository without a pair)" if key[0] in empty else ""
        print(f"TO READ {_places(key)}{note}\n    {_why(reported[key])}")


def _places(key: Key) -> str:
    repo, train, train_row, infer, infer_row = key
    return f"{repo} {train}:{train_row} -> {infer}:{infer_row}"


def _why(pair: Row) -> str:
    return f"{pair['rule']}: {pair['reason']}"


if __name__ == "__main__":
    main()
