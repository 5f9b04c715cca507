"""Where an adapter could be told which revision of its base it is trained on, and is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loralint.facts import ABSENT
from loralint.project import Action, Load, Project
from loralint.rules.judgement.fixes import Change, add_keyword
from loralint.rules.judgement.pinning import hub_ids, is_waived
from loralint.rules.judgement.values import same


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A call that makes an adapter and records no revision.

    `place` is where the revision could be given: the call, or the LoRA configuration that it gets.
    `bases` are the base models from the Hub that flow into the call.
    """

    place: Action
    bases: tuple[Load, ...]

    def changes(self, revision: str) -> tuple[Change, ...]:
        """What records a revision; nothing where not all bases are loaded at one."""
        return add_keyword(self.place, "revision", f'"{revision}"') if self._are_one() else ()

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
                yield Unrecorded(taker if is_place else configs[0], bases)


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
