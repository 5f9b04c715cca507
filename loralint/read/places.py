"""Assignment targets and the calls that change a dict in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from loralint.facts import ABSENT, Known, Mapping, Reason, Self, Symbol, Term, Unknown
from loralint.read.python import terms
from loralint.read.python.frame import variable
from loralint.read.python.reducers import argument

if TYPE_CHECKING:
    from loralint.read.python.evaluate import Evaluator


class Places:
    """Writes terms to names, attributes and items."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator

    def assign(self, target: cst.BaseExpression, value: Term) -> None:
        """Bind `target`, which may be nested, to `value`."""
        value = terms.bounded(value)
        if isinstance(target, cst.Name):
            self._name(target.value, value)
        elif isinstance(target, cst.Attribute):
            self._attribute(target, value)
        elif isinstance(target, cst.Subscript):
            self._item(target, value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for position, element in enumerate(target.elements):
                rest = isinstance(element, cst.StarredElement)
                part = (
                    Unknown(Reason.EXPRESSION, "an unpacked rest")
                    if rest
                    else terms.item(value, Known(position))
                )
                self.assign(element.value, part)

    def _name(self, name: str, value: Term) -> None:
        frame = self.evaluator.frame
        if name in frame.globals:
            self.evaluator.recorder.rebound.setdefault(name, []).append(value)
        else:
            frame.names[name] = value

    def _attribute(self, target: cst.Attribute, value: Term) -> None:
        base = self.evaluator.term(target.value)
        if isinstance(base, Self):
            self.evaluator.frame.names[f"self.{target.attr.value}"] = value
        else:
            self._grow(target.value, base, (target.attr.value, value))

    def _item(self, target: cst.Subscript, value: Term) -> None:
        base = self.evaluator.term(target.value)
        index = target.slice[0].slice
        if len(target.slice) == 1 and isinstance(index, cst.Index):
            key = self.evaluator.term(index.value)
            if base == Symbol("os", "environ") and isinstance(key, Known):
                self._name(variable(str(key.value)), value)
                return
            self._grow(target.value, base, terms.keyed(key, value))

    def _grow(self, place: cst.BaseExpression, base: Term, entry: terms.Entry) -> None:
        """Write back `base` with one more entry to the place where it came from."""
        if isinstance(base, Symbol) and base.module:
            return  # an attribute of somebody's module: `torch.backends.x = y`
        if isinstance(place, cst.Subscript) and not isinstance(base, Mapping):
            # The outer dict holds `base`: to spread it would hold the outer dict twice.
            base = Unknown(Reason.EXPRESSION, "an item of a dict that is filled elsewhere")
        if isinstance(place, (cst.Name, cst.Attribute, cst.Subscript)):
            self.assign(place, terms.updated(base, (entry,)))

    def mutate(self, node: cst.Call) -> bool:
        """Follow `d.update(...)` and `d.setdefault(k, v)`; False for any other call."""
        if not isinstance(node.func, cst.Attribute):
            return False
        method, place = node.func.attr.value, node.func.value
        if method not in ("update", "setdefault") or not isinstance(
            place, (cst.Name, cst.Attribute)
        ):
            return False
        base = self.evaluator.term(place)
        arguments = self.evaluator.arguments(node.args)
        if method == "setdefault":
            key = argument(arguments, 0)
            old = terms.item(base, key)
            value = argument(arguments, 1)
            entries = [terms.keyed(key, terms.choice((value, old)) if old != ABSENT else value)]
        else:
            entries = [(given.name, given.value) for given in arguments]
        if not isinstance(base, Symbol) or not base.module:
            self.assign(place, terms.updated(base, entries))
        return True
