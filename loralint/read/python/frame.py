"""The names that a function, a class body or the module binds at one point of its flow."""

from __future__ import annotations

from dataclasses import dataclass, field

from loralint.facts import Term
from loralint.read.python.branches import merged

Names = dict[str, Term]


@dataclass(slots=True)
class Frame:
    """One running scope.

    `function` is the qualified name ("" for the module); `class_` the class whose method or body
    it is; `outer` the enclosing function's frame, for closures. Names such as
    "self.x" hold attributes set in this method.
    """

    function: str = ""
    class_: str = ""
    outer: Frame | None = None
    class_body: bool = False
    names: Names = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    returns: list[Term] = field(default_factory=list)
    generator: bool = False

    @property
    def is_module(self) -> bool:
        """Whether this is the module's own frame."""
        return not self.function and not self.class_body

    @property
    def enclosing(self) -> Frame | None:
        """The frame that a function or class defined here closes over."""
        if self.is_module:
            return None
        return self.outer if self.class_body else self

    def find(self, name: str) -> Term | None:
        """The term of a local name or of one that this frame closes over."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names and name not in self.globals:
                return frame.names[name]
            frame = frame.outer
        return None

    def qualified(self, name: str) -> str:
        """The qualified name of a function or class defined here."""
        prefix = self.class_ if self.class_body else self.function
        return f"{prefix}.{name}" if prefix else name


def join_branches(branches: list[Names]) -> Names:
    """The names after branches that all reach this point.

    A name that only some branches bind keeps their value: reading it after another branch would
    be a NameError, not another value.
    """
    joined = dict(branches[0])
    for branch in branches[1:]:
        for name, term in branch.items():
            before = joined.get(name)
            if before is not term:
                joined[name] = term if before is None else merged(before, term)
    return joined


def variable(name: str) -> str:
    """The name under which a frame holds an environment variable that this file sets."""
    return f"${name}"
