"""`--merged`: a merged checkpoint against an exact replay of the merge, tensor by tensor.

Merging is fixed arithmetic: who repeats it gets the same bits, and needs neither a forward nor a
tolerance. The common merge is streamed from disk; of others PEFT merges the whole model again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import files
from loralint.verify.adapter import everything, load_adapter
from loralint.verify.case import DTYPES, Case, shown_path
from loralint.verify.checkpoint import Checkpoint
from loralint.verify.codes import LOR512, LOR514, finding
from loralint.verify.folder import DTYPE_NAMES, WEIGHTS, AdapterFolder, open_folder
from loralint.verify.loading import load_base
from loralint.verify.merge_judging import Replay
from loralint.verify.merge_stream import one_thread
from loralint.verify.merge_tensor import near
from loralint.verify.offload import free_memory, give_back
from loralint.verify.result import (
    SILENT,
    Checked,
    Progress,
    RefusedError,
    UndecidedError,
    count,
    left_open,
    listed,
    short,
    together,
    where,
)

if TYPE_CHECKING:
    from torch import Tensor


# --- merge whole ----------------------------------------------------------------------------------


@dataclass
class Whole:
    """What came of it, by the names of the model; `changed` tensors are moved by the merge."""

    exact: int = 0
    rounded: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    changed: int = 0


def merge_again(case: Case, folder: AdapterFolder, merged: Path, model: Checkpoint) -> Whole:
    """Compare a merged model with PEFT's own merge; UndecidedError where that cannot be made."""
    size = sum(one.size for one in model.entries.values())
    if (free := free_memory()) is not None and 3 * size > free:
        raise UndecidedError(
            f"merging the whole model again needs about {3 * size:,} bytes of memory, and"
            f" {free:,} are free"
        )
    dtype = _dtype(model)
    theirs = everything(_loaded(case, folder, dtype, base=str(merged), revision=None))
    found: Whole | None = None
    for each in dict.fromkeys((dtype, "float32")):
        one = _compared(*_merged(case, folder, each), theirs)
        if found is None or len(one.wrong) < len(found.wrong):
            found = one
        if not found.wrong:
            break
        give_back()
    assert found is not None
    return found


def _loaded(case: Case, folder: AdapterFolder, dtype: str, **changes: Any) -> Any:
    plain = {"quantization": "none", "dtype": dtype, "device": "cpu", **changes}
    return load_base(msgspec.structs.replace(case, **plain), folder).model


