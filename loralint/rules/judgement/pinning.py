"""Which loads must be pinned, how firmly a revision pins, and whether two ask for the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from loralint.catalog import loader_of
from loralint.catalog.families import has_mirror
from loralint.diagnostics import Related
from loralint.facts import (
    ABSENT,
    RECORDED,
    Absent,
    Choice,
    Default,
    Known,
    Reason,
    RevisionKey,
    Unknown,
    Value,
    Writing,
    leaves,
)
from loralint.project import Load, Project
from loralint.refs import (
    DEFAULT_BRANCHES,
    RevisionKind,
    is_dataset_id,
    is_repo_id,
    is_sentence_transformer,
    kind_of,
)
from loralint.rules.judgement import wording
from loralint.rules.judgement.values import from_outside, is_none_by_default, is_true, origin, texts
from loralint.source import Place
from loralint.text import listed

WEIGHTS_AND_MORE = frozenset(
    """base-model model tokenizer processor config pipeline engine embedding file other""".split()
)
"""What LOR101 judges: everything that decides what a model is, but adapters and datasets."""

ABSENT_ONLY: frozenset[RevisionKind] = frozenset({"absent"})
COMMIT_ONLY: frozenset[RevisionKind] = frozenset({"commit"})
REFERENCES: frozenset[RevisionKind] = frozenset({"branch-or-tag", "pull-request"})
PINS: frozenset[RevisionKind] = REFERENCES | {"commit", "abbreviated"}

_FORMAT_BRANCH = re.compile(
    r"(fp|float|bf|bfloat|int)-?\d+|onnx|openvino|flax|tf|gguf|gptq.*|awq.*|\d+-?bits?.*|non-?ema",
    re.IGNORECASE,
)
_HUB_PREFIX = re.compile(r"^hf[-_]hub:")


def kinds(value: Value) -> frozenset[RevisionKind]:
    """How the options of a revision pin."""
    return frozenset(_kind(leaf) for leaf in leaves(value))


def _kind(leaf: Value) -> RevisionKind:
    if isinstance(leaf, Absent):
        return "absent"
    if isinstance(leaf, Default) and leaf.value is None:
        return "forwarded"
    if isinstance(leaf, (Known, Default)):
        text = leaf.value
        return kind_of(text if text is None else str(text))
    return "forwarded" if origin(leaf) else "unknown"


def are(value: Value, wanted: frozenset[RevisionKind]) -> bool:
    """Whether every option of a revision is of one of the wanted kinds."""
    return kinds(value) <= wanted


def is_pinned(value: Value) -> bool:
    """Whether a revision certainly names something else than the default branch."""
    return are(value, PINS)


def is_unpinned(value: Value) -> bool:
    """Whether a revision certainly is the default branch, whoever runs the code."""
    return not any(isinstance(leaf, Default) for leaf in leaves(value)) and are(
        value, frozenset({"absent", "default-branch"})
    )


def is_format_branch(text: str) -> bool:
    """Whether a branch is named for how the same weights are stored (`fp16`, `onnx`)."""
    return _FORMAT_BRANCH.fullmatch(text) is not None


def hub_ids(load: Load) -> tuple[str, ...]:
    """The Hub ids that a load names: all options of a choice, or nothing."""
    if load.local:
        return ()
    names = tuple(_HUB_PREFIX.sub("", text) for text in texts(load.site.repo_id))
    return names if names and all(_is_hub_id(load, name) for name in names) else ()


def _is_hub_id(load: Load, name: str) -> bool:
    if load.site.artifact == "embedding" and is_sentence_transformer(name):
        return True
    return is_dataset_id(name) if load.site.artifact == "dataset" else is_repo_id(name)


def full_id(load: Load, name: str) -> str:
    """An id as the Hub has it: sentence-transformers leaves out its own organisation."""
    if load.site.artifact == "embedding" and "/" not in name and is_sentence_transformer(name):
        return f"sentence-transformers/{name}"
    return name


def hub_loads(project: Project) -> Iterator[tuple[Load, tuple[str, ...]]]:
    """The loads that certainly go to the Hub, with their ids that a policy lets us judge.

    What an adapter folder records is not among them: that it names no revision is LOR401.
    """
    for load in project.loads:
        for each in certain_runs(project, load) if load.site.loader != RECORDED else ():
            ids = judged_ids(project, each)
            if ids:
                yield each, ids


def certain_runs(project: Project, load: Load) -> Iterator[Load]:
    """A load as it certainly runs: whole, else for those rows, commands and callers that are known.

    Whatever another command or caller gives, what one of them gives is what is loaded for it.
    """
    if load.rows:
        yield from load.rows
    elif load.local or hub_ids(load):
        yield load
    elif load.given:
        yield from _of_commands(load)
    else:
        yield from _of_callers(project, load)


def _of_commands(load: Load) -> Iterator[Load]:
    """What those commands load that give a Hub id, where others give a folder."""
    every = leaves(load.site.repo_id)
    certain = [leaf for leaf in every if isinstance(leaf, Default) and _is_id(load, leaf)]
    if certain and all(isinstance(leaf, Default) for leaf in every):
        names = {leaf.value for leaf in certain}
        words = tuple(dict.fromkeys(place for text, place in load.given_for if text in names))
        yield _with_ids(load, certain, given=words)


def _is_id(load: Load, leaf: Default) -> bool:
    return isinstance(leaf.value, str) and _is_hub_id(load, leaf.value)


def _of_callers(project: Project, load: Load) -> Iterator[Load]:
    """What those callers load that pass a Hub id, where others pass what is not certain.

    Callers that differ in nothing that decides what runs (types, devices) are one.
    """
    alike: dict[str, list[Load]] = {}
    for each in project.instances_of.get(load.index, ()):
        if each.via is not None and hub_ids(each):
            deciding = (each.site.revision, each.option("trust_remote_code"))
            alike.setdefault(repr(deciding), []).append(each)
    for group in alike.values():
        ids = [leaf for each in group for leaf in leaves(each.site.repo_id)]
        callers = tuple(dict.fromkeys(each.place for each in group))
        yield _with_ids(replace(load, site=group[0].site), ids, asked_by=callers)


def _with_ids(load: Load, ids: Sequence[Value], **more: tuple[Place, ...]) -> Load:
    distinct = tuple(dict.fromkeys(ids))
    repo_id = Choice(distinct) if len(distinct) > 1 else distinct[0]
    return replace(load, site=msgspec.structs.replace(load.site, repo_id=repo_id), **more)  # type: ignore[arg-type]


def is_mirrored(load: Load) -> bool:
    """Whether no revision is given, and the library may load its own 4-bit mirror of the name."""
    return _is_unknown_for(load.site.revision, Reason.MIRRORED)


def is_dropped(load: Load) -> bool:
    """Whether a revision is given, and certainly dropped for a mirror of the name."""
    names = hub_ids(load)
    dropped = _is_unknown_for(load.site.revision, Reason.DROPPED)
    return dropped and bool(names) and all(map(has_mirror, names))


def _is_unknown_for(value: Value, reason: Reason) -> bool:
    return all(isinstance(leaf, Unknown) and leaf.reason is reason for leaf in leaves(value))


def drops_revision(load: Load) -> bool:
    """Whether the callee takes any revision, and loads the default branch all the same."""
    loader = loader_of(load.site.loader)
    return loader is not None and loader.drops_revision


DOWNLOAD_FIRST = "download the file with hf_hub_download(…, revision=…) and load it by its path"
"""What pins for a loader that drops the revision."""


def judged_ids(project: Project, load: Load) -> tuple[str, ...]:
    """The Hub ids of a load but those for which any revision will do."""
    if is_true(load.option("local_files_only")):
        return ()
    return tuple(name for name in hub_ids(load) if project.config.policy(name) != "any")


def is_local(load: Load) -> bool:
    """Whether a load certainly reads a folder of this machine."""
    names = texts(load.site.repo_id)
    plain = (_HUB_PREFIX.sub("", name) for name in names)
    return load.local or (bool(names) and not any(_is_hub_id(load, name) for name in plain))


def is_waived(project: Project, load: Load) -> bool:
    """Whether a policy says of every id of a load that any revision will do."""
    ids = hub_ids(load)
    return bool(ids) and all(project.config.policy(name) == "any" for name in ids)


def subject_of(load: Load) -> str:
    """What identifies the load in a baseline: its repo id, where it is known."""
    names = hub_ids(load) or texts(load.site.repo_id)
    return names[0] if names else ""


def adapter_revision(load: Load) -> Value:
    """The revision that an adapter is loaded at."""
    revision = load.site.revision
    if revision != ABSENT:
        return revision
    return load.option("adapter_kwargs.revision")


Verdict = Literal["same", "different", "one-sided", "undecided"]
"""`one-sided`: one side takes its revision from outside, and the other cannot."""

_DEFAULT_BRANCH = ""
_FEW = 7


def compare(one: Value, other: Value) -> Verdict:
    """Compare two revisions, for all options of both."""
    if origin(one) and origin(one) == origin(other):
        return "same"
    first, second = _settled(one), _settled(other)
    if first is not None and second is not None and _are_apart(first, second):
        return "different"
    if _is_one_sided(one, other) or _is_one_sided(other, one):
        return "one-sided"
    return "undecided" if first is None or second is None else "same"


def _settled(value: Value) -> frozenset[str] | None:
    """The revisions that a value may be, the default branch as ""; None where one is unknown."""
    found = set()
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return None
        text = leaf.value if isinstance(leaf, (Known, Default)) else None
        found.add(_DEFAULT_BRANCH if text is None or text in DEFAULT_BRANCHES else str(text))
    return frozenset(found)


def _are_apart(first: frozenset[str], second: frozenset[str]) -> bool:
    return not any(_may_be_one(one, other) for one in first for other in second)


def _may_be_one(one: str, other: str) -> bool:
    """Whether two names may stand for the same weights: equal, begun alike, a format's branch."""
    if one == other or is_format_branch(one) or is_format_branch(other):
        return True
    short, long = sorted((one, other), key=len)
    return kind_of(short) == "abbreviated" and len(short) >= _FEW and long.startswith(short)


