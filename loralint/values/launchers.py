"""Launchers that Python code calls: an estimator of SageMaker runs a script with its options."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.catalog.words import ESTIMATORS
from loralint.facts import CallFact, CommandFact, FlagFact, Known, Site, Symbol
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import ByDefault, MappingNode, arguments_of
from loralint.values.values import texts_of


def launched(evaluation: Evaluation) -> Iterator[tuple[str, CommandFact]]:
    """The commands that estimators run, each with the file that starts it."""
    index = evaluation.index
    for site in (site for name in ESTIMATORS for site in index.calls_by_name.get(name, ())):
        call = index.call(site)
        if isinstance(call.callee, Symbol) and call.callee.module.startswith("sagemaker"):
            script = _script(evaluation, site)
            if script:
                flags = tuple(_flags(evaluation, site, call))
                yield (
                    site.file,
                    CommandFact(
                        span=call.span,
                        script=Known(script),
                        flags=flags,
                        text=call.text,
                        cell=call.cell,
                    ),
                )


def _script(evaluation: Evaluation, site: Site) -> str:
    """The script that is named, below the folder that is uploaded with it."""
    arguments = arguments_of(
        evaluation.index.call(site).arguments, evaluation.module_frame(site.file)
    )
    parts: list[str] = []
    for name in ("source_dir", "entry_point"):
        given = evaluation.argument(arguments, (name,))
        found = texts_of(evaluation.value(given)) if given is not None else ()
        parts += found if len(found) == 1 else ()
    return "/".join(parts) if parts and parts[-1].endswith(".py") else ""


def _flags(evaluation: Evaluation, site: Site, call: CallFact) -> Iterator[FlagFact]:
    arguments = arguments_of(call.arguments, evaluation.module_frame(site.file))
    given = evaluation.argument(arguments, ("hyperparameters",))
    node = given.node if isinstance(given, ByDefault) else given
    for name, value in node.entries if isinstance(node, MappingNode) else ():
        if name is not None:
            plain = name.lstrip("-").replace("-", "_")
            yield FlagFact(plain, evaluation.value(value), call.span)
