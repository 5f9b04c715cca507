"""Paths as scripts write them, made comparable: all relative to the project's root."""

from __future__ import annotations

import re
from posixpath import dirname, normpath

_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")
_HERE = "__file__"


def absolute(text: str) -> bool:
    """Whether a path does not depend on where the script runs."""
    return text.startswith(("/", "~", "$")) or bool(_WINDOWS.match(text)) or "://" in text


def anchored(text: str, path: str) -> str:
    """`text` with `__file__` replaced by the file's own path, from the root: no Hub id."""
    return tidied(f"./{path}{text[len(_HERE) :]}") if text.startswith(_HERE) else text


def tidied(text: str) -> str:
    """A path that begins at the root (`./`) without detours."""
    if not text.startswith("./"):
        return text
    clean = normpath(text)
    return clean if clean == "." or clean.startswith("..") else f"./{clean}"


def normal(text: str) -> str:
    """One spelling of a path."""
    clean = normpath(text.replace("\\", "/"))
    return "" if clean == "." else clean


def candidates(text: str, script: str) -> tuple[str, ...]:
    """What a relative path may mean: below the script's folder, the root, or a folder between."""
    if absolute(text):
        return (normal(text),)
    folder = dirname(script)
    folders = [folder]
    while folder:
        folder = dirname(folder)
        folders.append(folder)
    found = (normal(f"{each}/{text}" if each else text) for each in folders)
    return tuple(dict.fromkeys(each for each in found if not each.startswith("..")))


def places(text: str, script: str) -> frozenset[str]:
    """Where an output path may lie: from the root, and from the script's folder."""
    if absolute(text):
        return frozenset({normal(text)})
    folder = dirname(script)
    beside = normal(f"{folder}/{text}" if folder else text)
    return frozenset({normal(text), beside})
