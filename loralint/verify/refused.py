"""PEFT refused to load the adapter: what that says about it."""

from __future__ import annotations

from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.dry_run import judge
from loralint.verify.folder import WEIGHTS, AdapterFolder
from loralint.verify.outcome import Checked


def refused(case: Case, folder: AdapterFolder, reason: str) -> Checked:
    """The dry run knows better which tensors do not fit; else the refusal as it is."""
    found = judge(case, folder)
    if found.findings:
        return found
    message = f"PEFT refuses to load the adapter on {case.base}: {reason}"
    return Checked(
        len(folder.tensors),
        (finding("LOR504", message, case.file(WEIGHTS), subject=case.base or ""),),
    )
