"""Adapters that are put onto one base object, in which order, and what certainly follows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loralint.facts import (
    CallFact,
    Choice,
    Elements,
    Item,
    Known,
    Result,
    Sequence as FactSequence,
    Symbol,
    Term,
)
from loralint.project import Action, Load, Project, Standing
from loralint.rules.judgement.actions import actions, encloses, function_of, is_after, loads, steps
from loralint.source import Place, Span


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


# --- handed on ------------------------------------------------------------------------------------


def handed_on(project: Project, wrap: Wrap) -> Iterator[CallFact]:
    """Calls of the file's own functions, after a wrap, that get the base itself.

    The same function gets the model with the adapter, too, here or elsewhere: a comparison.
    """
    calls = project.files[wrap.place.path].calls
    numbers = {(call.span, call.cell): number for number, call in enumerate(calls)}
    base, model = (numbers.get(_at(place)) for place in (wrap.base.place, wrap.place))
    if base is None or model is None:
        return
    given = [(call, _objects(call)) for call in calls if _may_compare(call, calls[model])]
    compared = {call.callee for call, objects in given if model in objects}
    yield from (call for call, objects in given if base in objects and call.callee in compared)


def _at(place: Place) -> tuple[Span, int | None]:
    return place.span, place.cell


def _may_compare(call: CallFact, made: CallFact) -> bool:
    """Whether a call of a function of the file stands behind a wrap, in all branches around it."""
    if call.function != made.function or not isinstance(call.callee, Symbol) or call.callee.module:
        return False
    behind = (call.cell or 0, call.span.start) > (made.cell or 0, made.span.start)
    return behind and encloses(Standing(made.blocks), Standing(call.blocks))


def _objects(call: CallFact) -> set[int]:
    """The numbers of the calls whose results an argument may be: rows of a table are each."""
    found: set[int] = set()
    todo: list[Term] = [argument.value for argument in call.arguments]
    while todo:
        term = todo.pop()
        if isinstance(term, Result):
            found.add(term.call)
        elif isinstance(term, Item):
            is_second = isinstance(term.base, Result) and term.key != Known(0)  # a tokenizer
            todo += [] if is_second else _items(term)
        elif isinstance(term, Elements):
            todo.append(term.base)
        elif isinstance(term, FactSequence):
            todo += term.items
        elif isinstance(term, Choice):
            todo += term.values
    return found


def _items(term: Item) -> list[Term]:
    """What an item may be: of the rows of a table its column, else anything of what holds it."""
    rows = term.base.base if isinstance(term.base, Elements) else None
    key = term.key.value if isinstance(term.key, Known) else None
    if not isinstance(rows, FactSequence) or not isinstance(key, int):
        return [term.base]
    columns = [row.items for row in rows.items if isinstance(row, FactSequence)]
    return [column[key] for column in columns if key < len(column)]
