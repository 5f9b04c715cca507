"""A module's bytes → its text and its tree, or what is wrong with it and where."""

from __future__ import annotations

import ast
import codecs
import gc
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

TOO_DEEP = "nested too deeply to be read"


class NotPython(Exception):
    """Why a text is no module, and the row and column (from 1) where that shows."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.column = column


_JOINED = r"[ \t\\\n]"
_CHAINS = tuple(
    re.compile(rf"{word}{_JOINED}+(?:\w+{_JOINED}*\.{_JOINED}*){{300}}")
    for word in ("import", "from")
)
"""Of `import a.a.a…` Python's parser keeps each beginning, which fills the memory."""


def parse(text: str) -> ast.Module:
    """The tree of a module; raises NotPython where the running Python cannot read it."""
    if any(chain.search(text) for chain in _CHAINS):
        raise NotPython(TOO_DEEP)
    try:
        with uncollected(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        message = error.msg
        if _is_newer(text):
            newer = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
            running = f"{sys.version_info.major}.{sys.version_info.minor}"
            message = f"written for Python {newer} or newer, and loralint runs on {running}"
        raise NotPython(message, error.lineno or 1, error.offset or 1) from None
    except ValueError as error:  # a null byte
        raise NotPython(str(error)) from None
    except (RecursionError, MemoryError):
        raise NotPython(TOO_DEEP) from None


def _is_newer(text: str) -> bool:
    from loralint.read.python.newer import reads

    return reads(text)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cycle collector: a tree has no cycles, and is walked anew for each of its parts.

    It takes four fifths of the time of `ast.parse`.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def decode(content: bytes) -> str:
    """The text of a module: a BOM or a coding comment (PEP 263) says how, else UTF-8."""
    return content.removeprefix(codecs.BOM_UTF8).decode(coding(content))


def coding(content: bytes) -> str:
    """The encoding that a module names, else UTF-8."""
    for line in content.split(b"\n", 2)[:2]:
        match = _CODING.match(line.removeprefix(codecs.BOM_UTF8))
        if match is not None:
            return match[1].decode("ascii")
    return "utf-8"


def rows(text: str) -> list[str]:
    """The rows of a text as Python counts them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")
