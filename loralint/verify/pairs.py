"""Which cases to run for the pairs of a project: one a side, on the adapter between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from loralint.diagnostics import Diagnostic
from loralint.facts import Absent, Value
from loralint.project import Load, Pair, Project
from loralint.refs import is_repo_id
from loralint.rules.judgement.models import double, method
from loralint.rules.judgement.sides import distinct_pairs
from loralint.rules.judgement.values import is_off, is_true, only, texts
from loralint.source import Place
from loralint.values.paths import candidates
from loralint.verify.case import DTYPES, QUANTIZATIONS, Case, Dtype, Quantization

# --- side case ------------------------------------------------------------------------------------


_CLASS = re.compile(r"transformers\.([A-Z]\w*)\.from_pretrained")
CONFIG = "adapter_config.json"


class CannotPlanError(Exception):
    """The code does not say enough to load what it loads; the message says what is missing."""


@dataclass(frozen=True)
class Surroundings:
    """Where a project lies, and what may be done for it."""

    root: Path
    trust_remote_code: bool = False
    offline: bool = True
    device: str = "auto"


@dataclass
class SideCase:
    """A case, and what of the load it does not follow."""

    case: Case
    notes: list[str] = field(default_factory=list)


def side_case(load: Load, adapter: Path, name: str, around: Surroundings) -> SideCase:
    """The base as a load asks for it; CannotPlanError where that cannot be known."""
    notes: list[str] = []
    quantization = _quantization(load, notes)
    case = Case(
        adapter=adapter,
        name=name,
        base=_base(load, around.root),
        revision=_revision(load.site.revision, "the revision"),
        code_revision=_revision(load.option("code_revision"), "the revision of the code"),
        quantization=quantization,
        double_quant=is_true(double(load)),
        dtype=_dtype(load, quantization, notes),
        device=around.device,
        model_class=_model_class(load),
        trust_remote_code=_trusts(load, around),
        offline=around.offline or is_true(load.option("local_files_only")),
    )
    return SideCase(case, notes)


def _base(load: Load, root: Path) -> str:
    found = texts(load.site.repo_id)
    if len(found) != 1:
        raise CannotPlanError(_open(load.site.repo_id, "the base", found))
    text = found[0].removeprefix("hf://").removeprefix("https://huggingface.co/")
    for place in candidates(text, load.place.path):
        if (root / place).is_dir():
            return str(root / place)
    if load.local or not is_repo_id(text):
        raise CannotPlanError(f"the base {text} is a local path, and there is no such folder")
    return text


def _open(value: Value, what: str, found: tuple[str, ...]) -> str:
    if found:
        return f"{what} is one of {', '.join(found)}"
    reason = getattr(value, "reason", "")
    return f"{what} cannot be known: {reason}" if reason else f"{what} cannot be known"


def _revision(value: Value, what: str) -> str | None:
    if is_off(value):
        return None
    found = only(value)
    if not isinstance(found, str):
        raise CannotPlanError(_open(value, what, texts(value)))
    return found


def _quantization(load: Load, notes: list[str]) -> Quantization | None:
    """None where it cannot be known: whether tensors find their place does not hang on it."""
    given = method(load)
    if given is None:
        return "none"  # the repository's own config.json says how
    found = only(given)
    if found in QUANTIZATIONS:
        return found
    if isinstance(found, str):
        notes.append(f"{found} is loaded as the base's own files say")
        return "none"
    notes.append("the quantisation cannot be known; the base is loaded in nf4 if that goes")
    return None


def _dtype(load: Load, quantization: str | None, notes: list[str]) -> Dtype:
    given = load.option("dtype")
    if isinstance(given, Absent) and quantization in (None, "nf4", "fp4"):
        given = load.option("bnb_4bit_compute_dtype")
    found = only(given)
    if found in DTYPES:
        return found
    if not isinstance(given, Absent):
        notes.append("the dtype cannot be known; the base's own is taken")
    return "auto"


def _trusts(load: Load, around: Surroundings) -> bool:
    """Code of the base runs where its loader lets it, and who runs loralint does as well."""
    return around.trust_remote_code and not is_off(load.option("trust_remote_code"))


def _model_class(load: Load) -> str | None:
    match = _CLASS.fullmatch(load.site.loader)
    return match[1] if match and match[1] != "PreTrainedModel" else None


def adapter_folder(load: Load, around: Surroundings) -> tuple[Path, str] | None:
    """The folder that a load of an adapter names, with the name; None where it is not there.

    CannotPlanError where the code does not say which adapter it is.
    """
    below = texts(load.option("subfolder"))
    found = texts(load.site.repo_id)
    if len(found) != 1:
        raise CannotPlanError(_open(load.site.repo_id, "the adapter", found))
    return on_disk("/".join((found[0], *below)), load.place.path, around.root)


def on_disk(text: str, script: str, root: Path) -> tuple[Path, str] | None:
    """The adapter folder that a path of a script means, with the path from the root."""
    for place in candidates(text, script):
        if (root / place / CONFIG).is_file():
            return root / place, place
    return None


# --- plan -----------------------------------------------------------------------------------------


Role = Literal["training", "inference"]

FLAGGING = ("LOR107", "LOR2", "LOR410")
"""Codes, or beginnings of them, that make a pair worth loading: its two sides may not agree."""


@dataclass(frozen=True)
class Side:
    """A side of a pair: the case to run, or (`reason`) why there is none.

    `notes` say what of the load the case does not follow.
    """

    role: Role
    load: Load
    case: Case | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return self.load.place


@dataclass(frozen=True)
class Plan:
    """A pair with what is to be run for it; `reason` where no adapter is there to run with."""

    pair: Pair
    adapter: str
    sides: tuple[Side, ...] = ()
    reason: str = ""


def flagged(project: Project, diagnostics: Iterable[Diagnostic]) -> list[Pair]:
    """The pairs about which something was found that loading can decide."""
    places = {
        place
        for one in diagnostics
        if one.code.startswith(FLAGGING)
        for place in (one.place, *(related.place for related in one.related))
    }
    return [pair for pair in distinct_pairs(project) if _sides(pair) & places]


def _sides(pair: Pair) -> set[Place]:
    return {pair.train.place, pair.infer.place}


def between(project: Project, train: str, infer: str) -> list[Pair]:
    """The pairs of two files, by their paths from the root."""
    return [
        pair
        for pair in distinct_pairs(project)
        if (pair.train.place.path, pair.infer.place.path) == (train, infer)
    ]


def plans(project: Project, pairs: Sequence[Pair], around: Surroundings) -> list[Plan]:
    """A plan for each pair, in the order of the code; each adapter and base once a pair."""
    ordered = sorted(pairs, key=lambda pair: (pair.infer.place, pair.train.place))
    return [_plan(project, pair, around) for pair in ordered]


def _plan(project: Project, pair: Pair, around: Surroundings) -> Plan:
    try:
        found = _adapter(project, pair, around)
    except CannotPlanError as error:
        return Plan(pair, "the adapter", reason=str(error))
    if found is None:
        named = _named(project, pair)
        reason = f"{named} is not on this machine" if named else "no adapter is saved anywhere"
        return Plan(pair, named or "the adapter", reason=reason)
    folder, name = found
    sides = (
        _side("training", pair.train, folder, name, around),
        _side("inference", pair.infer, folder, name, around),
    )
    return Plan(pair, name, sides)


def _side(role: Role, load: Load, folder: Path, name: str, around: Surroundings) -> Side:
    try:
        planned = side_case(load, folder, name, around)
    except CannotPlanError as error:
        return Side(role, load, reason=str(error))
    return Side(role, load, planned.case, notes=tuple(planned.notes))


def _adapter(project: Project, pair: Pair, around: Surroundings) -> tuple[Path, str] | None:
    """The folder that the inference side loads, else one that the training side saves to."""
    if pair.adapter is not None and not isinstance(pair.adapter.site.repo_id, Absent):
        found = adapter_folder(pair.adapter, around)
        if found is not None:
            return found
    for text, script in _saved(project, pair):
        found = on_disk(text, script, around.root)
        if found is not None:
            return found
    return None


def _saved(project: Project, pair: Pair) -> Iterator[tuple[str, str]]:
    """Where the training side saves what its base flows into, by its own words."""
    reached = project.downstream.get(pair.train.index, frozenset((pair.train.index,)))
    for save in project.saves:
        beside = save.site.path == pair.train.place.path and not save.inputs
        if beside or reached & set(save.inputs):
            for text in texts(save.site.target):
                yield text, save.site.path


def _named(project: Project, pair: Pair) -> str:
    """What the code calls the adapter."""
    loaded = texts(pair.adapter.site.repo_id) if pair.adapter is not None else ()
    saved = (text for text, _ in _saved(project, pair))
    return next(iter((*loaded, *saved)), "")
