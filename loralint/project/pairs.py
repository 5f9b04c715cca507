"""Pairs: which training load and which inference load belong to the same adapter.

By what one side saves and the other loads; as the settings say; by an adapter folder that names
the base; by the base alone. The firmest evidence comes first, and an adapter that it has joined
is none of what follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import dirname

from loralint.catalog import loads_lora
from loralint.config import matches
from loralint.facts import RECORDED, Known, Origin, Reason, Unknown, leaves
from loralint.project.adapter_names import called_alike
from loralint.project.borders import is_below
from loralint.project.contradictions import are_contradicting
from loralint.project.evidence import BASES, Evidence, as_fetched, names_of, recorded_by
from loralint.project.folders import is_test
from loralint.project.instances import Instance
from loralint.project.loads import Pair, PairKind
from loralint.project.saved_places import Match
from loralint.project.saves import Saving
from loralint.refs import is_repo_id
from loralint.source import Place
from loralint.values.paths import absolute, normal, patterns_of
from loralint.values.values import texts_of


@dataclass(frozen=True, slots=True)
class _Joined:
    """Two sides, the adapter that the inference side loads, and why they belong together."""

    kind: PairKind
    train: Instance
    infer: Instance
    adapter: Instance | None
    reason: str
    beyond: int = 0


MOST = 16
"""Trainings that one load is compared with: whoever has more, has not written them."""


def pairs(evidence: Evidence) -> tuple[Pair, ...]:
    """All pairs, the firmest evidence first; two loads are paired once for one adapter."""
    every = evidence.instances.every
    by_artifact = [each for adapter in every for each in _by_artifact(evidence, adapter)]
    joined = {each.adapter.key for each in by_artifact if each.adapter is not None}
    rest = [each for each in every if each.key not in joined]
    by_folder = [each for adapter in rest for each in _by_folder(evidence, adapter)]
    joined = {each.adapter.key for each in by_folder if each.adapter is not None}
    rest = [each for each in rest if each.key not in joined and _is_served(each)]
    found: dict[object, Pair] = {}
    for each in (*by_artifact, *_configured(evidence), *by_folder, *_by_base(evidence, rest)):
        pair = _pair(evidence, each)
        loads = (pair.train.index, pair.train.via, pair.infer.index, pair.infer.via)
        found.setdefault((loads, pair.adapter.place if pair.adapter else None), pair)
    return tuple(found.values())


def _pair(evidence: Evidence, each: _Joined) -> Pair:
    adapter = each.adapter
    configured = each.kind is PairKind.CONFIGURED
    return Pair(
        train=as_fetched(each.train.load),
        infer=as_fetched(each.infer.load),
        reason=each.reason,
        kind=each.kind,
        adapter=adapter.load if adapter is not None else None,
        merge=adapter is not None and not configured and evidence.is_merge(adapter),
        commanded=adapter is not None and bool(adapter.load.given),
        beyond=each.beyond,
    )


def _are_apart(train: Instance, infer: Instance) -> bool:
    """Whether two loads are different ones: putting an adapter back on what was trained is none."""
    return train.key != infer.key and train.load.place != infer.load.place


def _is_served(instance: Instance) -> bool:
    """Whether an adapter of PEFT's is loaded for inference."""
    return _is_adapter(instance) and instance.infers


def _is_adapter(instance: Instance) -> bool:
    """Whether an adapter is loaded that somebody trains like one: an IP-Adapter is none."""
    return instance.artifact == "adapter" and instance.happens and loads_lora(instance.site.loader)


# --- by artifact: what one side saves, the other loads ------------------------------------------


def _by_artifact(evidence: Evidence, adapter: Instance) -> Iterator[_Joined]:
    """The pairs of a load of something that the project saves."""
    loads_adapter = _is_adapter(adapter)
    if (adapter.artifact not in BASES and not loads_adapter) or adapter.site.loader == RECORDED:
        return
    found = evidence.places.matching(adapter)
    unclear = _is_unclear(evidence, found)
    matches = [
        match
        for match in found
        if (match.saving.site.artifact == "adapter" or loads_adapter)
        and not (match.saving.written and unclear)
    ]
    own = [each for each in matches if each.saving.owner.file == adapter.path]
    others = [each for each in matches if each.saving.owner.file != adapter.path]
    joined = _by_matches(evidence, own, adapter)
    # what a file saves itself, it loads: the same folder of another file is another run's
    joined = joined or _by_matches(evidence, others, adapter)
    if loads_adapter and not any(_is_on_one_base(each) for each in joined):
        joined = _of_one_base(evidence, matches, adapter) or joined
    yield from joined


