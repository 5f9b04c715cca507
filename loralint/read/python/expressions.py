"""Expressions → terms: what each stands for, and a record of the calls inside.

What cannot be followed is Unknown with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from loralint.facts import (
    Argument,
    Data,
    Environment,
    Known,
    Mapping,
    Reason,
    Self,
    Sequence,
    Symbol,
    Term,
    Unknown,
)
from loralint.literals import may_be
from loralint.read.python import calls, terms
from loralint.read.python.branches import found, narrowed, same_name
from loralint.read.python.comprehensions import passed_on
from loralint.read.python.frames import Frame, Names, variable
from loralint.read.python.guards import guards
from loralint.read.python.record import Record
from loralint.read.python.reducers import ELLIPSIS

_TRUE, _FALSE = Known(True), Known(False)
_CONSTANTS: dict[str, Term] = {
    "__file__": Known("__file__"),
    "__name__": Unknown(Reason.EXPRESSION, "__name__"),
}
_OF_SYSTEM = {"pardir": "..", "curdir": ".", "sep": "/"}
_PLACED = frozenset({Reason.EXPRESSION, Reason.RESULT, Reason.COMPUTED, Reason.INVOLVED})
_LARGEST = 2**53


class Expressions:
    """Evaluates expressions in one frame; `frame` is swapped for nested scopes.

    `defined` are the names that the module's own statements define, wherever they stand.
    """

    def __init__(self, record: Record, frame: Frame, defined: frozenset[str]) -> None:
        self.record = record
        self.frame = frame
        self.module = frame
        self.defined = defined

    def term(self, node: ast.expr) -> Term:
        """What `node` stands for; the calls inside are recorded."""
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            found = handler(self, node)
            if type(found) is Unknown and found.stop is None and found.reason in _PLACED:
                return self._placed(found, node)
            return found
        self.visit(node)
        what = f"a {type(node).__name__.lower()} expression"
        return self._placed(Unknown(Reason.EXPRESSION, what), node)

    def _placed(self, found: Unknown, node: ast.expr) -> Unknown:
        """An unknown with the place of the expression that nobody follows."""
        if found == ELLIPSIS:
            return found
        return msgspec.structs.replace(found, stop=self.record.stop(node))

    def visit(self, node: ast.AST) -> None:
        """Evaluate every expression right below a node."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.term(child)
            else:
                self.visit(child)

    # --- names ---

    def name(self, name: str) -> Term:
        """The term of a name in the current frame."""
        found = self.frame.find(name)
        if found is not None:
            return found
        bound = self.module.names.get(name)
        if bound is not None:
            # A function runs later: what its module binds by then is the evaluator's to say.
            direct = self.frame.class_body or isinstance(bound, Symbol)
            return bound if direct else Symbol("", name)
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        return Symbol("" if name in self.defined else "builtins", name)

    def _name(self, node: ast.Name) -> Term:
        return self.name(node.id)

    def _attribute(self, node: ast.Attribute) -> Term:
        """`base.name`, with attributes of `self` as this method has set them."""
        base, name = self.term(node.value), node.attr
        if isinstance(base, Self):
            here = self.frame.find(f"self.{name}")
            if here is not None:
                return here
        if name in ("__dict__", "parent") and not isinstance(base, Symbol):
            return base if name == "__dict__" else terms.above(base, 1)
        if isinstance(base, Symbol) and base.module == "os" and name in _OF_SYSTEM:
            return Known(_OF_SYSTEM[name])
        return terms.attribute(base, name)

    def environment(self, term: Term) -> Term:
        """An environment variable, with the value that this file sets as its default.

        A default only: the file may set it where it is not set yet.
        """
        if not isinstance(term, Environment):
            return term
        name = variable(term.name)
        found = self.frame.find(name) or self.module.names.get(name)
        return term if found is None else Environment(term.name, found)

    def sets_environment(self, node: ast.expr) -> None:
        """A variable of any name is set: all of the file that was opened goes to the environment.

        Which is what `load_dotenv` does.
        """
        if self.frame.read is not None:
            arguments = (Argument(self.frame.read, "dotenv_path"),)
            function = self.frame.function
            self.record.call(node, Symbol("dotenv", "load_dotenv"), arguments, function)

    def bind(self, target: ast.expr, value: Term) -> None:
        """Bind the names of a target that an expression or a loop has."""
        if isinstance(target, ast.Name):
            self.frame.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element, part in unpacked(target.elts, value):
                self.bind(element, part)

    def where(self, test: ast.expr, *, holds: bool) -> Names:
        """The names on the branch where a test holds, or on the one where it does not."""
        names = narrowed(self.frame.names, test, holds=holds)
        there = {name: terms.existing(self.name(name)) for name in found(test, holds=holds)}
        # what another branch leaves alone is bound there, too: it is not what was found here
        others = {name: self.name(name) for name in found(test, holds=not holds)}
        return {**names, **there, **others} if there or others else names

    def scoped(self, names: dict[str, Term], body: Callable[[], Term]) -> Term:
        """Evaluate `body` with more names, which end with it."""
        before = self.frame.names
        self.frame.names = {**before, **names}
        try:
            return body()
        finally:
            self.frame.names = before

    # --- literals ---

    def _constant(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, str):
            known = terms.text(value)
            if isinstance(known, Known) and may_be(known):
                self.record.literals[id(known)] = (known, node)
            return known
        if value is None:
            nothing = Known(None)
            self.record.literals[id(nothing)] = (nothing, node)
            return nothing
        if isinstance(value, bool):
            return _TRUE if value else _FALSE
        if isinstance(value, float):
            return Known(value)
        if isinstance(value, int):
            return (
                Known(value)
                if abs(value) < _LARGEST
                else Unknown(Reason.INVOLVED, "a huge integer")
            )
        return ELLIPSIS if value is Ellipsis else Unknown(Reason.EXPRESSION, type(value).__name__)

    def _formatted(self, node: ast.JoinedStr) -> Term:
        """An f-string, its expressions evaluated."""
        parts: list[Term] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(terms.text(str(part.value)))
            elif isinstance(part, ast.FormattedValue):
                value = self.term(part.value)
                plain = part.conversion in (-1, ord("s")) and part.format_spec is None
                parts.append(value if plain else Unknown(Reason.EXPRESSION, "a formatted value"))
        return terms.join(parts) if parts else Known("")

    def _dict(self, node: ast.Dict) -> Term:
        entries: list[terms.Entry] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                entries.append((None, self.term(value)))
            else:
                entries.append(terms.keyed(self.term(key), self.term(value)))
        mapping = terms.mapping(entries)
        self._called_later(node, mapping)
        self.record.engine(node, mapping)
        return mapping

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Term:
        items: list[Term] = []
        unknown = False
        for element in node.elts:
            if not isinstance(element, ast.Starred):
                items.append(self.term(element))
                continue
            value = self.term(element.value)
            if isinstance(value, Sequence):
                items.extend(value.items)
            else:
                unknown = True
        return (
            Unknown(Reason.EXPRESSION, "a list with an unknown part")
            if unknown
            else Sequence(tuple(items))
        )

    # --- operators ---

    def _subscript(self, node: ast.Subscript) -> Term:
        base = self.term(node.value)
        if isinstance(node.slice, (ast.Slice, ast.Tuple)):
            self.visit(node.slice)
            return Unknown(Reason.EXPRESSION, "a slice")
        key = self.term(node.slice)
        if base == Symbol("os", "environ"):
            return self.environment(terms.environment(key))
        return terms.item(base, key)

    def _binary(self, node: ast.BinOp) -> Term:
        left, right = self.term(node.left), self.term(node.right)
        if isinstance(node.op, ast.Add):
            return terms.added(left, right)
        if isinstance(node.op, ast.Div):
            return terms.join((left, right), "/")
        if isinstance(node.op, ast.BitOr) and Mapping in (type(left), type(right)):
            return terms.mapping(((None, left), (None, right)))
        if isinstance(node.op, ast.Mod) and isinstance(left, Known):
            return terms.percent(left, right)
        return Unknown(Reason.EXPRESSION, "arithmetic")

    def _boolean(self, node: ast.BoolOp) -> Term:
        values = [self.term(value) for value in node.values]
        if isinstance(node.op, ast.Or):
            return terms.either(values)
        *conditions, last = values
        certain = all(isinstance(value, Known) for value in conditions)
        return (
            terms.choice((*conditions, last)) if certain else Unknown(Reason.EXPRESSION, "an `and`")
        )

    def _conditional(self, node: ast.IfExp) -> Term:
        self.term(node.test)
        if same_name(node.test, node.body):
            return terms.either((self.term(node.body), self.term(node.orelse)))

        around, number = self.record.guards, len(self.record.calls)

        def branch(body: ast.expr, holds: bool) -> Term:
            self.record.guards = (*around, *guards(node.test, self.term, number, holds=holds))
            made = self.scoped(self.where(node.test, holds=holds), lambda: self.term(body))
            self.record.guards = around
            return made

        return terms.choice((branch(node.body, True), branch(node.orelse, False)))

    def _unary(self, node: ast.UnaryOp) -> Term:
        value = self.term(node.operand)
        if isinstance(value, Known):
            if isinstance(node.op, ast.Not):
                return Known(not value.value)
            if isinstance(node.op, ast.USub) and isinstance(value.value, (int, float)):
                return Known(-value.value)
        return Unknown(Reason.EXPRESSION, "arithmetic")

    def _comparison(self, node: ast.Compare) -> Term:
        """`os.environ.get("X", "true") == "true"`: what the default makes of it, by default."""
        left = self.term(node.left)
        right, *others = [self.term(each) for each in node.comparators]
        equals = isinstance(node.ops[0], ast.Eq) and not others and isinstance(right, Known)
        if equals and isinstance(left, Environment) and isinstance(left.default, Known):
            return Environment(left.name, Known(left.default == right))
        return Unknown(Reason.EXPRESSION, "a comparison")

    # --- expressions with names of their own, and others ---

    def _named(self, node: ast.NamedExpr) -> Term:
        value = terms.bounded(self.term(node.value))
        self.bind(node.target, value)
        return value

    def _await(self, node: ast.Await) -> Term:
        return self.term(node.value)

    def _lambda(self, node: ast.Lambda) -> Term:
        given = node.args
        names = (*given.posonlyargs, *given.args, *given.kwonlyargs)
        bound: dict[str, Term] = {
            each.arg: Unknown(Reason.EXPRESSION, "a lambda's parameter") for each in names
        }
        self.scoped(bound, lambda: self.term(node.body))
        return Unknown(Reason.EXPRESSION, "a lambda")

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Term:
        return self.scoped({}, lambda: self._looped(node.generators, node.elt))

    def _dict_comprehension(self, node: ast.DictComp) -> Term:
        self.scoped({}, lambda: self._looped(node.generators, node.key, node.value))
        whole = passed_on(node)
        if whole is not None:  # the fields that a class knows, those that are set
            return terms.mapping(((None, self.term(whole)),))
        return Unknown(Reason.EXPRESSION, "a dict comprehension")

    def _looped(self, loops: list[ast.comprehension], *results: ast.expr) -> Term:
        """What a comprehension makes; its results go into a collection."""
        outer = self.record.branch
        for loop in loops:
            self.bind(loop.target, terms.elements(self.term(loop.iter)))
            for condition in loop.ifs:
                self.term(condition)
                self.frame.names = narrowed(self.frame.names, condition, holds=True)
        self.record.branch = self.record.nested(outer, loop=True)
        made = Sequence(tuple([self.term(result) for result in results]))
        self.record.branch = outer
        self.record.keep(made)
        return made

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Term:
        self.frame.generator = True
        self.visit(node)
        return Unknown(Reason.EXPRESSION, "what a generator is sent")

    # --- calls ---

    def call(self, node: ast.Call, *, discarded: bool = False) -> Term:
        """A call: reduced where possible, recorded where it may matter."""
        callee = self.term(node.func)
        arguments = self.arguments(node)
        if calls.collects(callee):
            for given in arguments:
                self.record.keep(given.value)
        reduced = calls.reduced(callee, arguments)
        if reduced is not None:
            if isinstance(reduced, Data):
                self.frame.read = reduced.path
            if isinstance(reduced, Mapping):
                self._called_later(node, reduced)
            return self.environment(reduced)
        handed = calls.handed_over(callee, arguments)
        if handed is not None:
            self.record.call(node, *handed, self.frame.function)
        if not calls.interesting(callee, starred=bool(self.record.star_imports)):
            return calls.unfollowed(callee)
        arguments = calls.with_content(callee, arguments)
        function = self.frame.function
        return self.record.call(node, callee, arguments, function, discarded=discarded)

    def arguments(self, node: ast.Call) -> tuple[Argument, ...]:
        """The arguments of a call as terms; known spreads are unpacked by the evaluator."""
        found: list[Argument] = []
        for given in node.args:
            if isinstance(given, ast.Starred):
                found.append(Argument(self.term(given.value), None, 1))
            else:
                found.append(Argument(self.term(given)))
        for keyword in node.keywords:
            stars = 0 if keyword.arg else 2
            found.append(Argument(self.term(keyword.value), keyword.arg, stars))
        return tuple(found)

    def _called_later(self, node: ast.expr, mapping: Mapping) -> None:
        """Record `dict(type=X.from_pretrained, ...)`: a call that a framework makes later."""
        loader = calls.loader_of(mapping)
        if loader is not None:
            arguments = tuple(
                Argument(value, key, 0 if key else 2)
                for key, value in mapping.entries
                if key != "type"
            )
            self.record.call(node, loader, arguments, self.frame.function)


