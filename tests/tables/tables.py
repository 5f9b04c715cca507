"""The tables of words whose every member has to have a test, all imported here and nowhere else.

When a table moves, its line here moves with it; the tests beside this file know only these names.
"""

from __future__ import annotations

from loralint.catalog import (
    BITSANDBYTES,
    DATASET_BUILDERS,
    DTYPES,
    FOREIGN,
    LOADERS,
    METHOD_ACTIONS,
    OPTIONS,
    QUANTIZATION_CONFIGS,
    SAVERS,
    Loader,
    loader_of,
)
from loralint.catalog.actions import ACTIONS
from loralint.catalog.commands import (
    BACKENDS,
    LAUNCHERS,
    OFFLINE,
    PREFIXES,
    SHELLS,
    TOOLS,
    VALUELESS,
)
from loralint.catalog.folder_words import GIVEN_UP
from loralint.catalog.recipe_signs import NEVER_RECIPES
from loralint.catalog.recipes import FRAMEWORKS, PUSHES
from loralint.project.actions import _READERS as STATE_READERS
from loralint.project.requirements import _GROUPS as GROUPS, _LISTS as LISTS
from loralint.read.magics import (
    _OTHER as OTHER_MAGICS,
    _SHELLS as SHELL_MAGICS,
    _TRANSPARENT as TRANSPARENT_MAGICS,
)
from loralint.read.python.flow import _EXITS as EXITS
from loralint.read.python.methods import METHODS as VALUE_METHODS
from loralint.read.python.reducers import FUNCTIONS as VALUE_FUNCTIONS
from loralint.values.classes import (
    _PROPERTIES as PROPERTIES,
    _RECORD_DECORATORS as RECORD_DECORATORS,
)
from loralint.values.evaluator import Evaluator
from loralint.values.index import Index
from loralint.values.libraries import libraries
from loralint.values.libraries.argparse import (
    _DATACLASS_PARSERS as DATACLASS_PARSERS,
    _FLAGS as FLAG_ACTIONS,
    _THROUGH as PARSER_MAKERS,
)
from loralint.values.libraries.entries import (
    _COMMANDS as COMMAND_DECORATORS,
    _OPTIONS as OPTION_DECORATORS,
    _RUNNERS as RUNNERS,
    _RUNNING as RUNNING,
)

_LIBRARY = libraries(Evaluator(Index({}), libraries))
LIBRARY_FUNCTIONS = _LIBRARY.functions
LIBRARY_METHODS = _LIBRARY.methods

__all__ = [
    "ACTIONS",
    "BACKENDS",
    "BITSANDBYTES",
    "COMMAND_DECORATORS",
    "DATACLASS_PARSERS",
    "DATASET_BUILDERS",
    "DTYPES",
    "EXITS",
    "FLAG_ACTIONS",
    "FOREIGN",
    "FRAMEWORKS",
    "GIVEN_UP",
    "GROUPS",
    "LAUNCHERS",
    "LIBRARY_FUNCTIONS",
    "LIBRARY_METHODS",
    "LISTS",
    "LOADERS",
    "METHOD_ACTIONS",
    "NEVER_RECIPES",
    "OFFLINE",
    "OPTIONS",
    "OPTION_DECORATORS",
    "OTHER_MAGICS",
    "PARSER_MAKERS",
    "PREFIXES",
    "PROPERTIES",
    "PUSHES",
    "QUANTIZATION_CONFIGS",
    "RECORD_DECORATORS",
    "RUNNERS",
    "RUNNING",
    "SAVERS",
    "SHELLS",
    "SHELL_MAGICS",
    "STATE_READERS",
    "TOOLS",
    "TRANSPARENT_MAGICS",
    "VALUELESS",
    "VALUE_FUNCTIONS",
    "VALUE_METHODS",
    "Loader",
    "loader_of",
]
