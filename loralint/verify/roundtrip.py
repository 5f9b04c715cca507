"""The round-trip tier: what is saved and loaded again is the same model, and so is the merged one.

Each step has a model of its own. On CPUs with bfloat16 instructions bitsandbytes packs the
weights anew in the first forward, and what is merged after that is garbage: the model that is
merged has not been run.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import golden
from loralint.verify.base import CannotBuildError
from loralint.verify.bench import Bench
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, AdapterFolder, open_folder
from loralint.verify.golden import NoAnswerError
from loralint.verify.golden_check import TOLERANCE
from loralint.verify.inspection import inspect
from loralint.verify.loading import (
    AdapterRefusedError,
    Loaded,
    load,
    load_adapter,
    load_base,
)
from loralint.verify.outcome import Checked, UnusableInputError
from loralint.verify.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

EMBEDDINGS = ("embed_tokens.", "lm_head.", "wte.", "word_embeddings.", "embed_in.", "embed_out.")
REASONS = (CannotBuildError, AdapterRefusedError, NoAnswerError)


@dataclass(frozen=True)
class Answers:
    """What a model answers with the adapter, and how much of it the adapter makes, on average."""

    logits: Tensor
    effect: float


def check(case: Case, bench: Bench, progress: Progress) -> Checked:
    """Save the loaded adapter, load it afresh, and compare; then merge one that was never run."""
    with tempfile.TemporaryDirectory(prefix="loralint-") as name:
        folder = Path(name)
        try:
            with progress.step("saving the adapter, and running it"):
                loaded = bench.loaded()
                before = _answers(loaded.model)
                _save(loaded, bench.folder, folder)
            bench.drop()
            reloaded = _reloaded(case, bench.folder, folder, before, progress)
            if reloaded.findings:
                return reloaded
            return _with(reloaded, _merged(case, bench.folder, before, progress))
        except REASONS as error:
            return Checked(skipped=(_skip(case, "the round trip", str(error)),), decided=False)


def _skip(case: Case, what: str, reason: str) -> Skipped:
    return Skipped(Place(case.file(WEIGHTS), START), what, reason)


def _with(one: Checked, other: Checked) -> Checked:
    return Checked(
        one.checked + other.checked,
        (*one.findings, *other.findings),
        (*one.skipped, *other.skipped),
        one.decided,
    )


def _answers(model: Any) -> Answers:
    ids = golden.token_ids(golden.table_size(model))
    with golden.quiet(model):
        _, logits = golden.answers(model, ids)
        with golden.adapter_off(model):
            _, bare = golden.answers(model, ids)
    bare = bare[..., -logits.shape[-2] :, :]
    return Answers(logits, float((logits[..., -bare.shape[-2] :, :] - bare).float().abs().mean()))


def _save(loaded: Loaded, original: AdapterFolder, folder: Path) -> None:
    """Save as PEFT does. Whether embeddings go along is told: PEFT would ask the Hub."""
    carries = any(word in name for name in original.shapes for word in EMBEDDINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded.model.save_pretrained(str(folder), save_embedding_layers=carries)


def _reloaded(
    case: Case, original: AdapterFolder, folder: Path, before: Answers, progress: Progress
) -> Checked:
    """The saved adapter on a fresh base: the original file's tensors, and the same answers."""
    with progress.step(f"loading {case.base} ({case.quantization}) a second time"):
        try:
            model = load(case, open_folder(folder)).model
        except UnusableInputError as error:
            return Checked(findings=(_lost(case, [f"what was saved is no adapter: {error}"]),))
    inspected = inspect(model, case, original)
    lines = [found.message for found in inspected.findings]
    if lines:
        return Checked(inspected.checked, (_lost(case, lines),))
    apart = _apart(before, model)
    if apart > _allowed(model):
        line = f"the reloaded model's answers differ by {apart:.1%} of the adapter's effect"
        return Checked(inspected.checked, (_lost(case, [line]),))
    return Checked(inspected.checked)


def _allowed(model: Any) -> float:
    """On a CPU the same weights give the same answers; a GPU may add in another order."""
    device = next(model.parameters()).device.type
    return 0.0 if device == "cpu" else TOLERANCE


def _apart(before: Answers, model: Any) -> float:
    """The mean difference of the answers, as a share of the adapter's effect."""
    with golden.quiet(model):
        _, logits = golden.answers(model, golden.token_ids(golden.table_size(model)))
    if logits.shape != before.logits.shape:
        return float("inf")
    mean = float((logits.float() - before.logits.float()).abs().mean())
    return mean / before.effect if before.effect else mean


def _lost(case: Case, lines: list[str]) -> Diagnostic:
    return finding(
        "LOR514",
        f"the adapter does not survive saving and loading again: {lines[0]}",
        case.file(WEIGHTS),
        details=lines,
        help="look at the parts of the adapter that PEFT does not save (embeddings, heads)",
        subject=case.base or "",
    )


def _merged(case: Case, folder: AdapterFolder, before: Answers, progress: Progress) -> Checked:
    """The adapter merged into full-precision weights, against the adapter beside them."""
    with progress.step("merging into a fresh load"):
        try:
            merged = _merge(case, folder)
        except (NotImplementedError, AttributeError, RuntimeError, ValueError) as error:
            reason = f"it cannot be merged: {' '.join(str(error).split())[:200]}"
            return Checked(skipped=(_skip(case, "the merged model", reason),))
        apart = _apart(before, merged)
    if apart <= TOLERANCE:
        return Checked(1)
    return Checked(1, tuple(_unlike(case, apart)))


def _merge(case: Case, folder: AdapterFolder) -> Any:
    """Merge into the weights that the adapter runs on; quantised ones are made plain first."""
    base = load_base(case, folder).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if getattr(base, "is_quantized", False):
            base = base.dequantize()
        return load_adapter(base, folder).merge_and_unload()


def _unlike(case: Case, apart: float) -> Iterator[Diagnostic]:
    """A warning: the adapter as such is right, and who does not merge never sees this."""
    found = finding(
        "LOR514",
        f"merging changes the model: its answers differ by {apart:.0%} of the adapter's effect",
        case.file(WEIGHTS),
        help="serve the adapter unmerged; with tied embeddings, an adapter on one of them reaches"
        " both once it is merged",
        subject=case.base or "",
    )
    yield msgspec.structs.replace(found, severity="warning")
