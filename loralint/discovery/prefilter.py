"""Which Python files are worth parsing: those that use a name that matters.

A word in a docstring is no use of a name. What stands after a dot, before a parenthesis or a
comma, in an import, or as the whole of a string (`getattr(cls, "from_pretrained")`) is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from loralint.catalog import FILE_MARKS, PROGRAMS, Mark
from loralint.discovery.kinds import COMMANDS as COMMAND_FILE, PROGRAM

COMMENTS = (b"loralint:", b"noqa: LOR", b"noqa:LOR")
"""A file with a suppression is read even if it has nothing to suppress: that is a finding."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Python cannot read such a file, and no name can be found in it: the front end will say so."""

LARGE = 1_000_000
"""Bytes above which a text is not split into words for nothing."""

_WORD = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class _Sought:
    """A mark as it is looked for: `in` is twenty times as fast as a pattern, so a word first."""

    word: bytes
    use: re.Pattern[bytes]
    beside: re.Pattern[bytes] | None

    @staticmethod
    def of(mark: Mark) -> _Sought:
        word = max(mark.name.split("*"), key=len).encode()
        name = re.escape(mark.name).replace(r"\*", r"\w*").encode()
        use = re.compile(
            rb"\.%b(?![\w`])|\b%b\s*[(,]|[\"']%b[\"']|^[ \t]*(?:from|import)\b[^\n]*\b%b\b"
            % (name, name, name, name),
            re.MULTILINE,
        )
        beside = re.compile(mark.beside.encode()) if mark.beside else None
        return _Sought(word, use, beside)

    def stands_in(self, text: bytes) -> bool:
        """Whether the word is there, and what must be beside it."""
        return self.word in text and (self.beside is None or self.beside.search(text) is not None)


_SOUGHT = tuple(_Sought.of(mark) for mark in FILE_MARKS)


def matters(text: bytes) -> bool:
    """Whether a Python file uses one of the ecosystem's names."""
    if any(each.stands_in(text) and each.use.search(text) for each in _SOUGHT):
        return True
    if any(word in text for word in _STARTING) and _LINES.search(text):
        return True
    if text.startswith(UTF_16):
        return True
    return any(comment in text for comment in COMMENTS)


_CELLS = re.compile(rb"%%bash|%%sh|%%script|! ?python|%run|" + PROGRAMS.pattern)
"""What a notebook with none of the ecosystem's names may still run; its code is in JSON here."""

_LINES = re.compile(rb"\.py\b|\bpython[\d.]*\b[^\n]*\s-m\s|" + PROGRAMS.pattern)
_STARTING = (b"sys.executable", b"subprocess", b"os.system", b"os.popen")
"""With what Python starts commands."""

_HOLDS_PYTHON = re.compile(rb"\bpython[^\n]*(?:\s-\w*c\b|<<)|\.py\b[^\n]*<<")
_SHELL = re.compile(rb"#!.*\b(ba|da|z|k)?sh\b")


def shell_matters(path: str, text: bytes) -> bool:
    """Whether a file with command lines runs something that may load a model."""
    name = path.rpartition("/")[2]
    if PROGRAM.fullmatch(name) and not COMMAND_FILE.fullmatch(name) and not _SHELL.match(text):
        return False
    if _LINES.search(text) or any(comment in text for comment in COMMENTS):
        return True
    return _HOLDS_PYTHON.search(text) is not None and any(e.stands_in(text) for e in _SOUGHT)


def notebook_matters(text: bytes) -> bool:
    """Whether a notebook has one of the ecosystem's names, wherever: its code is in JSON here."""
    if any(each.stands_in(text) for each in _SOUGHT) or _CELLS.search(text):
        return True
    return text.startswith(UTF_16) or any(comment in text for comment in COMMENTS)


def mentions(text: bytes, names: frozenset[bytes]) -> bool:
    """Whether a text contains one of the identifiers."""
    if len(text) > LARGE and not any(name in text for name in names):
        return False  # a notebook full of images is one word after another
    return not names.isdisjoint(_WORD.findall(text))


_IMPORTED = re.compile(rb"(?:\bfrom|\bimport)[ \t]+([\w., \t]+)")


def imports_one(text: bytes, wanted: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a text imports a module, by its last name, and has the name beside it."""
    near = [(module, name) for module, name in wanted if module in text and name in text]
    if not near or len(text) > LARGE:
        return False
    modules = {word for found in _IMPORTED.findall(text) for word in _WORD.findall(found)}
    return any(module in modules for module, _ in near)


def encoded(names: Iterable[str]) -> frozenset[bytes]:
    """Identifiers as they stand in a file."""
    return frozenset(name.encode() for name in names)
