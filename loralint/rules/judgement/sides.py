"""What belongs to one side of a pair, besides the load of the base itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from loralint.diagnostics import Fix, Related
from loralint.project import Action, Held, Load, Pair, PairKind, Project, Stage, Why, is_test
from loralint.rules.base import Finding
from loralint.rules.judgement import wording
from loralint.rules.judgement.pinning import subject_of
from loralint.source import Place
from loralint.text import counted

Verdict = TypeVar("Verdict")

_FITTING: dict[Stage, frozenset[Stage]] = {
    "train": frozenset({"train", "both"}),
    "infer": frozenset({"infer", "both"}),
    "both": frozenset({"train", "infer", "both", "neither"}),
    "neither": frozenset({"train", "infer", "both", "neither"}),
}


def pairs_of(project: Project) -> Iterator[Pair]:
    """The pairs, each side standing on its load; on a call where one load serves both sides.

    Two pairs of the same two places are one.
    """
    seen: set[tuple[Place, Place]] = set()
    for pair in project.pairs:
        train, infer = apart(project, pair.train, pair.infer)
        if (train.place, infer.place) not in seen:
            seen.add((train.place, infer.place))
            yield replace(pair, train=train, infer=infer)


def distinct_pairs(project: Project) -> Iterator[Pair]:
    """The pairs, one for all training loads that ask for the same.

    Ten scripts that train on one base in one way say ten times the same of a load at inference.
    """
    return (pair for pair, _ in unlike((pair, None) for pair in pairs_of(project)))


def unlike(found: Iterable[tuple[Pair, Verdict]]) -> Iterator[tuple[Pair, Verdict]]:
    """What is found of pairs, once for all training loads that ask for the same."""
    seen: set[object] = set()
    for pair, verdict in found:
        key = (pair.infer.place, _asked(pair.infer), _asked(pair.train), pair.merge)
        if key not in seen:
            seen.add(key)
            yield pair, verdict


def once(found: Iterable[tuple[Pair, object, Finding]]) -> Iterator[Finding]:
    """One finding a load and `what` it says; the other training loads are related places."""
    groups: dict[object, list[tuple[Pair, Finding]]] = {}
    for pair, what, finding in found:
        groups.setdefault((finding.place, what), []).append((pair, finding))
    for (leading, first), *others in groups.values():
        known = {note.place for note in first.related}
        more = (trained_here(pair) for pair, _ in others)
        notes = {note.place: note for note in more if note.place not in known}
        beyond = f" (and {counted(leading.beyond, 'further save')} there)" if leading.beyond else ""
        message = f"{first.message}{beyond}"
        yield replace(first, message=message, related=(*first.related, *notes.values()))


def _asked(load: Load) -> tuple[object, ...]:
    """What a load asks for, wherever it stands."""
    site = load.site
    return (site.loader, site.repo_id, site.revision, site.options)


def apart(project: Project, one: Load, other: Load) -> tuple[Load, Load]:
    """Two instances as they stand in the code; two of one load stay with their callers."""
    if one.index == other.index:
        return one, other
    return _as_written(project, one), _as_written(project, other)


def _as_written(project: Project, load: Load) -> Load:
    """An instance on its load; others that come by there would be changed by an edit."""
    if load.via is None:
        return load
    shared = len(project.instances_of.get(load.index, ())) > 1
    return replace(load, shared=shared, via=None)


def companions(project: Project, side: Load, artifact: str) -> Iterator[Load]:
    """The loads of an artifact beside a side's load: same file, same stage."""
    paths = (side.place.path,) if side.via is not None else _paths(project, side)
    for path in paths:
        for load in project.placed.get((artifact, path), ()):
            if load.stage == "neither" or load.stage in _FITTING[side.stage]:
                yield load


def _paths(project: Project, side: Load) -> tuple[str, ...]:
    """The file of a load, and those from which its function is called."""
    callers = (each.place.path for each in project.instances_of.get(side.index, ()))
    return tuple(dict.fromkeys((side.site.path, *callers)))


def actions(project: Project, side: Load, kind: str) -> tuple[Action, ...]:
    """The actions of a kind on a side's model; where no flow is known, those beside it."""
    reached = project.downstream.get(side.index, frozenset((side.index,)))
    found = {a.index: a for index in reached for a in project.actions_on.get((kind, index), ())}
    if found:
        return tuple(found[index] for index in sorted(found))
    paths = dict.fromkeys((side.place.path, side.site.path))
    loose = (act for path in paths for act in project.loose_actions.get((kind, path), ()))
    return tuple(act for act in loose if _is_beside(project, act, side))


def is_certain(project: Project, action: Action, side: Load) -> bool:
    """Whether an action on a side's model is done whenever the model is loaded at all.

    It is not where an option that nobody sets switches it on, or where it is another task's.
    """
    around = project.load_conditions.get(side.index, ())
    own = project.action_conditions.get(action.index, ())
    return all(each.held is Held.YES or each in around for each in own)


def certain_actions(project: Project, side: Load, kind: str) -> tuple[Action, ...]:
    """The actions of a kind on a side's model that are certainly done."""
    return tuple(one for one in actions(project, side, kind) if is_certain(project, one, side))


