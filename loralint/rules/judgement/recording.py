"""Where an adapter could be told which revision of its base it is trained on, and is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loralint.facts import ABSENT
from loralint.project import Action, Load, Project
from loralint.rules.judgement.fixes import Change, add_keyword
from loralint.rules.judgement.pinning import hub_ids, is_waived
from loralint.rules.judgement.values import same
from loralint.rules.judgement.versions import may_lack


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A call that makes an adapter and records no revision.

    `place` is where that is said: the call, or the LoRA configuration that it gets. `holder` is
    what the revision can be given to, which is the configuration where the project may run with a
    PEFT whose `get_peft_model` takes none; None where that is out of reach. `bases` are the base
    models from the Hub that flow into the call.
    """

    place: Action
    bases: tuple[Load, ...]
    holder: Action | None

    def changes(self, revision: str) -> tuple[Change, ...]:
        """What records a revision; nothing where not all bases are loaded at one."""
        if self.holder is None or not self._are_one():
            return ()
        return add_keyword(self.holder, "revision", f'"{revision}"')

    def _are_one(self) -> bool:
        one = self.bases[0].site
        return all(
            same(one.repo_id, base.site.repo_id) and one.revision == base.site.revision
            for base in self.bases
        )


def unrecorded(project: Project) -> Iterator[Unrecorded]:
    """The calls that record no revision, in order; a configuration is named once."""
    wrapped: set[int] = set()
    standing = {load.place: load for load in project.loads}
    for taker in project.actions:
        if taker.kind not in ("wrap", "train"):
            continue
        configs = [one for one in _configs(project, taker) if one.index not in wrapped]
        is_place = taker.callee.endswith("get_peft_model")
        if is_place or configs:
            wrapped.update(config.index for config in configs)
            own = standing.get(taker.place)  # `SFTTrainer("org/name", …)` loads the base itself
            taken = (*project.inputs_of(taker), *((own,) if own is not None else ()))
            bases = tuple(load for load in taken if _is_base(project, load))
            if bases and not _records(taker, configs):
                place = taker if is_place else configs[0]
                yield Unrecorded(place, bases, _holder(project, place, configs))


def _holder(project: Project, place: Action, configs: list[Action]) -> Action | None:
    """What takes the revision in every version that the project lets in."""
    candidates: list[Action] = [place]
    if place.kind == "wrap":
        candidates += _unshared(project, configs)
    for one in candidates:
        if may_lack(project, one.path, one.callee, "revision") is None:
            return one
    return None


def _unshared(project: Project, configs: list[Action]) -> list[Action]:
    """The configuration, where it is one and no other call gets it: that may have another base."""
    takers = [one for one in project.actions if configs and configs[0].index in one.actions]
    return configs if len(configs) == 1 and len(takers) == 1 else []


def _configs(project: Project, taker: Action) -> list[Action]:
    """The LoRA configurations that a call is given."""
    given = (project.actions[index] for index in taker.actions)
    return [action for action in given if action.kind == "lora-config"]


def _records(taker: Action, configs: list[Action]) -> bool:
    """Whether a revision is recorded, or cannot be: unsloth's `get_peft_model` takes none."""
    given = (one.options.get("revision", ABSENT) for one in (taker, *configs))
    return taker.callee.startswith("unsloth.") or any(value != ABSENT for value in given)


def _is_base(project: Project, load: Load) -> bool:
    is_model = load.site.artifact in ("base-model", "embedding")
    return is_model and bool(hub_ids(load)) and not is_waived(project, load)
