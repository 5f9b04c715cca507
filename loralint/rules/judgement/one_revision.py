"""Where one revision is given to two repositories."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import ABSENT, Known, Value
from loralint.project import Load, Project
from loralint.refs import kind_of
from loralint.rules.judgement.pinning import is_format_branch, is_local
from loralint.rules.judgement.sides import apart
from loralint.rules.judgement.values import from_outside, is_none_by_default, origin, texts

_LEADERS = ("base-model", "engine", "pipeline", "embedding", "model")


_SECOND = ("tokenizer", "config", "adapter", "lora", "peft", "reward", "teacher", "ref_")


def doubles(project: Project) -> Iterator[tuple[Load, Load]]:
    """Pairs of loads of two repositories with one revision; the second is the one to blame."""
    groups: dict[str, list[Load]] = {}
    for load in project.instances or project.loads:
        key = _key(load)
        if key and _is_of_one_repository(load):
            groups.setdefault(key, []).append(load)
    for group in groups.values():
        yield from _doubles_of(project, group)


def _is_of_one_repository(load: Load) -> bool:
    """Whether the revision is used for what the id names: not for the base below an adapter."""
    pins_adapter_apart = load.option("adapter_kwargs.revision") != ABSENT
    return not (is_local(load) or pins_adapter_apart or load.site.artifact == "dataset")


def _key(load: Load) -> str:
    """What makes two revisions one: who decides, or a value that belongs to one repository."""
    given = load.site.revision
    if origin(given):
        return f"origin {origin(given)}"
    if not isinstance(given, Known) or not isinstance(given.value, str):
        return ""
    kind = kind_of(given.value)
    if kind == "commit":
        return f"value {given.value}"
    if kind in ("default-branch", "abbreviated") or is_format_branch(given.value):
        return ""
    return f"file {load.place.path} value {given.value}"


def _doubles_of(project: Project, group: list[Load]) -> Iterator[tuple[Load, Load]]:
    first = min(group, key=_rank)  # of equals the first
    blamed: set[object] = set()
    for load in group:
        one, other = apart(project, first, load)
        if other.place in blamed or load is first or not _are_different(first, load):
            continue
        if _is_optional(first) and _is_optional(load):
            continue
        blamed.add(other.place)
        yield one, other


def _is_optional(load: Load) -> bool:
    """Whether a configuration or tokenizer is loaded only if somebody names it.

    A script with both `--config_name` and `--tokenizer_name` gives both the model's revision.
    """
    return load.site.artifact not in _LEADERS and is_none_by_default(load.site.repo_id)


def _rank(load: Load) -> tuple[bool, bool]:
    """How little a load looks like the one that the revision is meant for."""
    decides = origin(load.site.repo_id)
    name = decides.last.lower() if decides is not None else ""
    return load.site.artifact not in _LEADERS, any(word in name for word in _SECOND)


def _are_different(first: Load, second: Load) -> bool:
    one, other = first.site.repo_id, second.site.repo_id
    names, others = _names(one), _names(other)
    if names and others:
        return not names & others and not _are_siblings(first, second)
    # Two options of one parser are two things; a parameter of a function that nobody sees called
    # may well be handed what an option of another place holds.
    decides, decides_other = origin(one), origin(other)
    if decides is None or decides_other is None:
        return False
    return decides != decides_other and decides.owner == decides_other.owner


def _names(value: Value) -> frozenset[str]:
    return frozenset(name.casefold() for name in texts(value))


def _are_siblings(first: Load, second: Load) -> bool:
    """Whether a branch name may well exist in both: models of one owner (Pythia's `step3000`)."""
    given = first.site.revision
    if first.site.artifact != second.site.artifact or from_outside(given):
        return False
    if any(kind_of(text) != "branch-or-tag" for text in texts(given)):
        return False
    names = _names(first.site.repo_id) | _names(second.site.repo_id)
    owners = {name.partition("/")[0] for name in names}
    return len(owners) == 1
