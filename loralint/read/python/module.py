"""One Python module → its facts."""

from __future__ import annotations

import ast
import codecs
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from loralint.catalog import MARKERS, METHODS, PARSER_METHODS
from loralint.facts import CallFact, ClassFact, FileError, FileFacts, Term
from loralint.literals import with_literals
from loralint.read import comments
from loralint.read.python import terms
from loralint.read.python.assembling import Tree, assembled, whole
from loralint.read.python.evaluate import Evaluator
from loralint.read.python.flow import Flow
from loralint.read.python.frame import Frame, variable
from loralint.read.python.marks import Criteria, Marks
from loralint.read.python.masking import masked
from loralint.read.python.nesting import nested_deeply, too_large
from loralint.read.python.recorder import Literal, PendingCall, Recorder
from loralint.read.python.slicing import kept_units
from loralint.read.python.statements import ParsedModule
from loralint.read.python.units import NotCut
from loralint.source import START, Source, Span

MAX_TEXT = 200
"""How many characters of a call's source are kept."""


def extract(source: Source, *, whole: bool = False) -> FileFacts:
    """Read one module; a file that does not parse gives facts with an error."""
    try:
        text = decode(source.content)
        return module(source.path, text, whole=whole)
    except cst.ParserSyntaxError as error:
        return _failed(source.path, *syntax_error(text, error))
    except (UnicodeDecodeError, LookupError) as error:
        return _failed(source.path, f"not readable as text: {error}")
    except RecursionError:
        return _failed(source.path, "nested too deeply to be read")


def module(path: str, text: str, *, whole: bool = False) -> FileFacts:
    """The facts of a module's text; raises ParserSyntaxError where that is none."""
    lines = text.split("\n")
    if whole:
        return _facts(path, text, lines, _whole(text))
    try:
        tree = _sliced(text, lines)
    except (NotCut, cst.ParserSyntaxError):  # cut wrongly, or really in error
        tree = _whole(text)
    return _facts(path, text, lines, tree)


def _sliced(text: str, lines: list[str]) -> Tree:
    """What matters of a module; raises NotCut, or ParserSyntaxError."""
    if "\f" in text or "\r" in text:
        raise NotCut
    units = kept_units(masked(text), len(text), CRITERIA)
    if too_large("\n".join(unit.text for unit in units)):
        raise RecursionError
    return assembled(units, lines)


def writes_back(text: str) -> bool:
    """Whether LibCST writes a module that it can read letter by letter as it stands.

    Cheap for the text that was read whole last.
    """
    parsed = _whole(text).whole.parsed
    return isinstance(parsed, ParsedModule) and parsed.code == text


@lru_cache(maxsize=1)
def _whole(text: str) -> Tree:
    if nested_deeply(text):
        raise RecursionError
    return whole(cst.parse_module(text))


def _failed(path: str, message: str, row: int = 1, column: int = 1) -> FileFacts:
    first = message.strip().splitlines()[0] if message.strip() else "cannot be parsed"
    span = Span.of(row, column, row, column + 1) if (row, column) != (1, 1) else START
    return FileFacts(path=path, error=FileError(first, span))


_ALONE = PARSER_METHODS | frozenset(
    """train backward generate chat filterwarnings simplefilter set_verbosity_error prepare
    ArgumentParser HfArgumentParser TrlParser load_dotenv __init__ get_peft_model add_adapter
    merge_and_unload merge_adapter unload resize_token_embeddings set_adapter load_state_dict
    prepare_model_for_kbit_training set_peft_model_state_dict prepare_model fuse_lora LoraConfig
    PeftModel PeftConfig""".split()
)
"""Calls that are kept without what they read: what flows into them matters for itself or not."""


CRITERIA = Criteria(
    strong=Marks((MARKERS | METHODS) - _ALONE, passed=frozenset({"from_pretrained"})),
    weak=Marks(_ALONE),
)