def _is_one_sided(one: Value, other: Value) -> bool:
    """Whether `one` follows an option, and `other` is the same whoever runs it."""
    is_free = from_outside(one) and are(one, frozenset({"forwarded", "default-branch"}))
    forwards_nothing = all(is_none_by_default(leaf) for leaf in leaves(one))
    return is_free and (is_unpinned(other) or (forwards_nothing and _is_fixed_pin(other)))


def _is_fixed_pin(value: Value) -> bool:
    """Whether a value pins, whoever runs the code."""
    return is_pinned(value) and not from_outside(value)


Named = tuple[Load, tuple[str, ...]]
"""A load, and its ids."""


@dataclass(frozen=True, slots=True)
class Given:
    """A place that gives a revision, and the loads that it is given to, in order."""

    place: Place
    loads: tuple[Named, ...]

    @property
    def load(self) -> Load:
        """The first of the loads."""
        return self.loads[0][0]

    @property
    def related(self) -> tuple[Related, ...]:
        """Where the loads are named, if that is elsewhere."""
        return tuple(
            Related(f"{wording.named(load, ids)} is named here", load.place)
            for load, ids in self.loads
            if load.place != self.place
        )


def by_place(loads: Iterable[Named]) -> Iterator[Given]:
    """The loads by what gives their revision: a recipe's key, else each load itself."""
    groups: dict[object, list[Named]] = {}
    for load, ids in loads:
        shared = load.site.revision_at is not None
        key = (load.site.path, load.site.revision_at) if shared else load.index
        groups.setdefault(key, []).append((load, ids))
    for group in groups.values():
        yield Given(_place(group[0][0]), tuple(group))


