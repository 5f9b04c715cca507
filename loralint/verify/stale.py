"""Weights that lie beside the adapter's own: an older save, or a whole model."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Diagnostic, Fix
from loralint.source import START, Place
from loralint.verify.case import Case
from loralint.verify.folder import CONFIG, PICKLE, WEIGHTS, AdapterFolder

_MINUTE = 60.0


def stale_or_double(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """LOR404 and LOR405 have no counterpart among the codes of loading: they keep theirs."""
    if _is_stale(folder):
        yield _finding(
            "LOR405",
            f"{WEIGHTS} is older than {PICKLE}, which the last save wrote, and is what PEFT loads:"
            " the newer weights are never used",
            case.file(WEIGHTS),
            f"remove {WEIGHTS}, or save again without safe_serialization=False",
        )
    if _has_model(folder):
        yield _finding(
            "LOR404",
            "a whole model lies beside this adapter: from_pretrained on this folder loads it and"
            " applies the adapter on top, a second time if it is the merged one",
            case.file("config.json"),
            "keep the merged model and the adapter in two folders",
        )


def _finding(code: str, message: str, file: str, help: str) -> Diagnostic:
    from loralint.rules import RULES  # all of them: too long to import where nothing is found

    return Diagnostic(
        code=code,
        name=next(rule.name for rule in RULES if rule.code == code),
        severity="error",
        message=message,
        place=Place(file, START),
        fix=Fix("display", help),
    )


def _is_stale(folder: AdapterFolder) -> bool:
    """Only times tell, and a checkout or a copy sets them anew: the save wrote both together."""
    if PICKLE not in folder.files:
        return False
    config, old, new = ((folder.path / name).stat().st_mtime for name in (CONFIG, WEIGHTS, PICKLE))
    return old + _MINUTE < new <= config + _MINUTE / 10


def _has_model(folder: AdapterFolder) -> bool:
    weights = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
               "pytorch_model.bin.index.json")  # fmt: skip
    return "config.json" in folder.files and any(name in folder.files for name in weights)
