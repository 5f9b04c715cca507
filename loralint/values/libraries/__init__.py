"""What the evaluator is told of libraries that make, read or fill data: one file a family.

A library's function is known by its dotted name, or by the last part of it where no other means
something else; a method by its name.
"""

from __future__ import annotations

from loralint.facts import Data, Environment, ParameterFact, Partial
from loralint.values.evaluation import CallModel, Evaluation, Library
from loralint.values.libraries.argparse import Argparse
from loralint.values.libraries.entries import Entries
from loralint.values.libraries.files import Files
from loralint.values.libraries.fixtures import Fixtures
from loralint.values.libraries.hydra import Hydra
from loralint.values.libraries.locks import Locks
from loralint.values.libraries.records import Records
from loralint.values.libraries.texts import Texts
from loralint.values.nodes import Function, Node


def libraries(evaluation: Evaluation) -> Library:
    """All models, ready to be asked by one evaluator."""
    files = Files(evaluation)
    records = Records(evaluation)
    hydra = Hydra(evaluation)
    argparse = Argparse(evaluation)
    entries, fixtures = Entries(evaluation, hydra), Fixtures(evaluation)

    def parameter(function: Function, given: ParameterFact) -> Node | None:
        found = fixtures.parameter(function, given)
        return found if found is not None else entries.parameter(function, given)

    functions: dict[str, CallModel] = {
        **records.functions,
        "compose": hydra.composed,
        "loralint.revision": Locks(evaluation).locked,
    }
    return Library(
        functions=functions,
        methods={**Texts(evaluation).methods, **records.methods, **argparse.methods},
        terms={Data: files.content, Environment: files.environment, Partial: records.partial},
        parsers=argparse,
        is_open=entries.is_open,
        parameter=parameter,
    )
