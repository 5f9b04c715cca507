"""Lists of words, all derived from the rows of the catalogue: what makes a text worth reading.

A row's names end in an identifier (`from_pretrained`, `*Trainer`). A file that uses it matters; one
that is `common` (`pipeline`, `load`) or open (`*Trainer`) counts beside its package's name.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache

from loralint.catalog.actions import ACTIONS, SAVERS, TRAINING_ARGUMENTS, Action
from loralint.catalog.commands import LAUNCHERS, TOOLS
from loralint.catalog.loaders import LOADERS, Loader
from loralint.catalog.options import QUANTIZATION_CONFIGS
from loralint.catalog.patterns import last_names, methods


@dataclass(frozen=True, slots=True)
class Mark:
    """An identifier, `*` for any letters, and what must stand somewhere in a file beside it."""

    name: str
    beside: str = ""


_ROWS: tuple[Loader | Action, ...] = (*LOADERS, *ACTIONS)


_ANYBODYS = frozenset({"*", "*Config"})
"""Ends of names that any code has: they tell nothing, whatever stands beside them."""


ESTIMATORS = ("HuggingFace", "PyTorch", "Estimator")
"""What SageMaker starts a training script with."""

ENGINE_VARIABLE, ENGINE_REVISION = "HF_MODEL_ID", "HF_MODEL_REVISION"
"""The variables by which an endpoint is told which model to load, and at which revision."""


def _marks() -> set[Mark]:
    found = {Mark(name) for name, saver in SAVERS.items() if not saver.common}
    for row in _ROWS:
        if row.common and isinstance(row, Action):
            continue  # `train` says nothing of a file, whatever it imports
        for name in last_names(row.calls) - _ANYBODYS:
            alone = not _is_common(row, name) and "*" not in name
            found.add(Mark(name) if alone else Mark(name, _beside(row)))
    found |= {Mark(name, "sagemaker") for name in ESTIMATORS} | {Mark(ENGINE_VARIABLE)}
    engines = (loader for loader in LOADERS if loader.artifact == "engine")
    found |= {Mark(package) for loader in engines for package in loader.packages.split()}
    alone_already = {mark.name for mark in found if not mark.beside}
    return {mark for mark in found if not mark.beside or mark.name not in alone_already}


def _is_common(row: Loader | Action, name: str) -> bool:
    if isinstance(row, Action):
        return row.common
    return row.common == "*" or name in row.common.split()


def _beside(row: Loader | Action) -> str:
    prefix = row.prefix if isinstance(row, Loader) else ""
    return prefix or "|".join(package.rstrip("*") for package in row.packages.split())


FILE_MARKS: tuple[Mark, ...] = tuple(sorted(_marks(), key=lambda mark: (mark.name, mark.beside)))
"""A file with none of these neither loads nor saves anything."""

STARTED_ELSEWHERE = frozenset("""remote remote_gen aio local spawn delay""".split())
"""What calls a function or makes an object on another machine, with the same arguments: Modal's,
Ray's, Celery's."""

THREADS = frozenset({"Thread", "Process", "Timer"})
"""What calls its `target` with `args` and `kwargs`."""

LAUNCHING = frozenset({"notebook_launcher", "debug_launcher"})
"""What calls its first argument with `args`, on each device."""

POOLS = {"submit": 0, "to_thread": 0, "add_task": 0, "run_in_executor": 1}
"""What calls one of its arguments with those behind it: a pool, an event loop, a web server."""

PARSER_METHODS = frozenset(
    """add_argument add_arguments parse_args parse_known_args parse_args_into_dataclasses
    parse_args_and_config parse_json_file parse_yaml_file parse_dict set_defaults
    add_argument_group add_mutually_exclusive_group add_subparsers add_parser""".split()
)
"""What argparse and its kin are asked for; the standard library's, so in no row."""

_STARTING = PARSER_METHODS | frozenset(
    "ArgumentParser HfArgumentParser TrlParser load_dotenv load_file BitsAndBytesConfig".split()
)
"""What decides the values of a load without being a load, wrap or save."""

_ENDS = frozenset(
    name
    for calls in (*(row.calls for row in _ROWS), TRAINING_ARGUMENTS)
    for name in last_names(calls)
)
MARKERS: frozenset[str] = (
    frozenset(name for name in _ENDS if "*" not in name)
    | SAVERS.keys()
    | QUANTIZATION_CONFIGS.keys()
    | _STARTING
) - {"load"}
"""Whole identifiers: a function with one of these matters by itself, in a file that does."""

OPEN_MARKERS = re.compile(
    "|".join(sorted(name.replace("*", r"\w*") for name in _ENDS - _ANYBODYS if "*" in name))
)
"""Identifiers of which a row gives a part, as `SFTTrainer`; anybody's class may end in Config."""


_LOADING = frozenset(name for row in LOADERS for name in last_names(row.calls))


def _open(names: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(each.replace("*", r"\w*") for each in sorted(names) if "*" in each))


_OPEN_ENDS, _OPEN_LOADING = _open(_ENDS), _open(_LOADING)


@cache
def may_be_meant(name: str) -> bool:
    """Whether something called so may be of the catalogue: a load, an action, a save."""
    return name in _ENDS or name in SAVERS or _OPEN_ENDS.fullmatch(name) is not None


@cache
def may_load(name: str) -> bool:
    """Whether something called so may be a loader of the catalogue."""
    return name in _LOADING or _OPEN_LOADING.fullmatch(name) is not None


def _programs() -> set[str]:
    """What begins a command, as a pattern; a program of two letters with its subcommand."""
    found = set(LAUNCHERS) | {
        name for tool in TOOLS for name in (*tool.modules, tool.image) if name
    }
    heads = {head if len(head[0]) == 2 else head[:1] for tool in TOOLS for head in tool.heads}
    return {re.escape(name) for name in found} | {r"\W+".join(map(re.escape, h)) for h in heads}


PROGRAMS = re.compile(rf"\b(?:{'|'.join(sorted(_programs()))})\b".encode())
"""The tools of the catalogue, and the programs that launch a script."""

LOAD_METHODS: frozenset[str] = frozenset(
    name for row in LOADERS for name in methods(row.calls) if not _is_common(row, name)
)
"""Methods that load, whatever object they are called on."""

METHODS: frozenset[str] = (
    LOAD_METHODS
    | frozenset(name for row in ACTIONS for name in methods(row.calls) if "*" not in name)
    | frozenset(
        name
        for row in ACTIONS
        if not row.packages or row.packages in sys.stdlib_module_names
        for name in last_names(row.calls)
    )
    | SAVERS.keys()
    | PARSER_METHODS
    | {
        "prepare",
        "unwrap_model",
        "from_engine_args",
        "__init__",
        "_parse_args",
    }  # what is given comes back
)
"""Methods whose calls the evaluator is told of, on whatever object."""
