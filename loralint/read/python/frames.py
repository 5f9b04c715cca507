"""The names that a function, a class body or the module binds at one point of its flow."""

from __future__ import annotations

from dataclasses import dataclass, field

from loralint.facts import Term

Names = dict[str, Term]
"""Names and their terms; beside them stand "self.x" for attributes that a method sets, "$X" for
environment variables that the file sets, and "*" for modules of which all names are imported.
"""

STARS = "*"


@dataclass(slots=True)
class Frame:
    """One running scope.

    `function` is the qualified name ("" for the module); `class_` the class whose method or body
    it is; `outer` the enclosing function's frame, for closures. It is `missing` while a branch is
    followed on which a file is not there; None or `{}` returned there is `without_file`. `read` is
    the path of the file that was opened last.
    """

    function: str = ""
    class_: str = ""
    outer: Frame | None = None
    class_body: bool = False
    names: Names = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    returns: list[Term] = field(default_factory=list)
    without_file: list[Term] = field(default_factory=list)
    missing: bool = False
    read: Term | None = None
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


def variable(name: str) -> str:
    """The name under which a frame holds an environment variable that this file sets."""
    return f"${name}"


def is_name(name: str) -> bool:
    """Whether a frame's entry is a name of the program, and not one of those beside them."""
    return name != STARS and not name.startswith(("$", "self."))
