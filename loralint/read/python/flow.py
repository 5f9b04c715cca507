"""Statements: follow the straight-line flow of a module, a class body or a function.

Branches are followed each with its own names and joined afterwards; a branch that ends in
`return` or `raise` does not reach the join. A loop's body is followed once, and `break` and
`continue` are no ends: what was bound before them reaches the code after the loop.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence as Several
from typing import Any

import msgspec

from loralint.facts import (
    ABSENT,
    ClassFact,
    FunctionFact,
    Known,
    Mapping,
    Reason,
    Result,
    Sequence,
    Symbol,
    Term,
    Unknown,
)
from loralint.read.python import terms
from loralint.read.python.branches import filled_in, is_there, joined, widen
from loralint.read.python.definitions import FunctionNode, fields, inner_frame, parameters
from loralint.read.python.expressions import Expressions
from loralint.read.python.frames import STARS, Frame, Names
from loralint.read.python.guards import guards
from loralint.read.python.record import Record
from loralint.read.python.targets import assign, mutate

_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "parser.error"})


class Flow(Expressions):
    """Executes statements abstractly in the current frame.

    `skipped` are functions of which only the head matters.
    """

    def __init__(
        self, record: Record, frame: Frame, defined: frozenset[str], skipped: frozenset[int]
    ) -> None:
        super().__init__(record, frame, defined)
        self._skipped = skipped
        self._bodies: list[tuple[FunctionNode, Frame, int]] = []

    def module_body(self, tree: ast.Module) -> None:
        """Follow a module, and then the functions in it: they run when all is defined."""
        self.block(tree.body)
        done = 0
        while done < len(self._bodies):  # bodies find further bodies
            self._body(*self._bodies[done])
            done += 1

    def block(self, statements: Several[ast.stmt]) -> bool:
        """Follow statements; True when the end is not reached."""
        frame, missing = self.frame, self.frame.missing
        ended = self._follow(statements)
        frame.missing = missing
        return ended

    def _follow(self, statements: Several[ast.stmt]) -> bool:
        for statement in statements:
            handler = _HANDLERS.get(type(statement))
            if handler is not None and handler(self, statement):
                return True
        return False

    # --- simple statements: what each of them gives says whether the flow ends there ---

    def _expression(self, node: ast.Expr) -> bool:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if not isinstance(value, ast.Call):
            self.term(value)
            return False
        if not mutate(self, value):
            self.call(value, discarded=True)
        return _dotted(value.func) in _EXITS

    def _assign(self, node: ast.Assign) -> bool:
        value = self.term(node.value)
        for target in node.targets:
            assign(self, target, value)
        return False

    def _annotated(self, node: ast.AnnAssign) -> bool:
        if node.value is not None:
            assign(self, node.target, self.term(node.value))
        return False

    def _augmented(self, node: ast.AugAssign) -> bool:
        before, value = self.term(node.target), self.term(node.value)
        after: Term = Unknown(Reason.EXPRESSION, "arithmetic")
        if isinstance(node.op, ast.Add):
            after = terms.added(before, value)
        elif isinstance(node.op, ast.BitOr):
            after = terms.mapping(((None, before), (None, value)))
        assign(self, node.target, after)
        return False

    def _return(self, node: ast.Return) -> bool:
        value = self.term(node.value) if node.value is not None else Known(None)
        nothing = self.frame.missing and value in _NOTHING
        (self.frame.without_file if nothing else self.frame.returns).append(value)
        return True

    def _raise(self, node: ast.Raise) -> bool:
        return True

    def _global(self, node: ast.Global) -> bool:
        self.frame.globals.update(node.names)
        return False

    def _delete(self, node: ast.Delete) -> bool:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.frame.names.pop(target.id, None)
        return False

    def _assert(self, node: ast.Assert) -> bool:
        self.term(node.test)
        return False

    def _import(self, node: ast.Import) -> bool:
        """`import a.b` binds `a`; `import a.b as c` binds the module itself."""
        for alias in node.names:
            self.record.imports[alias.name] = None
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            self.frame.names[alias.asname or module] = Symbol(module, "")
        return False

    def _import_from(self, node: ast.ImportFrom) -> bool:
        """`from m import x as y` binds `y`; a star is left to the evaluator."""
        module = "." * node.level + (node.module or "")
        self.record.imports[module] = None
        for alias in node.names:
            if alias.name == "*":
                self.record.star_imports[module] = None
                before = self.frame.names.get(STARS, Sequence(()))
                self.frame.names[STARS] = terms.added(before, Sequence((Symbol(module, ""),)))
                continue
            if not node.module:
                self.record.imports[f"{module}{alias.name}"] = None
            self.frame.names[alias.asname or alias.name] = Symbol(module, alias.name)
        return False

    # --- compound statements ---

    def branches(self, bodies: Several[Callable[[], bool]]) -> bool:
        """Follow alternatives from the same beginning and join those that reach the end."""
        before, branch = dict(self.frame.names), self.record.branch
        reached: list[Names] = []
        for body in bodies:
            self.frame.names = dict(before)
            self.record.branch = self.record.nested(branch)
            if not body():
                reached.append(self.frame.names)
        self.record.branch = branch
        self.frame.names = joined(reached) if reached else before
        return not reached

    def _if(self, node: ast.If) -> bool:
        """Both branches, or the one that a literal condition leaves."""
        test = self.term(node.test)
        literal = isinstance(test, Known) and _is_literal(node.test)
        around, number = self.record.guards, len(self.record.calls)

        missing, there = self.frame.missing, is_there(node.test)
        after = missing
        first: Names = {}

        def branch(statements: list[ast.stmt], holds: bool) -> bool:
            nonlocal after, first
            own = guards(node.test, self.term, number, holds=holds) if statements else ()
            self.record.guards = (*around, *own)
            self.frame.names = self.where(node.test, holds=holds)
            self.frame.missing = missing or there is (not holds)
            ended = self.block(statements)
            self.record.guards = around
            after = after or (ended and there is holds)
            first = self.frame.names if holds and not ended else first
            return ended

        bodies: list[Callable[[], bool]] = []
        if not (literal and isinstance(test, Known) and not test.value):
            bodies.append(lambda: branch(node.body, True))
        if not (literal and isinstance(test, Known) and test.value):
            bodies.append(lambda: branch(node.orelse, False))
        before = self.frame.names
        ended = self.branches(bodies)
        self.frame.missing = after
        widen(self.frame.names, before, node.test)
        if not node.orelse and len(bodies) == 2:
            self.frame.names.update(filled_in(before, first, node.test))
        return ended

    def _for(self, node: ast.For | ast.AsyncFor) -> bool:
        """The target is any one element of the collection."""
        collection = self.term(node.iter)

        def body() -> bool:
            before = dict(self.frame.names)
            element = terms.elements(collection)
            self.bind(node.target, element)
            self.block(node.body)
            merged.update(self._accumulated(before, element))
            return False

        merged: Names = {}
        ended = self._loop(body, node.orelse)
        self.frame.names.update(merged)
        return ended

    def _accumulated(self, before: Names, element: Term) -> Names:
        """`x = merge(x, each)` in a loop merges all of them, not any one: what is so bound."""
        return {
            name: term
            for name, term in self.frame.names.items()
            if isinstance(term, Result)
            and name in before
            and self.record.merge_all(term, before[name], element)
        }

    def _while(self, node: ast.While) -> bool:
        self.term(node.test)

        def body() -> bool:
            self.block(node.body)
            return False

        return self._loop(body, node.orelse)

    def _loop(self, body: Callable[[], bool], orelse: list[ast.stmt]) -> bool:
        """The body once, or nothing of it."""

        def once() -> bool:
            before = dict(self.frame.names)
            self.record.branch = self.record.nested(self.record.branch[:-1], loop=True)
            body()
            self.record.renew(before, self.frame.names, self.record.branch[-1])
            return False

        self.branches((lambda: False, once))
        self.block(orelse)
        return False

    def _with(self, node: ast.With | ast.AsyncWith) -> bool:
        """`with x as y` binds what `x` stands for."""
        for item in node.items:
            value = self.term(item.context_expr)
            if item.optional_vars is not None:
                assign(self, item.optional_vars, value)
        return self.block(node.body)

    def _try(self, node: Any) -> bool:
        """The body, or what a handler makes of the state before it."""
        handlers = [lambda each=each: self._handler(each) for each in node.handlers]
        ended = self.branches((lambda: self.block([*node.body, *node.orelse]), *handlers))
        return self.block(node.finalbody) or ended

    def _handler(self, node: ast.ExceptHandler) -> bool:
        """What is done where the body failed, perhaps since a file was not there."""
        missing = self.frame.missing
        self.frame.missing = missing or _dotted(node.type) in _NO_FILE
        ended = self.block(node.body)
        self.frame.missing = missing
        return ended

    def _match(self, node: ast.Match) -> bool:
        """Any one case, or none."""
        self.term(node.subject)
        cases = [lambda each=each: self.block(each.body) for each in node.cases]
        return self.branches((*cases, lambda: False))

    # --- definitions ---

    def _function(self, node: FunctionNode) -> bool:
        """Bind a function's name and keep its body for later."""
        outer = self.frame
        name = outer.qualified(node.name)
        skipped = id(node) in self._skipped
        facts = tuple(parameters(self, node.args))
        decorators = () if skipped else tuple([self.term(each) for each in node.decorator_list])
        outer.names[node.name] = Symbol("", name)
        number = 0
        if not _is_setter(node):  # a property is what its getter gives
            number = self.record.define(name, self.record.branch)
            class_ = outer.class_ if outer.class_body else ""
            returns = Unknown(Reason.NOT_READ, f"the body of {name}") if skipped else ABSENT
            self.record.functions[number] = FunctionFact(
                name, facts, returns, decorators, class_, self.record.stop(node)
            )
        if not skipped:
            self._bodies.append((node, inner_frame(node, outer, facts, decorators), number))
        return False

    def _body(self, node: FunctionNode, frame: Frame, number: int) -> None:
        """Follow a function's body in its own frame and complete its fact."""
        self.frame = frame
        self.record.enter()
        self.record.guards = ()
        ended = self._follow(node.body)
        self.frame = self.module
        if not ended and frame.returns:
            (frame.without_file if frame.missing else frame.returns).append(Known(None))
        if not any(map(self.record.reads_file, frame.returns)):
            frame.returns += frame.without_file
        returns = terms.choice(frame.returns) if frame.returns else Known(None)
        fact = self.record.functions.get(number)
        if fact is not None:  # it was not defined anew
            self.record.functions[number] = msgspec.structs.replace(
                fact,
                returns=Unknown(Reason.EXPRESSION, "a generator") if frame.generator else returns,
            )
        for name, term in frame.names.items():
            if name.startswith("self."):
                self.record.attribute(frame.class_, name[5:], term)

    def _class(self, node: ast.ClassDef) -> bool:
        """Record a class and follow its body, methods last."""
        outer = self.frame
        name = outer.qualified(node.name)
        bases = tuple([self.term(base) for base in node.bases if not isinstance(base, ast.Starred)])
        decorators = tuple([self.term(each) for each in node.decorator_list])
        frame = Frame(function=outer.function, class_=name, outer=outer.enclosing, class_body=True)
        number = self.record.define(name, self.record.branch)
        self.frame = frame
        self.block(node.body)
        found = tuple(fields(self, node, frame))
        self.frame = outer
        outer.names[node.name] = Symbol("", name)
        self.record.classes[number] = ClassFact(
            name, bases, found, (), decorators, self.record.stop(node)
        )
        return False