def _of_one_base(evidence: Evidence, matches: Sequence[Match], adapter: Instance) -> list[_Joined]:
    """What other scripts save under the same name, if it is one that trains on the same base."""
    known = {match.saving for match in matches}
    further = [each for each in evidence.places.of_any(adapter) if each.saving not in known]
    saved = [each for each in further if each.certain and each.saving.site.artifact == "adapter"]
    found = [each for each in _by_matches(evidence, saved, adapter) if _is_on_one_base(each)]
    return found if len({each.train.path for each in found}) == 1 else []


def _is_on_one_base(joined: _Joined) -> bool:
    train, infer = (
        map(_spelt, names_of(each.site.repo_id)) for each in (joined.train, joined.infer)
    )
    return not set(train).isdisjoint(infer)


def _spelt(name: str | Origin) -> str | Origin:
    return normal(name) if isinstance(name, str) else name


def _by_matches(evidence: Evidence, matches: Sequence[Match], adapter: Instance) -> list[_Joined]:
    """The pairs of some saves of what is loaded, of the first ones where they are too many."""
    joined = [each for match in matches[:MOST] for each in _by_match(evidence, match, adapter)]
    beyond = len(matches) - MOST
    return [replace(each, beyond=beyond) for each in joined] if beyond > 0 else joined


def _by_match(evidence: Evidence, match: Match, adapter: Instance) -> Iterator[_Joined]:
    """The pairs of one save of what is loaded."""
    site = match.saving.site
    where = Place(site.path, site.span, site.cell)
    reason = f"{match.shown}: saved in {where}, loaded in {adapter.load.place}"
    kind = PairKind.ARTIFACT if match.certain else PairKind.CHECKOUT
    # what ends alike in two subprojects is one where the base is one, too
    far = not match.certain and evidence.borders.are_apart(site.path, adapter.path)
    for train in _trained(evidence, match.saving):
        for infer in evidence.served(adapter, train):
            joined = _Joined(kind, train, infer, adapter, reason)
            if _are_apart(train, infer) and (not far or _is_on_one_base(joined)):
                yield joined


def _is_unclear(evidence: Evidence, found: Iterable[Match]) -> bool:
    """Whether several recipes with different bases save to one place: which ran last?"""
    written = (match.saving for match in found if match.saving.written)
    bases = {each.site.repo_id for saving in written for each in evidence.bases(saving.flow.loads)}
    return len(bases) > 1


def _trained(evidence: Evidence, saving: Saving) -> list[Instance]:
    """The bases of what was saved, else those of the function or file that saves.

    A merge that is saved trains nothing, nor does a plain base or an adapter that was loaded.
    """
    if saving.merged:
        return []
    found = evidence.bases(saving.flow.loads) or evidence.nearest(saving.owner, "train")
    trained = [each for each in found if each.site.stage != "merge" and _is_trained(evidence, each)]
    return [each for each in trained if not _is_resumed(evidence, each)] or trained


def _is_resumed(evidence: Evidence, base: Instance) -> bool:
    """Whether an adapter of the project is loaded as if it were a base, to be trained further.

    So it is where nobody asks for it: `if resume_from: load(resume_from)` of an option without one.
    """
    value = base.site.repo_id
    if isinstance(value, Unknown) and value.reason is Reason.FORWARDED:
        return True
    paths = texts_of(value)
    if paths and all(absolute(path) for path in paths):
        return True  # beside one with a name: a checkpoint
    return any(match.saving.site.artifact == "adapter" for match in evidence.places.matching(base))


def _is_trained(evidence: Evidence, base: Instance) -> bool:
    """Whether something is trained on a base, or in its file: an adapter may be trained further."""
    by_hand = evidence.has_training_mode(base.path)
    return base.trains or by_hand or evidence.wrapping.is_seen(base)


