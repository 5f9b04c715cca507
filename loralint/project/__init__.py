"""The linked project: every load with its values, what flows into what, and the pairs.

Rules see this and nothing else. All of it is frozen, plain and free of syntax.
"""

from __future__ import annotations

from loralint.project.folders import Adapter, Locked, is_test
from loralint.project.loads import (
    Action,
    Condition,
    Held,
    Load,
    Pair,
    PairKind,
    Requirement,
    Save,
    Stage,
    Standing,
    Use,
    Why,
)
from loralint.project.whole import Project

__all__ = [
    "Action",
    "Adapter",
    "Condition",
    "Held",
    "Load",
    "Locked",
    "Pair",
    "PairKind",
    "Project",
    "Requirement",
    "Save",
    "Stage",
    "Standing",
    "Use",
    "Why",
    "is_test",
]