_NOTHING = (Known(None), Mapping(()), Sequence(()), Known(""))
"""What a function that reads a file returns where there is none."""

_NO_FILE = frozenset({"FileNotFoundError", "OSError", "IOError", "Exception", ""})


def _is_literal(node: ast.expr) -> bool:
    """`False`, `0`, `not True`: what a person writes to switch code off."""
    if isinstance(node, ast.UnaryOp):
        return _is_literal(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, type(None)))


def _is_setter(node: FunctionNode) -> bool:
    return any(
        isinstance(each, ast.Attribute) and each.attr in ("setter", "deleter")
        for each in node.decorator_list
    )


def _dotted(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


_HANDLERS: dict[type[ast.AST], Callable[[Flow, Any], bool]] = {
    ast.AnnAssign: Flow._annotated,
    ast.Assert: Flow._assert,
    ast.Assign: Flow._assign,
    ast.AsyncFor: Flow._for,
    ast.AsyncFunctionDef: Flow._function,
    ast.AsyncWith: Flow._with,
    ast.AugAssign: Flow._augmented,
    ast.ClassDef: Flow._class,
    ast.Delete: Flow._delete,
    ast.Expr: Flow._expression,
    ast.For: Flow._for,
    ast.FunctionDef: Flow._function,
    ast.Global: Flow._global,
    ast.If: Flow._if,
    ast.Import: Flow._import,
    ast.ImportFrom: Flow._import_from,
    ast.Match: Flow._match,
    ast.Raise: Flow._raise,
    ast.Return: Flow._return,
    ast.Try: Flow._try,
    ast.While: Flow._while,
    ast.With: Flow._with,
}
if hasattr(ast, "TryStar"):  # Python 3.11
    _HANDLERS[ast.TryStar] = Flow._try
