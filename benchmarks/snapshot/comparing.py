"""Where two snapshots differ, difference by difference, each of a kind.

Rows of the two answers (findings, loads, pairs, entries of what was not decided) are paired up:
first those that are equal, then those that have ever less in common. What is left over is lost or
new; a pair of rows that are not equal differs in fields, and each field is a kind of its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from snapshot.saving import RUNS

Row = dict[str, Any]
Key = Callable[[Row], Hashable]
_UNDECIDED = re.compile(r"(?P<where>.*?:\d+:\d+): (?P<what>.*?): (?P<reason>.*)")


@dataclass(frozen=True)
class Difference:
    """One thing that the two say otherwise; `detail` is what many of a kind may share."""

    kind: str
    detail: str
    project: str
    place: str
    old: str
    new: str


def differences(old: Path, new: Path, projects: Callable[[str], bool]) -> Iterator[Difference]:
    """All differences of two snapshots, project by project."""
    names = [{path.stem for path in (each / "answers").glob("*.json")} for each in (old, new)]
    for name in sorted(filter(projects, names[0] | names[1])):
        if name not in names[0] or name not in names[1]:
            kind = "project lost" if name in names[0] else "project new"
            yield Difference(kind, "", name, "", "", "")
            continue
        olds, news = (_read(each / "answers" / f"{name}.json") for each in (old, new))
        yield from _of_project(name, olds, news)


def _read(path: Path) -> Row:
    content: Row = json.loads(path.read_text(encoding="utf-8"))
    return content


def _of_project(project: str, old: Row, new: Row) -> Iterator[Difference]:
    """The differences of all answers, each said once.

    Left out is what `check` says beside `check --strict`, and what a pair says of a load that the
    inventory or another pair says already.
    """
    found = {run: list(_of_run(run, project, old[run], new[run])) for run in RUNS}
    said = {_said(one) for run in ("check --strict", "inventory") for one in found[run]}
    for run, each in found.items():
        for one in each:
            again = run in ("check", "pairs") and one.kind.startswith(_AGAIN)
            if not again or _said(one) not in said:
                yield one
            if again and run == "pairs":
                said.add(_said(one))


_AGAIN = ("default finding", "pair train", "pair infer", "pair adapter")


def _said(one: Difference) -> tuple[str, ...]:
    """A difference without what it is a difference of."""
    kind = one.kind
    for of in (*_AGAIN, "finding", "inventory"):
        kind = kind.removeprefix(of)
    return kind, one.detail, one.place, one.old, one.new


def _of_run(run: str, project: str, old: Row, new: Row) -> Iterator[Difference]:
    """The differences of one command."""
    for kind, detail, place, before, after in chain(_outcome(run, old, new), _rows(run, old, new)):
        yield Difference(kind, detail, project, place, _shown(before), _shown(after))


Said = Iterator[tuple[str, str, str, Any, Any]]
"""Kind, detail, place, old and new value."""


def _outcome(run: str, old: Row, new: Row) -> Said:
    """How a command ended."""
    if old["exit"] != new["exit"]:
        yield "exit code", f"{run}: {old['exit']} → {new['exit']}", "", old["exit"], new["exit"]
    for key in ("timed_out", "stderr", "stdout", "summary"):
        if old.get(key) != new.get(key):
            yield key, run, "", old.get(key), new.get(key)


def _rows(run: str, old: Row, new: Row) -> Said:
    """What a command answered."""
    name, keys, fields = _COMPARED[run]
    if old["answer"] is None or new["answer"] is None:
        if old["answer"] != new["answer"]:
            yield "no answer", f"{run}: {'old' if old['answer'] is None else 'new'}", "", "", ""
        return
    olds, news = ([_row(each) for each in answer["answer"]] for answer in (old, new))
    pairs, lost, added = paired(olds, news, keys)
    for row in lost:
        yield f"{name} lost", _sort(row), _place(row), _gist(row), ""
    known = set(map(_exactly, olds)) if added else set()
    for row in added:
        again = ", once more" if _exactly(row) in known else ""
        yield f"{name} new", _sort(row) + again, _place(row), "", _gist(row)
    for one, other in pairs:
        for field, *rest in fields(olds[one], news[other]):
            side = olds[one].get(field.partition(" ")[0])
            load = side if isinstance(side, dict) and "loader" in side else olds[one]
            detail, before, after = rest
            yield f"{name} {field}", detail, _place(load), before, after
    order = [other for _, other in sorted(pairs)]
    if order != sorted(order):
        yield f"{name} order", run, "", "", ""


def paired(
    old: Sequence[Row], new: Sequence[Row], keys: Sequence[Key]
) -> tuple[list[tuple[int, int]], list[Row], list[Row]]:
    """Which rows are the same, by number, by one key after the other; and what is left of both."""
    pairs: list[tuple[int, int]] = []
    left, right = list(range(len(old))), list(range(len(new)))
    for key in (_exactly, *keys):
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for number in reversed(right):
            waiting[key(new[number])].append(number)
        for number in left:
            if same := waiting.get(key(old[number])):
                pairs.append((number, same.pop()))
        taken = [set(numbers) for numbers in zip(*pairs, strict=True)] or [set(), set()]
        left = [number for number in left if number not in taken[0]]
        right = [number for number in right if number not in taken[1]]
    return pairs, [old[number] for number in left], [new[number] for number in right]


def _exactly(row: Row) -> str:
    return json.dumps(row, sort_keys=True)


def _row(entry: Any) -> Row:
    """A row of an answer; an entry of what was not decided is taken apart."""
    if isinstance(entry, dict):
        return entry
    parts = _UNDECIDED.fullmatch(entry)
    return parts.groupdict() if parts else {"where": "", "what": entry, "reason": ""}


def _file(row: Row) -> Hashable:
    return row["filename"], row["cell"]


def _at(row: Row) -> Hashable:
    return _file(row), row["location"]["row"], row["location"]["column"]


def _sides(row: Row) -> Hashable:
    return _at(row["train"]), _at(row["infer"])


_FINDING: tuple[Key, ...] = (
    lambda row: (row["code"], _at(row), row["message"]),
    lambda row: (row["code"], _at(row)),
    lambda row: (row["code"], _file(row), row["location"]["row"]),
    lambda row: (row["code"], _file(row), row["message"]),
    lambda row: (row["code"], _file(row), row["end_location"]["row"]),
)
_LOAD: tuple[Key, ...] = (
    lambda row: (_at(row), row["loader"], *row["repo_id"]["values"]),
    lambda row: (_at(row), row["loader"]),
    _at,
    lambda row: (_file(row), row["location"]["row"], row["loader"]),
    lambda row: (_file(row), row["location"]["row"], row["artifact"]),
)
_PAIR: tuple[Key, ...] = (
    lambda row: (_sides(row), row["adapter"] and _at(row["adapter"]), row["rule"]),
    lambda row: (_sides(row), row["adapter"] and _at(row["adapter"])),
    lambda row: (_sides(row), row["rule"]),
    _sides,
)
_ENTRY: tuple[Key, ...] = (
    lambda row: (row["where"], row["what"]),
    lambda row: (row["where"], row["reason"]),
    lambda row: (row["where"],),
)

Changed = Iterator[tuple[str, str, Any, Any]]
"""Field, detail, old and new value."""


def _finding_fields(old: Row, new: Row) -> Changed:
    code = old["code"]
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key in ("location", "end_location"):
            yield {"location": "start", "end_location": "end"}[key], code, before, after
        elif key == "fix":
            yield key, f"{code} {_of_fix(before, after)}", _fix_gist(before), _fix_gist(after)
        elif key == "related":
            detail, lost, added = _of_related(before or (), after or ())
            yield key, f"{code} {detail}", _related_gist(lost), _related_gist(added)
        else:
            detail = f"{code} {before} → {after}" if key == "severity" else code
            yield key, detail, before, after


def _of_fix(old: Row | None, new: Row | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "lost"
    return ", ".join(key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key))


def _of_related(old: Sequence[Row], new: Sequence[Row]) -> tuple[str, Sequence[Row], Sequence[Row]]:
    """What differs in related places, and those that differ."""
    _, lost, added = paired(old, new, ())
    if not lost and not added:
        return "order", old, new
    if len(old) != len(new):
        return f"{len(old)} → {len(new)} places", lost, added
    both = list(zip(lost, added, strict=True))
    keys = sorted({key for one, other in both for key in one if one[key] != other[key]})
    return ", ".join(keys), lost, added


def _related_gist(related: Sequence[Row]) -> str:
    return "; ".join(f"{_span(one)} {one['message']}" for one in related)


def _fix_gist(fix: Row | None) -> str:
    if fix is None:
        return ""
    edits = "; ".join(f"{_span({'cell': None, **one})} {one['content']!r}" for one in fix["edits"])
    return f"{fix['applicability']}: {fix['message']} [{edits}]"


def _span(row: Row) -> str:
    return f"{_place(row)}-{_shown(row['end_location'])}"


def _load_fields(old: Row, new: Row) -> Changed:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict) and "status" in before:
            yield from _value_fields(key, before, after)
        elif key == "location":
            yield "start", "", before, after
        elif key == "options":
            yield key, _of_fix(before, after), before, after
        else:
            yield key, f"{_shown(before)} → {_shown(after)}", before, after


def _value_fields(key: str, old: Row, new: Row) -> Changed:
    """The whole value where its status changed, since all of it then does."""
    if old["status"] != new["status"]:
        yield f"{key} status", f"{old['status']} → {new['status']}", old, new
        return
    if old["values"] != new["values"]:
        same = sorted(map(str, old["values"])) == sorted(map(str, new["values"]))
        yield f"{key} values", old["status"] + (", order" if same else ""), old, new
    if old.get("reason") != new.get("reason"):
        yield f"{key} reason", f"{old.get('reason')} → {new.get('reason')}", old, new


def _pair_fields(old: Row, new: Row) -> Changed:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            for field, *rest in _load_fields(before, after):
                yield (f"{key} {field}", *rest)
        else:
            short = key in ("rule", "merge")
            yield key, f"{_shown(before)} → {_shown(after)}" if short else "", before, after


def _entry_fields(old: Row, new: Row) -> Changed:
    for key in ("what", "reason"):
        if old[key] != new[key]:
            yield key, f"{old[key]} → {new[key]}", old[key], new[key]


_COMPARED: dict[str, tuple[str, tuple[Key, ...], Callable[[Row, Row], Changed]]] = {
    "check": ("default finding", _FINDING, _finding_fields),
    "check --strict": ("finding", _FINDING, _finding_fields),
    "inventory": ("inventory", _LOAD, _load_fields),
    "pairs": ("pair", _PAIR, _pair_fields),
    "undecided": ("undecided", _ENTRY, _entry_fields),
}


def _place(row: Row) -> str:
    if "train" in row:
        return f"{_place(row['train'])} → {_place(row['infer'])}"
    if "where" in row:
        return str(row["where"])
    cell = f":cell {row['cell']}" if row["cell"] is not None else ""
    return f"{row['filename']}{cell}:{row['location']['row']}:{row['location']['column']}"


def _sort(row: Row) -> str:
    """What a lost or new row is one of."""
    if "repo_id" in row:
        return f"{row['artifact']}, {row['repo_id']['status']}"
    return str(row.get("code") or row.get("rule") or row["reason"])


def _gist(row: Row) -> str:
    """A row in few words."""
    if "repo_id" in row:
        repo_id, revision = row["repo_id"], row["revision"]
        return f"{row['loader']} {_shown(repo_id)} @ {_shown(revision)}, {row['stage']}"
    if "where" in row:
        return f"{row['what']}: {row['reason']}"
    if "train" in row:
        return f"{row['rule']}: {row['reason']}"
    return f"{row['severity']}: {row['message']}"


def _shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"row", "column"}:
        return f"{value['row']}:{value['column']}"
    if isinstance(value, dict) and "status" in value:
        values = " | ".join(map(str, value["values"]))
        reason = f" ({value['reason']})" if value.get("reason") else ""
        return f"{value['status']} {values}{reason}".replace("  ", " ").strip()
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def counted(found: Iterable[Difference]) -> dict[str, dict[str, list[Difference]]]:
    """Differences by kind, then by detail, the most frequent first."""
    kinds: dict[str, dict[str, list[Difference]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        kinds[one.kind][one.detail].append(one)

    def often(item: tuple[str, list[Difference]]) -> tuple[int, str]:
        return -len(item[1]), item[0]

    return {kind: dict(sorted(kinds[kind].items(), key=often)) for kind in sorted(kinds)}
