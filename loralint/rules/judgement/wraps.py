"""Adapters that are put onto one base object, in which order, and what certainly follows them."""

from __future__ import annotations

from dataclasses import dataclass

from loralint.project import Action, Load, Project, Standing
from loralint.rules.judgement.actions import actions, encloses, function_of, is_after, loads, steps
from loralint.source import Place


@dataclass(frozen=True, slots=True)
class Wrap:
    """An adapter that is put onto a base object: by a load, or by `get_peft_model`."""

    thing: Load | Action
    base: Load

    @property
    def standing(self) -> Standing:
        return self.thing.standing

    @property
    def place(self) -> Place:
        return self.thing.place

    @property
    def text(self) -> str:
        return self.thing.text if isinstance(self.thing, Action) else self.thing.site.text

    def holds(self, use: Action) -> bool:
        """Whether something is done to the model that this one makes, whatever came between."""
        if isinstance(self.thing, Action):
            return self.thing.index in use.actions
        return self.thing.index in use.inputs


def wrapped_bases(project: Project) -> dict[int, list[Wrap]]:
    """The adapters that are put onto one object, by the load of the object, in their order."""
    found: dict[int, list[Wrap]] = {}
    things: list[Load | Action] = [*loads(project), *actions(project, "wrap")]
    for thing in things:
        base = _base(project, thing) if _is_wrap(thing) else None
        if base is not None:
            found.setdefault(base.index, []).append(Wrap(thing, base))
    return found


def _is_wrap(thing: Load | Action) -> bool:
    if thing.onto_adapter or not thing.whole:
        return False
    if isinstance(thing, Action):
        return thing.callee == "peft.get_peft_model"
    return thing.site.loader.startswith("peft.Peft") and thing.site.loader.endswith(_LOADING)


_LOADING = ".from_pretrained"


def _base(project: Project, thing: Load | Action) -> Load | None:
    """The one object that is wrapped: loaded in the same function, or once by the module."""
    found = list(project.inputs_of(thing))
    if len(found) != 1 or steps(project, thing, "wrap", "merge", "unload"):
        return None
    base = found[0]
    near = base.site.function in (function_of(thing), "") and base.site.path == thing.place.path
    return base if near and base.site.artifact != "adapter" else None


def later(later: Action | Load, earlier: Wrap | Action) -> bool:
    """Whether something certainly follows: in one function, inside all branches of the other."""
    first = earlier.thing if isinstance(earlier, Wrap) else earlier
    return is_after(later, first) and encloses(first.standing, later.standing)