# --- as the settings say ------------------------------------------------------------------------


def _configured(evidence: Evidence) -> Iterator[_Joined]:
    """The pairs of `[[tool.loralint.pair]]`."""
    for setting in evidence.config.pairs:
        trained = _bases_in(evidence, setting.train, "train")
        served = _bases_in(evidence, setting.infer, "infer")
        reason = f"configured: {setting.train} trains, {setting.infer} loads"
        for train in trained:
            own = set(names_of(train.site.repo_id))
            same = [each for each in served if own & set(names_of(each.site.repo_id))]
            for infer in same or served:
                adapter = _adapter_on(evidence, infer)
                yield _Joined(PairKind.CONFIGURED, train, infer, adapter, reason)


def _bases_in(evidence: Evidence, glob: str, stage: str) -> list[Instance]:
    """The base loads of a file; those of its side, if it has some."""
    found = [
        each
        for each in evidence.instances.every
        if each.artifact in BASES and matches(each.path, (glob,))
    ]
    return [each for each in found if each.load.stage in (stage, "both")] or found


def _adapter_on(evidence: Evidence, base: Instance) -> Instance | None:
    found = (
        each
        for each in evidence.instances.every
        if each.artifact == "adapter" and base.key in each.base.loads
    )
    return next(found, None)


# --- by an adapter folder in the tree, which names the base -------------------------------------


def _by_folder(evidence: Evidence, adapter: Instance) -> Iterator[_Joined]:
    """The pairs of a load of an adapter folder."""
    folder = evidence.folders.loaded(adapter)
    if folder is None or not (adapter.artifact in BASES or _is_served(adapter)):
        return
    for train in _training_on(evidence, folder.base):
        if are_contradicting(evidence, train, adapter):
            continue
        reason = f"{folder.path} names {folder.base}, which {train.load.place} trains on"
        for infer in evidence.served(adapter, train):
            if _are_apart(train, infer):
                yield _Joined(PairKind.ADAPTER_FOLDER, train, infer, adapter, reason)


def _training_on(evidence: Evidence, base: str | None) -> list[Instance]:
    """The training loads of a base, if one file has them all: of two, which wrote the folder?"""
    found = [
        each
        for each in evidence.instances.every
        if each.trains and each.artifact in BASES and base in names_of(each.site.repo_id)
    ]
    return found if len({each.path for each in found}) == 1 else []


# --- by the base alone --------------------------------------------------------------------------


def _by_base(evidence: Evidence, adapters: Iterable[Instance]) -> Iterator[_Joined]:
    """The pairs of adapters of which nothing says that they are others than those trained."""
    trained = _trained_by_name(evidence)
    for adapter in adapters:
        if _is_merge_of_the_project(evidence, adapter):
            continue
        for infer in evidence.onto(adapter):
            for name in names_of(infer.site.repo_id):
                # of more than MOST trainings on one base, whose adapter this is cannot be said
                near = _beside(_kept(evidence, trained.get(name, ())), adapter)[:MOST]
                may = [each for each in near if _may_be_base_of(evidence, each, infer, adapter)]
                for train in called_alike(evidence, may, adapter):
                    base = name.written or "one base" if isinstance(name, Origin) else name
                    places = f"trained in {train.load.place}, loaded in {infer.load.place}"
                    reason = f"{base}: {places}{_of_defaults(evidence, train, adapter)}"
                    yield _Joined(PairKind.BASE_ID, train, infer, adapter, reason)
        yield from _by_recorded_base(evidence, trained, adapter)