def _place(load: Load) -> Place:
    at = load.site.revision_at
    return load.place if at is None else Place(load.site.path, at, load.site.cell)


def named(given: Given) -> str:
    """What the revision is given to; a tokenizer that comes with its model is not told apart."""
    first: dict[tuple[str, ...], Load] = {}
    for load, ids in given.loads:
        first.setdefault(ids, load)
    return listed(wording.named(load, ids) for ids, load in first.items())


def is_one(given: Given) -> bool:
    """Whether one repository only is concerned."""
    return len({ids for _, ids in given.loads}) == 1


def omitted_once(loads: Iterable[Named]) -> Iterator[Named]:
    """The loads without those that take the model's revision.

    A recipe or command that names its model again as the tokenizer lacks one revision, not two:
    every tool that has a revision of its own for the tokenizer takes the model's without it. A
    second model that has no key of its own (`ref_model`) cannot be pinned apart.
    """
    every = list(loads)
    models = {_key(*each) for each in every if each[0].site.artifact != "tokenizer"}
    first: dict[object, Load] = {}
    for load, ids in every:
        shared = load.site.artifact == "tokenizer" and load.site.revision_key not in _OWN
        if shared and _key(load, ids) in models:
            continue
        if load.site.writing is Writing.RECIPE and load.site.artifact == "base-model":
            key = (load.site.path, load.site.function, load.site.revision_key)
            if load.site.revision_key and first.setdefault(key, load) is not load:
                continue
        yield load, ids


def _key(load: Load, ids: tuple[str, ...]) -> object:
    site = load.site
    return (site.path, site.cell, site.function, ids)


_OWN: Sequence[RevisionKey] = (RevisionKey(""), RevisionKey())
"""What takes the revision of one load only: a keyword of its call, or nothing."""
