"""mlflow: the folders that a logged model is given come back in its context."""

from __future__ import annotations

from loralint.facts import ParameterFact
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import (
    Class,
    Evaluable,
    Function,
    Instance,
    MappingNode,
    Node,
    Unevaluated,
    arguments_of,
    options,
)

_LOGGING = ("log_model", "save_model")
_MODEL = "PythonModel"


class Mlflow:
    """The models of a project that mlflow keeps."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def context(self, function: Function, parameter: ParameterFact) -> Node | None:
        """`context` of a `PythonModel`: its artifacts are those that it is logged with."""
        fact = self.evaluation.index.classes.get((function.path, function.fact.class_))
        if fact is None or parameter.name != "context":
            return None
        class_ = Class(function.path, fact)
        if not any(name.endswith(_MODEL) for name in self.evaluation.library_bases(class_)):
            return None
        found: list[tuple[str | None, Evaluable]] = []
        index = self.evaluation.index
        for site in (site for name in _LOGGING for site in index.calls_by_name.get(name, ())):
            frame = self.evaluation.module_frame(site.file)
            given = {each.name: each for each in index.call(site).arguments}
            model, artifacts = given.get("python_model"), given.get("artifacts")
            if model is not None and artifacts is not None:
                of_class = self.evaluation.argument(arguments_of([model], frame), ("python_model",))
                if of_class is not None and _is_of(of_class, class_):
                    found.append((None, Unevaluated(artifacts.value, frame)))
        return MappingNode((("artifacts", MappingNode(tuple(found))),)) if found else None


def _is_of(node: Node, class_: Class) -> bool:
    return any(
        isinstance(each, Instance) and each.class_.fact is class_.fact for each in options(node)
    )
