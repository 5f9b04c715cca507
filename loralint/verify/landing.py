"""Which tensors of the file find a place in the model, and which places stay empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loralint.diagnostics import Diagnostic
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS
from loralint.verify.wording import count, short, where

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Landing:
    """Names of the file, except in `missing`, whose tensors the file does not have."""

    total: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: Mapping[str, tuple[Shape, Shape]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.missing or self.unexpected or self.mismatched)


def compare(
    file: Mapping[str, Shape], wanted: Mapping[str, Shape], passed_on: Mapping[str, Shape]
) -> Landing:
    """Compare names and shapes.

    `wanted` has what saving would write, `passed_on` the other tensors of the model that the file
    may carry (embeddings, biases), both under the file's names.
    """
    places = {**passed_on, **wanted}
    return Landing(
        total=len(file),
        missing=tuple(name for name in wanted if name not in file),
        unexpected=tuple(name for name in file if name not in places),
        mismatched={
            name: (shape, places[name])
            for name, shape in file.items()
            if name in places and places[name] != shape
        },
    )


def findings(case: Case, landing: Landing, base_modules: str = "") -> tuple[Diagnostic, ...]:
    """LOR501, LOR502 and LOR503 for what did not land."""
    found = []
    file, base = case.file(WEIGHTS), case.base or ""
    there = f"; the base has {base_modules}" if base_modules else ""
    whole = len(landing.unexpected) == landing.total > 0
    if landing.missing:
        found.append(finding("LOR501", _missing(case, landing), file,
                             details=map(short, landing.missing), help=_other_base(case),
                             subject=base))  # fmt: skip
    if landing.unexpected:
        amount = "none of the" if whole else f"{count(len(landing.unexpected))} of the"
        verb = "has a place" if whole else "have no place"
        message = (
            f"{amount} {landing.total:,} in the file {verb} in {_base(case)},"
            f" {where(landing.unexpected)}: PEFT drops them without a word{there}"
        )
        found.append(finding("LOR502", message, file, details=map(short, landing.unexpected),
                             help=_other_base(case), subject=base))  # fmt: skip
    if landing.mismatched:
        found.append(_mismatched(case, landing, file))
    return tuple(found)


def _missing(case: Case, landing: Landing) -> str:
    return (
        f"{count(len(landing.missing), 'adapter tensor')} of {_base(case)} get nothing from the"
        f" file, {where(landing.missing)}: they stay freshly made, and the adapter does nothing"
        " there"
    )


def _mismatched(case: Case, landing: Landing, file: str) -> Diagnostic:
    lines = [
        f"{short(name)}: {list(ours)} in the file, {list(theirs)} in the model"
        for name, (ours, theirs) in landing.mismatched.items()
    ]
    message = (
        f"{count(len(lines))} of {landing.total:,} do not have the shape of their place in"
        f" {_base(case)}, {where(list(landing.mismatched))}; the first has"
        f" {lines[0].partition(': ')[2]}"
    )
    return finding("LOR503", message, file, details=lines, help=_other_base(case),
                   subject=case.base or "")  # fmt: skip


def _base(case: Case) -> str:
    if case.base is None:
        return "the model"
    return f"{case.base} at {case.revision}" if case.revision else f"{case.base}"


def _other_base(case: Case) -> str:
    at = f" at {case.revision}" if case.revision else ", at no given revision"
    return (
        "load the base and the revision that the adapter was trained on (this was"
        f" {case.base}{at}): `loralint verify ADAPTER --base ID --revision COMMIT`"
    )
