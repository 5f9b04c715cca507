"""Follows a script through its statements, and hands over every command with its words.

Nothing runs: a branch may be taken or not, a loop's variable is a choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Known, Reason, Unknown, Value
from loralint.read import shell_fallback
from loralint.read.shell_state import Command, State, merged, positional
from loralint.read.shell_text import Fragment, Positions, parse
from loralint.read.shell_values import MAX_WORDS, Word, choice, joined
from loralint.read.shell_words import Words
from loralint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_STEPS = 40_000
"""Statements that are followed at most: functions that call one another end here."""

MAX_ARGUMENTS = 2_000
"""Arguments of one command that are looked at: those behind them are somebody's data."""

MAX_DEPTH = 4
MAX_NESTING = 150

_BRANCHES = frozenset({"elif_clause", "else_clause", "case_item"})


@dataclass(slots=True)
class Runner:
    """One run over one fragment."""

    path: str
    fragment: Fragment
    found: list[Command] = field(default_factory=list)
    exported: dict[str, Value] = field(default_factory=dict)
    state: State = field(init=False)
    _functions: dict[str, Node] = field(default_factory=dict)
    _called: set[str] = field(default_factory=set)
    _steps: int = 0
    _depth: int = 0
    _nesting: int = 0
    _content: bytes = b""
    _positions: Positions = field(init=False)

    def run(self) -> list[Command]:
        """All commands of the fragment, in order."""
        self.state = State(dict(self.fragment.environment), self.fragment.folder)
        self._content = self.fragment.text.encode(errors="replace")
        self._positions = Positions(self.fragment, self._content)
        self._do(parse(self._content))
        for name in [each for each in self._functions if each not in self._called]:
            self._call(name, [])
        return self.found

    @property
    def _words(self) -> Words:
        return Words(self.path, self._content, self._positions, self.state.environment)

    # --- statements ---

    def _do(self, node: Node) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS or self._nesting > MAX_NESTING:
            return
        self._nesting += 1
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            handler(self, node)
        elif node.child_count:
            for child in node.children:
                self._do(child)
        self._nesting -= 1

    def _error(self, node: Node) -> None:
        """What the grammar does not know: its commands, or else its lines."""
        if any(child.type in _HANDLERS for child in node.children):
            for child in node.children:
                self._do(child)
            return
        text = self._words.text(node)
        span = self._positions.of(node)
        for words in shell_fallback.commands(text, span, self.state.environment):
            self._add(words, span, text)

    def _assign(self, node: Node) -> None:
        name_node, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name_node is None or name_node.type == "subscript":
            return
        name = self._words.text(name_node)
        appends = any(child.type == "+=" for child in node.children)
        self.state.environment[name] = self._assigned(name, value_node, appends)

    def _assigned(self, name: str, node: Node | None, appends: bool) -> Value | tuple[Word, ...]:
        before = self.state.environment.get(name)
        if node is not None and node.type == "array":
            words = tuple(each for child in node.named_children for each in self._expand(child))
            both = (*before, *words) if appends and isinstance(before, tuple) else words
            return both[:MAX_WORDS]
        value = self._words.value(node) if node is not None else Known("")
        if appends and before is not None and not isinstance(before, tuple):
            return joined([before, value])
        return value

    def _expand(self, node: Node) -> list[Word]:
        return self._words.expand(node) if node.type != "comment" else []

    def _declare(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child)
                name = self._words.text(child).partition("=")[0]
                value = self.state.environment.get(name)
                if value is not None and not isinstance(value, tuple):
                    self.exported[name] = value

    def _subshell(self, node: Node) -> None:
        before = self.state.copy()
        for child in node.children:
            self._do(child)
        self.state = before

    # --- branches and loops ---

    def _if(self, node: Node) -> None:
        body = [child for child in node.children if child.type not in _BRANCHES]
        others = [child for child in node.children if child.type in _BRANCHES]
        total = any(child.type == "else_clause" for child in others)
        condition = node.child_by_field_name("condition")
        if condition is not None:
            self._do(condition)
            body = [child for child in body if child != condition]
        self._either([body, *([each] for each in others)], total)

    def _case(self, node: Node) -> None:
        items = [child for child in node.children if child.type == "case_item"]
        total = any(self._words.text(item).lstrip().startswith("*)") for item in items)
        self._either([[item] for item in items], total)

    def _either(self, branches: list[list[Node]], total: bool) -> None:
        """Run each branch from the same state; `total` tells that one is surely taken."""
        before = self.state
        after: list[State] = [] if total else [before.copy()]
        for branch in branches:
            self.state = before.copy()
            for node in branch:
                self._do(node)
            after.append(self.state)
        self.state = merged(after) if after else before

    def _for(self, node: Node) -> None:
        variable = node.child_by_field_name("variable")
        values = [w for each in node.children_by_field_name("value") for w in self._expand(each)]
        if variable is not None:
            some = (
                choice([each.value for each in values])
                if values
                else Unknown(Reason.EXPRESSION, "a loop")
            )
            self.state.environment[self._words.text(variable)] = some
        self._loop(node)

    def _loop(self, node: Node) -> None:
        body = [child for child in node.children if child.type != "variable_name"]
        self._either([body], total=False)

    # --- functions and commands ---

    def _define(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._functions[self._words.text(name)] = body

    def _call(self, name: str, words: list[Word]) -> None:
        self._called.add(name)
        if self._depth >= MAX_DEPTH:
            return
        kept = {key: self.state.environment.pop(key) for key in positional(self.state)}
        for position, word in enumerate(words, 1):
            self.state.environment[str(position)] = word.value
        if words:
            self.state.environment["@"] = tuple(words)
        self._depth += 1
        self._do(self._functions[name])
        self._depth -= 1
        for key in positional(self.state):
            del self.state.environment[key]
        self.state.environment.update(kept)

    def _command(self, node: Node) -> None:
        outer = self.state
        self.state = outer.copy()
        own = [child for child in node.named_children if child.type == "variable_assignment"]
        for child in own:
            self._assign(child)
        names = [self._words.text(child).partition("=")[0] for child in own]
        variables = {name: self._scalar(name) for name in names}
        self.state = outer
        arguments = node.children_by_field_name("argument")[:MAX_ARGUMENTS]
        parts = [node.child_by_field_name("name"), *arguments]
        words = [w for part in parts if part is not None for w in self._expand(_inner(part))]
        if words:
            self._handle(words, node, variables)

    def _scalar(self, name: str) -> Value:
        value = self.state.environment.get(name, ABSENT)
        return value if not isinstance(value, tuple) else Unknown(Reason.EXPRESSION, "an array")

    def _handle(self, words: list[Word], node: Node, variables: dict[str, Value]) -> None:
        program = words[0].text
        if program in self._functions:
            self._call(program, words[1:])
        elif program in ("cd", "pushd"):
            self.state.enter(words[1].text if len(words) > 1 else "")
        elif program == "read":
            for word in words[1:]:
                self.state.environment[word.text] = Unknown(Reason.OUTSIDE, "what somebody types")
        else:
            self._add(words, self._positions.of(node), self._words.text(node), variables)

    def _add(
        self, words: list[Word], span: Span, text: str, variables: dict[str, Value] | None = None
    ) -> None:
        environment = {**self.exported, **(variables or {})}
        folded = " ".join(text.replace("\\\n", " ").split())[:200]
        part = self.fragment
        made = Command(tuple(words), span, folded, self.state.folder, environment,
                       part.image, part.margins, part.first_column)  # fmt: skip
        self.found.append(made)


def _inner(node: Node) -> Node:
    return node.children[0] if node.type == "command_name" and node.children else node


_HANDLERS: dict[str, Callable[[Runner, Node], None]] = {
    "ERROR": Runner._error,
    "variable_assignment": Runner._assign,
    "declaration_command": Runner._declare,
    "subshell": Runner._subshell,
    "if_statement": Runner._if,
    "case_statement": Runner._case,
    "for_statement": Runner._for,
    "while_statement": Runner._loop,
    "c_style_for_statement": Runner._loop,
    "function_definition": Runner._define,
    "command": Runner._command,
    "comment": lambda runner, node: None,
    "heredoc_redirect": lambda runner, node: None,
    "heredoc_body": lambda runner, node: None,
    "command_substitution": lambda runner, node: None,
}
