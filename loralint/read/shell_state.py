"""What a script knows at one point: its variables and its folder; and what branches leave of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import join, normpath

from loralint.facts import Origin, OriginKind, Reason, Unknown, Value
from loralint.read.shell_text import Environment
from loralint.read.shell_values import Word, choice
from loralint.source import Span


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the script runs it; `environment` are the variables set for it.

    `margins` and `first_column` are those of its fragment.
    """

    words: tuple[Word, ...]
    span: Span
    text: str
    folder: str
    environment: dict[str, Value]
    image: str = ""
    margins: tuple[str, str] | None = None
    first_column: int = 1


@dataclass(slots=True)
class State:
    """Variables, and the working directory."""

    environment: Environment
    folder: str

    def copy(self) -> State:
        """The same, to be changed apart."""
        return State(dict(self.environment), self.folder)

    def enter(self, folder: str) -> None:
        """`cd folder`; `//` is the project's root, `/` that of a machine nobody knows."""
        if folder.startswith("//"):
            self.folder = normpath(f"/{folder.lstrip('/')}")
        elif folder and not folder.startswith(("/", "~", "-")):
            self.folder = normpath(join(self.folder or ".", folder))
        else:
            self.folder = ""


def positional(state: State) -> list[str]:
    """The names of the arguments of the function that runs."""
    return [key for key in state.environment if key.isdigit() or key == "@"]


def merged(states: list[State]) -> State:
    """What holds after branches: a variable may be what it is at the end of any of them."""
    names = dict.fromkeys(name for state in states for name in state.environment)
    environment: Environment = {}
    for name in names:
        values = [state.environment.get(name) for state in states]
        first = values[0]
        same = first is not None and all(value is first for value in values)
        environment[name] = first if same and first is not None else _any(values, name)
    folders = {state.folder for state in states}
    return State(environment, folders.pop() if len(folders) == 1 else states[0].folder)


def _any(values: Iterable[Value | tuple[Word, ...] | None], name: str) -> Value | tuple[Word, ...]:
    found = list(values)
    arrays = [each for each in found if isinstance(each, tuple)]
    if arrays:
        return _arrays(arrays)
    unset = Unknown(
        Reason.OUTSIDE,
        "a variable that is not set here",
        Origin(OriginKind.ENVIRONMENT, name=(name,)),
    )
    found = list(dict.fromkeys(found))
    return choice([each if each is not None else unset for each in found])  # type: ignore[misc]


def _arrays(arrays: list[tuple[Word, ...]]) -> tuple[Word, ...]:
    """All words of the longest; those that the shortest lacks are there on a condition."""
    longest, shortest = max(arrays, key=len), min(arrays, key=len)
    return tuple(
        Word(word.value, word.span, word.lead, optional=True, open=word.open)
        if position >= len(shortest)
        else word
        for position, word in enumerate(longest)
    )
