"""Which Python files are worth parsing: those that use a name that matters.

A word in a docstring is no use of a name. What stands after a dot, before a parenthesis or a
comma, in an import, or as the whole of a string (`getattr(cls, "from_pretrained")`) is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import is_normalized, normalize

from loralint.catalog import FILE_MARKS, PROGRAMS, Mark
from loralint.discovery.kinds import COMMANDS as COMMAND_FILE, PROGRAM
from loralint.source import UTF_16

COMMENTS = (b"loralint:", b"noqa: LOR", b"noqa:LOR")
"""A file with a suppression is read even if it has nothing to suppress: that is a finding."""

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


_UNUSUAL = re.compile(
    rb"\A(?:[ \t\f]*(?:#[^\n]*)?\r?\n)?[ \t\f]*#.*?coding[:=][ \t]*"
    rb"(?!utf-?8|u8|latin|iso|ascii|cp1252)",
    re.IGNORECASE,
)
"""An encoding (PEP 263) in which a name may be written in other bytes than its letters."""


def matters(text: bytes) -> bool:
    """Whether a Python file uses one of the ecosystem's names."""
    if any(each.stands_in(text) and each.use.search(text) for each in _SOUGHT):
        return True
    if any(word in text for word in _STARTING) and _LINES.search(text):
        return True
    # Python cannot read UTF-16, and no name is found in it: the front end will say so.
    if text.startswith(UTF_16) or _UNUSUAL.match(text):
        return True
    if any(comment in text for comment in COMMENTS):
        return True
    plain = _as_python_reads_it(text)
    return plain is not None and matters(plain)


def _as_python_reads_it(text: bytes) -> bytes | None:
    """The text with its names as Python takes them (PEP 3131); None where it stays the same.

    `from_pretrained` in full-width letters is `from_pretrained`.
    """
    if text.isascii():
        return None
    read = text.decode(errors="replace")
    if is_normalized("NFKC", read):
        return None
    plain = normalize("NFKC", read).encode()
    return plain if plain != text else None


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


def mentioned(text: bytes, names: frozenset[bytes]) -> frozenset[bytes]:
    """The identifiers of some that a text contains."""
    if len(text) > LARGE and not any(name in text for name in names):
        return frozenset()  # a notebook full of images is one word after another
    return names.intersection(_WORD.findall(text))


_IMPORTED = re.compile(rb"(?:\bfrom|\bimport)[ \t]+([\w., \t]+)")


def encoded(names: Iterable[str]) -> frozenset[bytes]:
    """Identifiers as they stand in a file."""
    return frozenset(name.encode() for name in names)