# --- branches -------------------------------------------------------------------------------------


def differing(
    project: Project, pairs: Iterable[Pair], judge: Callable[[Pair], Verdict | None]
) -> Iterator[tuple[Pair, Verdict]]:
    """The pairs that differ, with what `judge` says of them.

    Of several loads of one side that go onto one adapter (`if four: … else: …`) only one is done.
    Branches of one option are compared with their like; of others nothing is certain while one of
    them matches.
    """
    groups: dict[object, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(_branches_of(pair), []).append(pair)
    for group in groups.values():
        yield from _differing(project, group, judge)


def _branches_of(pair: Pair) -> object:
    """What the branches of both sides have in common: the adapter, and where they stand."""
    adapter = pair.adapter.place if pair.adapter is not None else None
    train, infer = pair.train, pair.infer
    trained = (train.place.path, train.site.path, train.site.function)
    return adapter, trained, (infer.place.path, infer.site.path, infer.site.function)


def _differing(
    project: Project, group: list[Pair], judge: Callable[[Pair], Verdict | None]
) -> Iterator[tuple[Pair, Verdict]]:
    choosing = {
        *_choosing(project, [pair.train for pair in group]),
        *_choosing(project, [pair.infer for pair in group]),
    }
    alike = {id(pair): _likeness(project, pair, choosing) for pair in group}
    kept = [pair for pair in group if alike[id(pair)] is not False]
    judged = [(pair, judge(pair)) for pair in kept]
    one_switch = [(pair, found) for pair, found in judged if alike[id(pair)]]
    if one_switch:
        judged = [each for each in one_switch if not _is_off(project, each[0])]
    elif any(found is None for _, found in judged):
        return
    yield from ((pair, found) for pair, found in judged if found is not None)


def _choosing(project: Project, sides: Iterable[Load]) -> Iterator[object]:
    """The switches that choose among the loads of one side.

    One that chooses between training and inference is none: it does not tell branches apart.
    """
    held: dict[object, set[bool]] = {}
    for side in sides:
        for asked, holds in _switches(project, side).items():
            held.setdefault(asked, set()).add(holds)
    return (asked for asked, each in held.items() if len(each) > 1)


def _likeness(project: Project, pair: Pair, choosing: Collection[object]) -> bool | None:
    """Whether both loads stand under one switch, on the same side of it; None where there is none.

    The same option in two scripts is one switch: who sets it for one sets it for the other.
    """
    own, other = (_switches(project, side) for side in (pair.train, pair.infer))
    shared = [asked for asked in own if asked in other and asked in choosing]
    return all(own[asked] == other[asked] for asked in shared) if shared else None


def _switches(project: Project, load: Load) -> dict[object, bool]:
    found = project.load_conditions.get(load.index, ())
    return {each.asked: each.guard.holds for each in found if each.option}


def _is_off(project: Project, pair: Pair) -> bool:
    """Whether nobody sets the switch that both loads stand under."""
    found = project.load_conditions.get(pair.train.index, ())
    other = {each.asked for each in project.load_conditions.get(pair.infer.index, ())}
    return any(each.held is Held.NO and each.asked in other for each in found)


def _is_beside(project: Project, action: Action, side: Load) -> bool:
    """Whether an action stands beside a side's load: each test of a file is a script of its own."""
    if action.function == side.site.function:
        return True
    alone = is_test(action.path, project.files.get(action.path))
    return side.stage in ("train", "infer") and not alone


def trained_here(pair: Pair) -> Related:
    """The training side, as a related place."""
    return Related(f"{wording.named(pair.train)} is loaded for training here", pair.train.place)


def _given(load: Load) -> tuple[Related, ...]:
    """The words of command lines that say what is loaded."""
    model = (Related("a command gives the model here", place) for place in load.given)
    revision = (Related("a command gives the revision here", p) for p in load.given_revision)
    return (*model, *revision)


def at_inference(pair: Pair, message: str, fix: Fix, *notes: Related) -> Finding:
    """A finding on the inference side's load of the base; the training load is related."""
    related = (*notes, *_given(pair.infer), trained_here(pair), *_given(pair.train))
    subject = subject_of(pair.infer)
    return resting(pair, Finding.at(pair.infer, message, related=related, subject=subject, fix=fix))


def resting(pair: Pair, finding: Finding) -> Finding:
    """A finding that compares the two sides: the less ties them, the milder it is."""
    return replace(finding, why=pair.why, at_most="error" if pair.is_firm else "warning")


def why(pair: Pair) -> str:
    """What ties the two sides, in brackets."""
    kind = _KINDS.get(pair.kind, "by a command line, " if pair.why is Why.COMMAND else "")
    return f"({kind}{pair.reason})" if pair.reason else ""


_KINDS = {
    PairKind.ADAPTER_FOLDER: "by the recorded base, ",
    PairKind.CHECKOUT: "a path that ends alike, ",
    PairKind.BASE_ID: "by the same base id alone, ",
    PairKind.CONFIGURED: "",
}
