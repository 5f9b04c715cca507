"""Why a value is not known."""

from __future__ import annotations

from enum import Enum, auto


class Reason(Enum):
    """A kind of unknown value: what other code decides on, and what a reader is told.

    What is only told apart for the reader, such as which kind of expression it is that nobody
    follows, is `Unknown.what`.
    """

    # whoever runs the code decides
    FORWARDED = auto()
    """Nobody has to give it; the code hands on what it is given."""
    ENVIRONMENT = auto()
    OPTION = auto()
    REQUIRED = auto()
    CALLER = auto()
    CALLERS_DIFFER = auto()
    IN_KEYWORDS = auto()
    IN_POSITIONALS = auto()
    OUTSIDE = auto()

    # something that is no value
    OBJECT = auto()
    OWN_OBJECT = auto()
    """A parameter that is annotated with a class of the project."""
    ATTRIBUTE = auto()
    SUPER = auto()
    RESULT = auto()
    LIBRARY_NAME = auto()

    # nobody can say
    COMPUTED = auto()
    EXPRESSION = auto()
    INVOLVED = auto()
    NO_SUCH_KEY = auto()
    UNDEFINED = auto()
    NOT_FOUND = auto()
    NOT_READ = auto()
    NOT_GIVEN = auto()

    # others decide
    FRAMEWORK = auto()
    RECORDED = auto()
    DOWNLOADED = auto()
    MIRRORED = auto()
    """No revision is given, and which repository is loaded the library decides."""
    DROPPED = auto()
    """A revision is given, and the library drops it for a mirror."""
    LOCK = auto()
    NOT_LOCKED = auto()
    """`loralint.revision(…)` of something that no lock file holds."""

    def words(self, what: str) -> str:
        """The reason as it is told; `what` names the thing."""
        said = _WORDS.get(self, "{}")
        return said.replace("{}", what) if what else _ALONE.get(self, said.replace("{}", "it"))


_WORDS = {
    Reason.FORWARDED: "forwarded, None by default",
    Reason.ENVIRONMENT: "taken from the environment",
    Reason.REQUIRED: "a required {}",
    Reason.CALLER: "given by the caller",
    Reason.CALLERS_DIFFER: "the callers pass different values",
    Reason.IN_KEYWORDS: "in **kwargs",
    Reason.IN_POSITIONALS: "in *args",
    Reason.OBJECT: "an object",
    Reason.OWN_OBJECT: "an object of a class of the project",
    Reason.ATTRIBUTE: "the attribute {} of an object",
    Reason.SUPER: "the result of super()",
    Reason.RESULT: "the result of {}",
    Reason.LIBRARY_NAME: "a name of a library",
    Reason.NO_SUCH_KEY: "there is no such key",
    Reason.UNDEFINED: "{} is not defined here",
    Reason.NOT_FOUND: "{} was not found",
    Reason.NOT_READ: "{} was not read",
    Reason.RECORDED: "what the adapter records",
    Reason.DOWNLOADED: "a downloaded folder",
    Reason.MIRRORED: "unsloth may map the name to a 4-bit mirror",
    Reason.DROPPED: "unsloth drops it when it maps the name to a 4-bit mirror",
}
"""The words of a reason, with `{}` for what it is about; of the others, that is all there is."""

_ALONE = {
    Reason.OPTION: "an option",
    Reason.REQUIRED: "a required option",
    Reason.RESULT: "the result of a call",
    Reason.COMPUTED: "put together from parts",
    Reason.INVOLVED: "too involved to follow",
    Reason.NOT_GIVEN: "no argument",
    Reason.EXPRESSION: "an expression",
    Reason.LOCK: "what the lock file holds",
}
"""The words of those that can do without."""
