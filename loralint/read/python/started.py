"""The commands that Python starts: `subprocess.run([sys.executable, "train.py", "--out", "x"])`.

A list that begins with an interpreter, a launcher or a tool is a command, whoever is handed it;
so is the text that `os.system` is given. What is put into it by code is not followed: a constant
that is bound once is, and of a path the end, which names the script.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TypeGuard, TypeVar

import msgspec

from loralint.catalog import PROGRAMS
from loralint.catalog.commands import is_python
from loralint.facts import (
    CommandFact,
    FileFacts,
    Known,
    LoadSite,
    Origin,
    OriginKind,
    Reason,
    SaveSite,
    Unknown,
    Value,
)
from loralint.literals import held
from loralint.read import comments
from loralint.read.words import Command, Word, joined, unfollowed
from loralint.source import Span

_STARTS = re.compile(r"\bsys\.executable\b|\bsubprocess\b|\bos\.(?:system|popen)\b")
_SHELLS = frozenset({"system", "popen", "getoutput", "getstatusoutput"})
"""What is given a text for the shell; the others take one with `shell=True`."""

_TAKING = frozenset({"run", "call", "check_call", "check_output", "Popen", *_SHELLS})
_TEXTS = frozenset({"str", "Path", "PurePath", "fspath", "abspath", "quote"})
"""What returns the path or text that it is given."""

_RUNS = re.compile(rf"\.py\b|\bpython[\d.]*\s+-m\b|{PROGRAMS.pattern.decode()}")
"""What a text for the shell has in it that runs something that may load a model."""

MAX_WORDS = 200
Names = Mapping[str, Value]
Spans = Callable[[ast.expr], Span]
Site = TypeVar("Site", LoadSite, SaveSite)


def may_start(text: str) -> bool:
    """Whether a module may start something that loads a model."""
    return _STARTS.search(text) is not None


def with_started(facts: FileFacts, tree: ast.Module, text: str, span: Spans) -> FileFacts:
    """The facts of a module with those of the commands that it starts."""
    from loralint.read import scripts

    loads, saves, runs = list(facts.loads), list(facts.saves), list(facts.commands)
    places = _places(facts)
    for command in _commands(facts.path, tree, span):
        found = scripts.facts_of(facts.path, text, [command])
        saves += [_further(each, len(loads)) for each in found.saves]
        loads += [_at(_further(each, len(loads)), command) for each in found.loads]
        runs += [_certain(each) for each in found.commands]
        places.update(_places(found))
    if len(runs) == len(facts.commands) and len(loads) == len(facts.loads):
        return facts
    around = [*(each.span for each in facts.calls), *(each.span for each in loads)]
    both = msgspec.structs.replace(
        facts,
        loads=tuple(loads),
        saves=tuple(saves),
        commands=tuple(dict.fromkeys(runs)),
        suppressions=comments.of_python(text, around),
    )
    known = ((number, places.get(id(each))) for number, (each, _) in enumerate(held(both)))
    literals = tuple((number, *place) for number, place in known if place is not None)
    return msgspec.structs.replace(both, literals=literals)


def _at(load: LoadSite, command: Command) -> LoadSite:
    """A load where its program is named, as that of a call stands where the call does."""
    if load.artifact == "adapter" or not command.words:
        return load
    first = command.words[0].span.start
    return msgspec.structs.replace(load, span=Span(first, command.span.end))


def _further(site: Site, shift: int) -> Site:
    inputs = tuple(position + shift for position in site.inputs)
    return msgspec.structs.replace(site, inputs=inputs)


def _certain(command: CommandFact) -> CommandFact:
    """A command with the flags whose values are written: what code gives hides no default."""
    flags = tuple(each for each in command.flags if not isinstance(each.value, Unknown))
    return msgspec.structs.replace(command, flags=flags)


def _places(facts: FileFacts) -> dict[int, tuple[Span, int | None]]:
    texts = [known for known, _ in held(facts)] if facts.literals else []
    return {id(texts[number]): (span, cell) for number, span, cell in facts.literals}


# --- commands -----------------------------------------------------------------------------------


def _commands(path: str, tree: ast.Module, span: Spans) -> Iterator[Command]:
    from loralint.read import scripts
    from loralint.read.shell_words import Fragment

    found = [node for node in ast.walk(tree) if _may_begin(node)]
    names = _constants(tree) if found else {}
    inside: set[int] = set()
    for node in found:
        if isinstance(node, ast.Call):
            line = _text(node.args[0], names)
            if isinstance(line, Known) and _RUNS.search(str(line.value)):
                yield from scripts.commands(path, Fragment(str(line.value), whole=span(node)))
        elif id(node) not in inside:  # a list that another is put behind comes after the whole
            words = _words(node, names, span)
            inside.update(id(each) for each in ast.walk(node))
            if words and len(words) <= MAX_WORDS and _begins_command(words):
                text = " ".join(word.text or "..." for word in words)
                yield Command(tuple(words), span(node), text)


def _may_begin(node: ast.AST) -> TypeGuard[ast.List | ast.BinOp | ast.Call]:
    """Whether something may be a command: a text for the shell, or a list of words."""
    if isinstance(node, ast.Call):
        return _is_shell(node)
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    first = node.elts[0] if isinstance(node, ast.List) and node.elts else None
    if isinstance(first, ast.Constant):
        return isinstance(first.value, str) and _is_program(first.value)
    return isinstance(first, (ast.Name, ast.Attribute))


def _is_program(word: str) -> bool:
    return is_python(word) or word in ("uv", "bash") or PROGRAMS.search(word.encode()) is not None


def _is_shell(call: ast.Call) -> bool:
    """Whether a call is given a text that the shell runs."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    shell = any(each.arg == "shell" for each in call.keywords)
    return bool(call.args) and name in _TAKING and (name in _SHELLS or shell)