def unpacked(targets: Iterable[ast.expr], value: Term) -> Iterator[tuple[ast.expr, Term]]:
    """The targets of an assignment to several, each with its part of the value."""
    for position, target in enumerate(targets):
        if isinstance(target, ast.Starred):
            yield target.value, Unknown(Reason.EXPRESSION, "an unpacked rest")
        else:
            yield target, terms.item(value, Known(position))


_HANDLERS: dict[type[ast.expr], Callable[[Expressions, Any], Term]] = {
    ast.Attribute: Expressions._attribute,
    ast.Await: Expressions._await,
    ast.BinOp: Expressions._binary,
    ast.BoolOp: Expressions._boolean,
    ast.Call: Expressions.call,
    ast.Compare: Expressions._comparison,
    ast.Constant: Expressions._constant,
    ast.Dict: Expressions._dict,
    ast.DictComp: Expressions._dict_comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.IfExp: Expressions._conditional,
    ast.JoinedStr: Expressions._formatted,
    ast.Lambda: Expressions._lambda,
    ast.List: Expressions._sequence,
    ast.ListComp: Expressions._comprehension,
    ast.Name: Expressions._name,
    ast.NamedExpr: Expressions._named,
    ast.Set: Expressions._sequence,
    ast.SetComp: Expressions._comprehension,
    ast.Subscript: Expressions._subscript,
    ast.Tuple: Expressions._sequence,
    ast.UnaryOp: Expressions._unary,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield,
}