def _by_recorded_base(
    evidence: Evidence, trained: Mapping[str | Origin, Sequence[Instance]], adapter: Instance
) -> Iterator[_Joined]:
    """The pairs of an adapter that tells its base itself, and that whoever runs the code chooses.

    It is what the only script near it trains: of two nobody knows which.
    """
    loads_recorded = "AutoPeft" in adapter.site.loader and not adapter.base.loads
    onto = [each for each in evidence.onto(adapter) if recorded_by(each.site.repo_id) is not None]
    if not (onto or loads_recorded) or patterns_of(adapter.site.repo_id):
        return
    every = {each.key: each for found in trained.values() for each in found}
    near = _beside(_kept(evidence, tuple(every.values())), adapter)[:MOST]
    if len({each.path for each in near}) != 1:
        return
    for train in near:
        for infer in evidence.served(adapter, train):
            if _may_be_base_of(evidence, train, infer, adapter):
                places = f"trained in {train.load.place}, loaded in {infer.load.place}"
                reason = f"the base that the adapter records: {places}"
                yield _Joined(PairKind.BASE_ID, train, infer, adapter, reason)


def _is_merge_of_the_project(evidence: Evidence, adapter: Instance) -> bool:
    """Whether what is loaded as an adapter is a merge of the project's own, which nobody trains."""
    return any(match.saving.merged for match in evidence.places.matching(adapter))


def _of_defaults(evidence: Evidence, train: Instance, adapter: Instance) -> str:
    """What to say of adapters that are others unless somebody says otherwise."""
    saved = evidence.adapters_saved_by.get(train.path, ())
    values = (adapter.site.repo_id, *(each.site.target for each in saved))
    named = bool(saved) and all(any(texts_of(value)) for value in values)
    return ", by default with another adapter" if named else ""


def _trained_by_name(evidence: Evidence) -> Mapping[str | Origin, Sequence[Instance]]:
    """The bases that an adapter is trained on, by Hub id or by who decides it."""
    found: defaultdict[str | Origin, list[Instance]] = defaultdict(list)
    for each in evidence.instances.every:
        if each.trains and each.artifact in BASES and _trains_adapter(evidence, each):
            for name in names_of(each.site.repo_id):
                found[name].append(each)
    return found


def _may_be_base_of(
    evidence: Evidence, train: Instance, infer: Instance, adapter: Instance
) -> bool:
    return (
        not _are_tests(evidence, train, adapter)
        and _are_apart(train, infer)
        and not evidence.borders.are_apart(train.path, adapter.path)
        and not _is_anothers(train, adapter)
        and not are_contradicting(evidence, train, adapter)
    )


def _is_anothers(train: Instance, adapter: Instance) -> bool:
    """Whether a Hub's adapter is loaded by a script that has nothing to do with the training.

    Examples of one library share small bases: each has a folder of its own.
    """
    ids = [leaf.value for leaf in leaves(adapter.site.repo_id) if isinstance(leaf, Known)]
    if not any(is_repo_id(str(each)) for each in ids):
        return False
    one, other = dirname(train.path), dirname(adapter.path)
    return not is_below(one, other) and not is_below(other, one)


def _beside(trained: Sequence[Instance], adapter: Instance) -> Sequence[Instance]:
    """Of all that train on a base, those in the folder of the script that serves, if any do.

    Else those in the nearest folder above it, but the root, where all of the project meets.
    """
    folder = dirname(adapter.path)
    while folder:
        near = [each for each in trained if dirname(each.path) == folder]
        if near:
            return near
        folder = dirname(folder)
    return [each for each in trained if not dirname(each.path)
            and not dirname(adapter.path)] or trained  # fmt: skip


def _kept(evidence: Evidence, trained: Sequence[Instance]) -> Sequence[Instance]:
    """Of all that train on a base, those that are seen to save what they train, if any do."""
    return [each for each in trained if each.path in evidence.adapters_saved_by] or trained


def _are_tests(evidence: Evidence, train: Instance, adapter: Instance) -> bool:
    """Whether one side is a test: tests share a small model, and train nothing for one another."""
    if train.owner == adapter.owner:
        return False
    sides = (train.path, adapter.path)
    return any(is_test(path, evidence.files.get(path)) for path in sides)


def _trains_adapter(evidence: Evidence, train: Instance) -> bool:
    """Whether PEFT is seen on the training side: an adapter class of one's own is none of its."""
    seen = (
        train.written
        or train.path in evidence.wrapping.files
        or train.path in evidence.adapters_saved_by
        or evidence.wrapping.is_seen(train)
    )
    return seen and evidence.wrapping.may_carry(train) and evidence.may_be_saved(train)
