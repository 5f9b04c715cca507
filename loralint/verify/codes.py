"""The codes of verification. They come from loading only, so they are no rules of a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loralint.diagnostics import Diagnostic, Fix, Related, Severity
from loralint.source import START, Place


@dataclass(frozen=True, slots=True)
class Code:
    """A code, its name and its first sentence; the rest of its page is in `code_pages`."""

    code: str
    name: str
    summary: str
    severity: Severity = "error"
    default: bool = True

    @property
    def doc(self) -> str:
        """The page in Markdown, without the summary."""
        from loralint.verify.code_pages import PAGES

        return PAGES[self.code]


CODES: tuple[Code, ...] = (
    Code("LOR501", "missing-adapter-keys",
         "The model has adapter tensors that the file does not fill: they stay freshly made."),
    Code("LOR502", "unexpected-adapter-keys",
         "The file has tensors for which the base has no place: they are dropped."),
    Code("LOR503", "adapter-shape-mismatch",
         "A tensor of the adapter has another shape than its place in the base."),
    Code("LOR504", "adapter-not-loaded",
         "A tensor in the loaded model is not the one in the file."),
    Code("LOR505", "nondeterministic-load",
         "Two loads of the same adapter on the same base give different tensors."),
    Code("LOR506", "adapter-without-effect",
         "The model answers the same with the adapter and without it."),
    Code("LOR507", "untrained-adapter",
         "The adapter was never trained, or its training broke: zeros, NaN or infinity."),
    Code("LOR508", "wrong-scaling",
         "The loaded adapter is scaled by another factor than its configuration asks for."),
    Code("LOR509", "adapter-not-active",
         "The adapter is loaded and not active, so the model runs without it."),
    Code("LOR510", "base-fingerprint-mismatch",
         "The base is not the one that the adapter's contract records."),
    Code("LOR511", "golden-logits-mismatch",
         "The model does not give the logits that were recorded when the adapter was saved."),
    Code("LOR512", "merge-mismatch",
         "A merged checkpoint is not what merging the adapter into the base gives."),
    Code("LOR513", "precision-lost",
         "The loaded tensors are those of the file, rounded to fewer bits than the file has."),
    Code("LOR514", "round-trip-mismatch",
         "Saving the loaded adapter and loading it again does not give the same model."),
    Code("LOR515", "tokenizer-fingerprint-mismatch",
         "The tokenizer or its chat template is not the one that the contract records."),
    Code("LOR516", "not-weights",
         "Tensors of the adapter are integers, where its weights should be."),
    Code("LOR517", "incomplete-adapter-config",
         "The configuration does not say rank, scale or targets, and PEFT takes its own.",
         "warning"),
)  # fmt: skip
"""Every code, in order: nothing is registered by being imported."""

BY_CODE = {one.code: one for one in CODES}

MOST_RELATED = 2_000
"""How many tensors a finding lists; its message has the count of all."""


def finding(
    code: str,
    message: str,
    file: str,
    *,
    details: Iterable[str] = (),
    help: str = "",
    subject: str = "",
) -> Diagnostic:
    """A finding of verification: it stands on row 1 of `file`, a file of the adapter folder.

    `details` has a line for each tensor concerned, `help` says what to do about it, and
    `subject` is the base that the adapter was tried on.
    """
    place = Place(file, START)
    kept, left = _bounded(details)
    lines = [*kept, *([f"and {left} more"] if left else [])]
    return Diagnostic(
        code=code,
        name=BY_CODE[code].name,
        severity=BY_CODE[code].severity,
        message=message,
        place=place,
        related=tuple(Related(line, place) for line in lines),
        fix=Fix("display", help) if help else None,
        subject=subject,
    )


def _bounded(details: Iterable[str]) -> tuple[list[str], int]:
    lines = list(details)
    return lines[:MOST_RELATED], max(0, len(lines) - MOST_RELATED)