def _merged(
    case: Case, folder: AdapterFolder, dtype: str
) -> tuple[Mapping[str, Tensor], frozenset[str]]:
    """The tensors of the base with the adapter merged into it, and the names of those it moves."""
    base = _loaded(case, folder, dtype)
    before = {name: tensor.detach().clone() for name, tensor in everything(base).items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            after = everything(load_adapter(base, folder).merge_and_unload())
    except (RefusedError, UndecidedError):
        raise
    except Exception as error:  # what PEFT and torch raise where something cannot be merged
        text = " ".join(str(error).split())[:200]
        raise UndecidedError(f"PEFT does not merge it: {text}") from error
    changed = (name for name, tensor in after.items()
               if name not in before or not _equal(before[name], tensor))  # fmt: skip
    return after, frozenset(changed)


def _compared(
    ours: Mapping[str, Tensor], changed: frozenset[str], theirs: Mapping[str, Tensor]
) -> Whole:
    found = Whole(changed=len(changed))
    for name, tensor in ours.items():
        there = theirs.get(name)
        if there is None or there.shape != tensor.shape:
            found.wrong[name] = "the merged model has it not, or in another shape"
        elif _equal(tensor.to(there.dtype), there):
            found.exact += 1
        elif near(there, tensor.to(there.dtype)):
            found.rounded.append(name)
        elif name in changed:
            found.wrong[name] = "it is not what merging the adapter gives"
        else:
            found.wrong[name] = "no adapter is on it, and it is not the base's"
    return found


def _equal(one: Tensor, other: Tensor) -> bool:
    import torch

    return one.shape == other.shape and bool(torch.equal(one.to(other.dtype), other))


def _dtype(model: Checkpoint) -> str:
    """The type of most of the merged model's numbers."""
    sizes: dict[str, int] = {}
    for one in model.entries.values():
        sizes[one.dtype] = sizes.get(one.dtype, 0) + one.size
    name = DTYPE_NAMES.get(max(sizes, key=lambda kind: sizes[kind], default="F32"), "")
    if name not in DTYPES:
        raise UndecidedError("the merged model is quantised, and rounded again after the merge")
    return name


# --- merge ----------------------------------------------------------------------------------------


def check_merged(case: Case, merged: Path, progress: Progress = SILENT) -> Checked:
    """Judge a merged model; UnusableInputError where there is none in the folder."""
    folder = open_folder(case.adapter)
    model = Checkpoint(merged)
    if case.base is None:
        return _open(case, "the adapter does not say which base it is for: name it with --base")
    located = files.locate(case.base, case.revision)
    if located.folder is None:
        return _open(case, located.reason)
    name = shown_path(merged)
    if folder.peft_type != "LORA":
        return _again(case, folder, merged, model, name, progress)
    replay = Replay(folder, Checkpoint(located.folder), model)
    size = sum(one.size for one in model.entries.values())
    with progress.step(f"comparing {merged}", size), one_thread():
        replay.run(progress)
    streamed = _checked(case, replay, name)
    if not replay.open and not (replay.wrong and _may_rewrite(folder)):
        return streamed
    whole = _again(case, folder, merged, model, name, progress)
    says_more = not replay.open or streamed.findings or replay.by_rounding
    if not whole.decided or (whole.findings and says_more):
        return streamed  # what could be seen of the tensors one by one
    return together(whole, Checked(findings=tuple(_tied(case, replay))))


def _may_rewrite(folder: AdapterFolder) -> bool:
    """Whether loading the adapter may change the base that it is merged into, as PiSSA does."""
    return isinstance(folder.config.get("init_lora_weights"), str)


def _again(
    case: Case, folder: AdapterFolder, merged: Path, model: Checkpoint, name: str,
    progress: Progress,
) -> Checked:  # fmt: skip
    """By PEFT's own merge of the whole model."""
    with progress.step("merging the whole model again"):
        try:
            found = merge_again(case, folder, merged, model)
        except (RefusedError, UndecidedError) as error:
            return _open(case, str(error))
    total = found.exact + len(found.rounded) + len(found.wrong)
    findings = (_unlike(case, found.wrong, total, name),) if found.wrong else ()
    decided = bool(found.wrong) or found.changed > 0
    skipped = () if decided else (_nothing_moved(case),)
    return Checked(total, findings, (*skipped, *_in_order(case, found.rounded)), decided)


def _nothing_moved(case: Case) -> Skipped:
    reason = "merging changes no bit of the base, so the base alone would pass"
    return left_open(case.file(WEIGHTS), "whether the adapter was merged", reason)


def _open(case: Case, reason: str) -> Checked:
    skipped = Skipped(Place(case.file(WEIGHTS), START), "the merged model", reason)
    return Checked(skipped=(skipped,), decided=False)


def _checked(case: Case, replay: Replay, merged: str) -> Checked:
    """What was seen, as a tier says it."""
    total = replay.exact + len(replay.rounded) + len(replay.wrong) + len(replay.open)
    decided = not replay.open and (replay.applied > 0 or bool(replay.wrong))
    return Checked(
        total - len(replay.open),
        tuple(_findings(case, replay, merged, total)),
        tuple(_skipped(case, replay, merged)),
        decided,
    )


def _findings(case: Case, replay: Replay, merged: str, total: int) -> Iterator[Diagnostic]:
    if replay.wrong:
        yield _unlike(case, replay.wrong, total, merged)
    yield from _tied(case, replay)


def _tied(case: Case, replay: Replay) -> Iterator[Diagnostic]:
    """A warning: what is merged into one of two tied tensors reaches both."""
    for part, others in replay.reaching.items():
        found = finding(
            LOR514,
            f"the adapter is on `{part}` alone, and the merged model keeps it and"
            f" {listed(others)} as one tensor: merged, the adapter changes them all, and the"
            " model answers otherwise than with the adapter beside its base",
            case.file(WEIGHTS),
            help="serve the adapter unmerged, or train it with ensure_weight_tying=True",
            subject=case.base or "",
        )
        yield msgspec.structs.replace(found, severity="warning")


def _unlike(case: Case, wrong: Mapping[str, str], total: int, merged: str) -> Diagnostic:
    first = next(iter(wrong.values()))
    names = list(wrong)
    verb = "is" if len(names) == 1 else "are"
    return finding(
        LOR512,
        f"{count(len(names))} of {total:,} in {merged} {verb} not what merging gives,"
        f" {where(names)}; the first: {first}",
        case.file(WEIGHTS),
        details=[f"{short(name)}: {how}" for name, how in wrong.items()],
        help="merge again: the base in full precision at the recorded revision, then"
        " PeftModel.from_pretrained(base, folder).merge_and_unload().save_pretrained(...)",
        subject=case.base or "",
    )


def _skipped(case: Case, replay: Replay, merged: str) -> Iterator[Skipped]:
    place = Place(case.file(WEIGHTS), START)
    for reason in dict.fromkeys(replay.open.values()):
        names = [name for name, why in replay.open.items() if why == reason]
        yield Skipped(place, f"{count(len(names))} of {merged}, {where(names)}", reason)
    yield from _in_order(case, replay.rounded)
    if replay.traceless:
        what = f"whether {count(len(replay.traceless))} were merged, {where(replay.traceless)}"
        yield Skipped(place, what, "the update is too small to change a bit of them")
    mode = replay.plain.mode
    if mode is not None:
        how = f"{mode.kind}{' with double quantisation' if mode.double else ''}"
        yield Skipped(place, "the base as it is stored", f"it was loaded in {how}, made plain"
                      " again, and merged into")  # fmt: skip


def _in_order(case: Case, rounded: Sequence[str]) -> Iterator[Skipped]:
    if rounded:
        what = f"the last bits of {count(len(rounded))}, {where(rounded)}"
        yield left_open(case.file(WEIGHTS), what, "the sums were made in another order than here")
