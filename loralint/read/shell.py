"""Follows a piece of shell through its statements: the commands in it, each with its words.

Nothing runs: a branch may be taken or not, a loop's variable is a choice.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Known, Reason, Unknown, Value
from loralint.read.shell_words import Expansion, Fragment, Text, parse
from loralint.read.words import (
    Command,
    Environment,
    Word,
    choice,
    joined,
    unfollowed,
    unset_variable,
)
from loralint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_STEPS = 40_000
"""Statements that are followed at most: functions that call one another end here."""

MAX_ARGUMENTS = 2_000
"""Arguments of one command that are looked at: those behind them are somebody's data."""

MAX_WORDS = 1_000
"""Words of one array."""

MAX_DEPTH = 4
MAX_NESTING = 150

_BRANCHES = frozenset({"elif_clause", "else_clause", "case_item"})


def commands(path: str, fragment: Fragment) -> list[Command]:
    """All commands of a fragment, in order."""
    return _Runner(path, fragment).run()


# --- what is known at one point -----------------------------------------------------------------


@dataclass(slots=True)
class _State:
    """Variables, and the working directory."""

    environment: Environment
    folder: str

    def copy(self) -> _State:
        """The same, to be changed apart."""
        return _State(dict(self.environment), self.folder)

    def enter(self, folder: str) -> None:
        """`cd folder`; `//` is the project's root, `/` that of a machine nobody knows."""
        if folder.startswith("//"):
            self.folder = normpath(f"/{folder.lstrip('/')}")
        elif folder and not folder.startswith(("/", "~", "-")):
            self.folder = normpath(join(self.folder or ".", folder))
        else:
            self.folder = ""

    def arguments(self) -> list[str]:
        """The names of the arguments of the function that runs."""
        return [key for key in self.environment if key.isdigit() or key == "@"]


def _merged(states: list[_State]) -> _State:
    """What holds after branches: a variable may be what it is at the end of any of them."""
    environment: Environment = {}
    for name in dict.fromkeys(name for state in states for name in state.environment):
        values = [state.environment.get(name) for state in states]
        first = values[0]
        if first is not None and all(value is first for value in values):
            environment[name] = first
            continue
        arrays = [each for each in values if isinstance(each, tuple)]
        scalars = [each for each in values if each is None or not isinstance(each, tuple)]
        some = [each if each is not None else unset_variable(name) for each in scalars]
        environment[name] = _array_of(arrays) if arrays else choice(some)
    folders = {state.folder for state in states}
    return _State(environment, folders.pop() if len(folders) == 1 else states[0].folder)


def _array_of(arrays: list[tuple[Word, ...]]) -> tuple[Word, ...]:
    """All words of the longest; those that the shortest lacks are there on a condition."""
    longest, shortest = max(arrays, key=len), min(arrays, key=len)
    further = longest[len(shortest) :]
    return *longest[: len(shortest)], *(
        Word(word.value, word.span, word.lead, optional=True, open=word.open) for word in further
    )