def _begins_command(words: list[Word]) -> bool:
    return _is_program(words[0].text)


def _constants(tree: ast.Module) -> dict[str, Value]:
    """The texts of the names that are bound once in a module."""
    times: Counter[str] = Counter()
    texts: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            times[node.id] += 1
        elif isinstance(node, ast.arg):
            times[node.arg] += 1
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                texts[target.id] = node.value
    once = {name: value for name, value in texts.items() if times[name] == 1}
    plain = {name: _text(value, {}) for name, value in once.items()}
    return {name: value for name, value in plain.items() if isinstance(value, Known)}


def _words(node: ast.expr, names: Names, span: Spans) -> list[Word]:
    """The words of a list, or of several that are put together; none where it is no list."""
    if isinstance(node, ast.List):
        return [_word(each, names, span) for each in node.elts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        first = _words(node.left, names, span)
        second = _words(node.right, names, span)
        return (
            [*first, *(second or [_word(node.right, names, span, several=True)])] if first else []
        )
    return []


def _word(node: ast.expr, names: Names, span: Spans, *, several: bool = False) -> Word:
    if several or isinstance(node, ast.Starred):
        return Word(unfollowed("a Python value"), span(node), open=True)
    value = _text(node, names)
    lead = node.values[0].value if isinstance(node, ast.JoinedStr) and node.values and isinstance(
        node.values[0], ast.Constant) else ""  # fmt: skip
    return Word(value, span(node), str(lead))


# --- texts --------------------------------------------------------------------------------------


def _text(node: ast.expr, names: Names) -> Value:
    """The text that an expression makes, as far as it is written."""
    match node:
        case ast.Constant(value=str() | int() | float() as value) if type(value) is not bool:
            return Known(str(value))
        case ast.Name(id=name):
            return names.get(name, _unknown())
        case ast.Attribute(value=ast.Name(), attr="executable"):
            return Known("python")
        case ast.JoinedStr(values=values):
            found = joined([_text(each, names) for each in values]) if values else Known("")
        case ast.FormattedValue(value=inner):
            found = _text(inner, names)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            found = joined([_text(left, names), Known("/"), _text(right, names)])
        case ast.Call():
            found = _of_call(node, names)
        case _:
            found = _unknown()
    return found


def _of_call(call: ast.Call, names: Names) -> Value:
    """`str(path)`, `os.path.join(...)`, `path.as_posix()`."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    name = function.id if isinstance(function, ast.Name) else name
    given = [_text(each, names) for each in call.args]
    if name in _TEXTS and len(given) == 1:
        return given[0]
    if name == "join" and len(given) > 1:
        parts = [part for each in given for part in (Known("/"), each)]
        return joined(list(parts[1:]))
    if name in ("as_posix", "resolve", "absolute") and isinstance(function, ast.Attribute):
        return _text(function.value, names)
    return _unknown()


def _unknown() -> Unknown:
    origin = Origin(OriginKind.COMMAND_LINE, name=("a Python value",))
    return Unknown(Reason.EXPRESSION, "a Python value", origin)
