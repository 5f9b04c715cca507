"""pytest's fixtures and `parametrize`: what a test is given by name."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from loralint.facts import (
    Absent,
    CallFact,
    FunctionFact,
    Known,
    ParameterFact,
    Result,
    Sequence,
    Site,
)
from loralint.values.evaluation import Evaluation
from loralint.values.index import last_name
from loralint.values.nodes import Function, Node, SequenceNode, merge

_CONFTEST = "conftest.py"


class Fixtures:
    """What the parameters of tests and fixtures are."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def parameter(self, function: Function, parameter: ParameterFact) -> Node | None:
        """The rows of `parametrize`, else what the fixture of that name returns."""
        name = function.fact.name.rpartition(".")[2]
        if not name.startswith("test") and not self._is_fixture(function.path, function.fact):
            return None
        for call in self._decorators(function.path, function.fact):
            found = self._row(function.path, call, parameter.name)
            if found is not None:
                return found
        return self._returned(function, parameter.name)

    def _returned(self, function: Function, name: str) -> Node | None:
        """What a fixture returns: one of the class, of the file, of a `conftest.py` above."""
        for path, qualified in self._places(function, name):
            fact = self.evaluation.function(path, qualified)
            if fact is not None and self._is_fixture(path, fact):
                frame = self.evaluation.module_frame(path)
                known = not isinstance(fact.returns, Absent)
                return self.evaluation.force(fact.returns, frame) if known else None
        return None

    def _places(self, function: Function, name: str) -> Iterator[tuple[str, str]]:
        owner = function.fact.name.rpartition(".")[0]
        if owner:
            yield function.path, f"{owner}.{name}"
        yield function.path, name
        folder = dirname(function.path)
        while folder:
            yield f"{folder}/{_CONFTEST}", name
            folder = dirname(folder)
        yield _CONFTEST, name

    def _is_fixture(self, path: str, fact: FunctionFact) -> bool:
        names = [last_name(each) for each in fact.decorators]
        called = (last_name(call.callee) for call in self._decorators(path, fact))
        return "fixture" in (*names, *called)

    def _decorators(self, path: str, fact: FunctionFact) -> Iterator[CallFact]:
        for decorator in fact.decorators:
            if isinstance(decorator, Result):
                yield self.evaluation.index.call(Site(path, decorator.call))

    def _row(self, path: str, call: CallFact, name: str) -> Node | None:
        """A column of `@pytest.mark.parametrize("model, revision", [("a/b", "v1")])`."""
        given = [each.value for each in call.arguments if each.name is None and not each.stars]
        if last_name(call.callee) != "parametrize" or len(given) < 2:
            return None
        names = _names(given[0])
        if name not in names:
            return None
        rows = self.evaluation.force(given[1], self.evaluation.module_frame(path))
        if not isinstance(rows, SequenceNode):
            return None
        each = [self.evaluation.look(row) for row in rows.items]
        place = names.index(name)
        columns = [self.evaluation.item(row, Known(place)) for row in each]
        return merge(each if len(names) == 1 else columns)


def _names(term: object) -> list[str]:
    """The names of the columns: one text with commas, or several."""
    if isinstance(term, Known) and isinstance(term.value, str):
        return [part.strip() for part in term.value.split(",")]
    items = term.items if isinstance(term, Sequence) else ()
    return [str(item.value) for item in items if isinstance(item, Known)]