# --- statements ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Runner:
    """One run over one fragment."""

    path: str
    fragment: Fragment
    found: list[Command] = field(default_factory=list)
    exported: dict[str, Value] = field(default_factory=dict)
    state: _State = field(init=False)
    text: Text = field(init=False)
    functions: dict[str, Node] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    steps: int = 0
    depth: int = 0
    nesting: int = 0

    def run(self) -> list[Command]:
        self.state = _State(dict(self.fragment.environment), self.fragment.folder)
        self.text = Text(self.fragment)
        self._do(parse(self.text.content))
        for name in [each for each in self.functions if each not in self.called]:
            self._call(name, [])
        return self.found

    @property
    def _expansion(self) -> Expansion:
        return Expansion(self.path, self.text, self.state.environment)

    def _do(self, node: Node) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS or self.nesting > MAX_NESTING:
            return
        self.nesting += 1
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            handler(self, node)
        else:
            self._children(node)
        self.nesting -= 1

    def _children(self, node: Node) -> None:
        for child in node.children:
            self._do(child)

    def _skip(self, node: Node) -> None:
        """Nothing in it is run, or nobody can tell what."""

    def _error(self, node: Node) -> None:
        """What the grammar does not know: its commands, or else its lines."""
        if any(child.type in _HANDLERS for child in node.children):
            self._children(node)
            return
        text, span = self.text.of(node), self.text.span(node)
        for words in _unparsed(text, span, self.state.environment):
            self._add(words, span, text, {})

    def _subshell(self, node: Node) -> None:
        before = self.state.copy()
        self._children(node)
        self.state = before

    # --- variables ---

    def _assign(self, node: Node) -> None:
        name_node, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name_node is None or name_node.type == "subscript":
            return
        name = self.text.of(name_node)
        appends = any(child.type == "+=" for child in node.children)
        self.state.environment[name] = self._assigned(name, value_node, appends)

    def _assigned(self, name: str, node: Node | None, appends: bool) -> Value | tuple[Word, ...]:
        before = self.state.environment.get(name) if appends else None
        if node is not None and node.type == "array":
            words = self._words(node.named_children)
            return (*(before if isinstance(before, tuple) else ()), *words)[:MAX_WORDS]
        value = self._expansion.value(node) if node is not None else Known("")
        if before is None or isinstance(before, tuple):
            return value
        return joined([before, value])

    def _words(self, nodes: list[Node]) -> list[Word]:
        return [w for each in nodes if each.type != "comment" for w in self._expansion.words(each)]

    def _declare(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child)
                name = self._name(child)
                value = self.state.environment.get(name)
                if value is not None and not isinstance(value, tuple):
                    self.exported[name] = value

    def _name(self, assignment: Node) -> str:
        return self.text.of(assignment).partition("=")[0]

    # --- branches and loops ---

    def _if(self, node: Node) -> None:
        condition = node.child_by_field_name("condition")
        if condition is not None:
            self._do(condition)
        body = [each for each in node.children if each.type not in _BRANCHES and each != condition]
        others = [child for child in node.children if child.type in _BRANCHES]
        total = any(child.type == "else_clause" for child in others)
        self._either([body, *([each] for each in others)], total)

    def _case(self, node: Node) -> None:
        items = [child for child in node.children if child.type == "case_item"]
        total = any(self.text.of(item).lstrip().startswith("*)") for item in items)
        self._either([[item] for item in items], total)

    def _either(self, branches: list[list[Node]], total: bool) -> None:
        """Run each branch from the same state; `total` tells that one is surely taken."""
        before = self.state
        after: list[_State] = [] if total else [before.copy()]
        for branch in branches:
            self.state = before.copy()
            for node in branch:
                self._do(node)
            after.append(self.state)
        self.state = _merged(after) if after else before

    def _for(self, node: Node) -> None:
        variable = node.child_by_field_name("variable")
        if variable is not None:
            values = self._words(node.children_by_field_name("value"))
            some = choice([each.value for each in values]) if values else unfollowed("a loop")
            self.state.environment[self.text.of(variable)] = some
        self._loop(node)

    def _loop(self, node: Node) -> None:
        body = [child for child in node.children if child.type != "variable_name"]
        self._either([body], total=False)

    # --- functions and commands ---

    def _define(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.functions[self.text.of(name)] = body

    def _call(self, name: str, words: list[Word]) -> None:
        self.called.add(name)
        if self.depth >= MAX_DEPTH:
            return
        outer = {key: self.state.environment.pop(key) for key in self.state.arguments()}
        for position, word in enumerate(words, 1):
            self.state.environment[str(position)] = word.value
        if words:
            self.state.environment["@"] = tuple(words)
        self.depth += 1
        self._do(self.functions[name])
        self.depth -= 1
        for key in self.state.arguments():
            del self.state.environment[key]
        self.state.environment.update(outer)

    def _command(self, node: Node) -> None:
        outer = self.state
        self.state = outer.copy()
        variables: dict[str, Value] = {}  # `NAME=value program`
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child)
                value = self.state.environment.get(self._name(child), ABSENT)
                scalar = value if not isinstance(value, tuple) else unfollowed("an array")
                variables[self._name(child)] = scalar
        self.state = outer
        name = node.child_by_field_name("name")
        if name is not None and name.type == "command_name" and name.children:
            name = name.children[0]
        arguments = node.children_by_field_name("argument")[:MAX_ARGUMENTS]
        words = self._words([name, *arguments] if name is not None else arguments)
        if words:
            self._run(words, node, variables)

    def _run(self, words: list[Word], node: Node, variables: dict[str, Value]) -> None:
        program = words[0].text
        if program in self.functions:
            self._call(program, words[1:])
        elif program in ("cd", "pushd"):
            self.state.enter(words[1].text if len(words) > 1 else "")
        elif program == "read":
            for word in words[1:]:
                self.state.environment[word.text] = Unknown(Reason.OUTSIDE, "what somebody types")
        else:
            self._add(words, self.text.span(node), self.text.of(node), variables)

    def _add(self, words: list[Word], span: Span, text: str, variables: dict[str, Value]) -> None:
        folded = " ".join(text.replace("\\\n", " ").split())[:200]
        part = self.fragment
        environment = {**self.exported, **variables}
        made = Command(tuple(words), span, folded, self.state.folder, environment,
                       part.image, part.margins, part.first_column)  # fmt: skip
        self.found.append(made)


_HANDLERS: dict[str, Callable[[_Runner, Node], None]] = {
    "ERROR": _Runner._error,
    "variable_assignment": _Runner._assign,
    "declaration_command": _Runner._declare,
    "subshell": _Runner._subshell,
    "if_statement": _Runner._if,
    "case_statement": _Runner._case,
    "for_statement": _Runner._for,
    "while_statement": _Runner._loop,
    "c_style_for_statement": _Runner._loop,
    "function_definition": _Runner._define,
    "command": _Runner._command,
    "comment": _Runner._skip,
    "heredoc_redirect": _Runner._skip,
    "heredoc_body": _Runner._skip,
    "command_substitution": _Runner._skip,
}


# --- what does not parse ------------------------------------------------------------------------

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*|\d)\}?")
_ENDS = frozenset({";", "&&", "||", "|", "&"})
LONGEST_UNPARSED = 20_000
"""More text than this that is no shell is none at all."""


def _unparsed(text: str, span: Span, environment: Environment) -> Iterator[list[Word]]:
    """The commands of a text that is no shell, line by line; every word stands where it does."""
    if len(text) > LONGEST_UNPARSED or "<<" in text:
        return
    for line in text.replace("\\\n", " ").splitlines():
        try:
            parts = shlex.split(line, comments=True)
        except ValueError:
            continue
        words: list[Word] = []
        for part in [*parts, ";"]:
            if part not in _ENDS:
                words.append(_unparsed_word(part, span, environment))
            elif words:
                yield words
                words = []


def _unparsed_word(part: str, span: Span, environment: Environment) -> Word:
    match = _VARIABLE.fullmatch(part)
    value = environment.get(match[1]) if match is not None else None
    if value is not None and not isinstance(value, tuple):
        return Word(value, span)
    if "$" in part or "`" in part:
        return Word(
            unfollowed("in a command that does not parse"),
            span,
            part.partition("$")[0],
        )
    return Word(Known(part), span, part)
