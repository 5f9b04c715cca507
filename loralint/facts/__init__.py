"""What one file says, as plain data: terms, calls, functions, classes.

A `Term` is what an expression stands for. A front end reduces what it can within the file and
leaves the rest symbolic (`Parameter`, `Symbol`, `Attribute` ...); the linker, which sees every
file, reduces a term to a `Value`. Facts can be compared, cached and sent to another process.
"""

from __future__ import annotations

from loralint.facts.code import (
    CallFact,
    ClassFact,
    FieldFact,
    FileError,
    FunctionFact,
    Guard,
    ParameterFact,
    Suppression,
)
from loralint.facts.commands import (
    CommandFact,
    FlagFact,
    InstallFact,
)
from loralint.facts.file import (
    FileFacts,
    LockFacts,
)
from loralint.facts.folders import (
    RECORDED,
    AdapterFacts,
    BesideFact,
    TensorFact,
)
from loralint.facts.origins import (
    Origin,
    OriginKind,
)
from loralint.facts.reasons import Reason
from loralint.facts.sites import (
    BASE_REFERENCE,
    LoadSite,
    RevisionKey,
    SaveSite,
    Site,
    SiteKind,
    Writing,
)
from loralint.facts.terms import (
    ABSENT,
    EACH,
    Absent,
    Argument,
    Attribute,
    Choice,
    Data,
    Default,
    Either,
    Elements,
    Environment,
    Item,
    Join,
    Known,
    Mapping,
    Parameter,
    Partial,
    Result,
    Scalar,
    Self,
    Sequence,
    Stop,
    Symbol,
    Term,
    Unknown,
    Value,
    deciders,
    leaves,
    parts_of,
)

__all__ = [
    "ABSENT",
    "BASE_REFERENCE",
    "EACH",
    "RECORDED",
    "Absent",
    "AdapterFacts",
    "Argument",
    "Attribute",
    "BesideFact",
    "CallFact",
    "Choice",
    "ClassFact",
    "CommandFact",
    "Data",
    "Default",
    "Either",
    "Elements",
    "Environment",
    "FieldFact",
    "FileError",
    "FileFacts",
    "FlagFact",
    "FunctionFact",
    "Guard",
    "InstallFact",
    "Item",
    "Join",
    "Known",
    "LoadSite",
    "LockFacts",
    "Mapping",
    "Origin",
    "OriginKind",
    "Parameter",
    "ParameterFact",
    "Partial",
    "Reason",
    "Result",
    "RevisionKey",
    "SaveSite",
    "Scalar",
    "Self",
    "Sequence",
    "Site",
    "SiteKind",
    "Stop",
    "Suppression",
    "Symbol",
    "TensorFact",
    "Term",
    "Unknown",
    "Value",
    "Writing",
    "deciders",
    "leaves",
    "parts_of",
]
