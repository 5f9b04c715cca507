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
    SAVE_METHODS,
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
from loralint.catalog.recipe_signs import NEVER_RECIPES
from loralint.catalog.recipes import FRAMEWORKS, PUSHES
from loralint.frontends.flow import _EXITS as EXITS
from loralint.frontends.magics import (
    _OTHER as OTHER_MAGICS,
    _SHELLS as SHELL_MAGICS,
    _TRANSPARENT as TRANSPARENT_MAGICS,
)
from loralint.frontends.methods import METHODS as VALUE_METHODS
from loralint.frontends.reducers import FUNCTIONS as VALUE_FUNCTIONS
from loralint.linker.classes import _PROPERTIES as PROPERTIES
from loralint.linker.entries import (
    _COMMANDS as COMMAND_DECORATORS,
    _OPTIONS as OPTION_DECORATORS,
    _RUNNERS as RUNNERS,
    _RUNNING as RUNNING,
)
from loralint.linker.libraries import _FUNCTIONS as LIBRARY_FUNCTIONS, _METHODS as LIBRARY_METHODS
from loralint.linker.members import _RECORD_DECORATORS as RECORD_DECORATORS
from loralint.linker.parsers import (
    _DATACLASS_PARSERS as DATACLASS_PARSERS,
    _FLAGS as FLAG_ACTIONS,
    _THROUGH as PARSER_MAKERS,
)
from loralint.linker.requirements import _GROUPS as GROUPS, _LISTS as LISTS
from loralint.linker.states import _READERS as STATE_READERS

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
    "SAVE_METHODS",
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