def syntax_error(text: str, error: cst.ParserSyntaxError) -> tuple[str, int, int]:
    """What is wrong and where: Python says it better than LibCST, where it agrees."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as python:
        return python.msg, python.lineno or 1, python.offset or 1
    except (ValueError, RecursionError, MemoryError):
        pass
    return error.message.rpartition("error: ")[2], error.raw_line, error.raw_column + 1


_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def decode(content: bytes) -> str:
    """The text of a module: a BOM or a coding comment (PEP 263) says how, else UTF-8."""
    return content.removeprefix(codecs.BOM_UTF8).decode(coding(content))


def coding(content: bytes) -> str:
    """The encoding that a module names, else UTF-8."""
    for line in content.split(b"\n", 2)[:2]:
        match = _CODING.match(line.removeprefix(codecs.BOM_UTF8))
        if match is not None:
            return match[1].decode("ascii")
    return "utf-8"


def _facts(path: str, text: str, lines: list[str], tree: Tree) -> FileFacts:
    run = _Run.of(tree)
    recorder = run.recorder
    calls = tuple(_call(pending, lines) for pending in recorder.calls)
    facts = FileFacts(
        path=path,
        calls=calls,
        functions=tuple(recorder.functions),
        classes=tuple(_with_attributes(fact, recorder) for fact in recorder.classes),
        names=tuple(run.names()),
        imports=tuple(recorder.imports),
        star_imports=tuple(recorder.star_imports),
        suppressions=comments.of_python(text, [call.span for call in calls]),
    )
    return with_literals(facts, lambda known: _inside(recorder.literals.get(id(known))))


def _inside(literal: Literal | None) -> Span | None:
    """Where a literal's text stands: between the quotes, if it has some."""
    span = literal.origin.span(literal.node) if literal is not None else None
    node = literal.node if literal is not None else None
    if span is None or not isinstance(node, cst.SimpleString):
        return span
    before, after = len(node.prefix) + len(node.quote), len(node.quote)
    start, end = span.start, span.end
    return Span.of(start.row, start.column + before, end.row, end.column - after)


@dataclass(frozen=True, slots=True)
class _Run:
    """A module whose flow was followed to the end."""

    recorder: Recorder
    frame: Frame

    @staticmethod
    def of(tree: Tree) -> _Run:
        recorder, frame = Recorder(tree.whole, tree.origins), Frame()
        evaluator = Evaluator(recorder, frame, _defined(tree.module))
        flow = Flow(evaluator)
        flow.block(tree.module.body)
        done = 0
        while done < len(recorder.bodies):  # bodies find further bodies
            node, inner = recorder.bodies[done]
            flow.definitions.body(node, inner, flow.block)
            done += 1
        return _Run(recorder, frame)

    def names(self) -> list[tuple[str, Term]]:
        """The module's global names, with what functions rebind as a further choice."""
        return [
            (name, terms.choice((term, *self.recorder.rebound.get(name, ()))))
            for name, term in self.frame.names.items()
            if not name.startswith(variable(""))
        ]


def _defined(module: cst.Module) -> frozenset[str]:
    """The names that the module's own statements define, wherever they stand."""
    return frozenset(
        statement.name.value
        for statement in module.body
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef))
    )


def _call(pending: PendingCall, lines: list[str]) -> CallFact:
    place = pending.origin.span
    span = place(pending.node)
    return CallFact(
        span=span,
        callee=pending.callee,
        arguments=pending.arguments,
        function=pending.function,
        text=_text(lines, span),
        discarded=pending.discarded,
    )


def _text(lines: list[str], span: Span) -> str:
    return " ".join(_written(lines, span).split())[:MAX_TEXT]


def _written(lines: list[str], span: Span) -> str:
    """What stands in a span."""
    rows = [row.rstrip("\r") for row in lines[span.start.row - 1 : span.end.row]]
    if not rows:
        return ""
    rows[-1] = rows[-1][: span.end.column - 1]
    rows[0] = rows[0][span.start.column - 1 :]
    return "\n".join(rows)


def _with_attributes(fact: ClassFact, recorder: Recorder) -> ClassFact:
    found = recorder.attributes.get(fact.name, {})
    attributes = tuple((name, terms.choice(values)) for name, values in found.items())
    return ClassFact(fact.name, fact.bases, fact.fields, attributes, fact.decorators)
