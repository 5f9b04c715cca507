"""Findings that were accepted: known by what they say, not by their row, and counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

from loralint.config import ConfigError
from loralint.diagnostics import Diagnostic
from loralint.read.call_form import call_form
from loralint.reading import read_whole
from loralint.writing import put

Key: TypeAlias = tuple[str, str, str, str]
"""Rule, file, repo id, call."""


class _Accepted(msgspec.Struct, frozen=True, rename={"name": "rule", "path": "filename"}):
    code: str
    name: str
    path: str
    subject: str
    call: str
    count: int = 1


class _Baseline(msgspec.Struct, frozen=True):
    version: int
    findings: tuple[_Accepted, ...]


def read(path: str) -> Counter[Key]:
    """The accepted findings with their numbers."""
    try:
        baseline = msgspec.json.decode(read_whole(path), type=_Baseline)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such baseline; `loralint baseline` writes one"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: the baseline cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"{path}: is no baseline of loralint ({error}); write it again with `loralint baseline`"
        ) from error
    accepted: Counter[Key] = Counter()
    for one in baseline.findings:  # older ones have the calls as they were laid out
        accepted[one.code, one.path, one.subject, call_form(one.call)] += one.count
    return accepted


def unaccepted(diagnostics: Iterable[Diagnostic], accepted: Counter[Key]) -> list[Diagnostic]:
    """The findings beyond the accepted ones: of three like calls where two are, the last."""
    left = accepted.copy()
    fresh = []
    for found in diagnostics:
        if left[found.identity] > 0:
            left[found.identity] -= 1
        else:
            fresh.append(found)
    return fresh


def pruned(diagnostics: Iterable[Diagnostic], accepted: Counter[Key]) -> list[Diagnostic]:
    """Those of the findings that were accepted: what of a baseline there still is."""
    left = accepted.copy()
    kept = []
    for found in diagnostics:
        if left[found.identity] > 0:
            left[found.identity] -= 1
            kept.append(found)
    return kept


def write(path: str, diagnostics: Iterable[Diagnostic], root: Path | None) -> int:
    """Accept these findings and return how many they are; the file is sorted and diffs well.

    Raises Refused where the path leads out of `root` (None: somebody typed it), or where the file
    that is there is no baseline; OSError where it cannot be written.
    """
    names = {found.code: found.name for found in diagnostics}
    counts = Counter(found.identity for found in diagnostics)
    findings = [
        {
            "code": code,
            "rule": names[code],
            "filename": file,
            "subject": subject,
            "call": call,
            "count": count,
        }
        for (code, file, subject, call), count in sorted(counts.items())
    ]
    text = json.dumps({"version": 1, "findings": findings}, indent=2, ensure_ascii=False)
    put(Path(path), f"{text}\n".encode(), root=root, is_ours=_is_baseline)
    return counts.total()


def _is_baseline(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=_Baseline)
    except msgspec.MsgspecError:
        return False
    return True
