"""`--merged`: a merged checkpoint against an exact replay of the merge, tensor by tensor.

Merging is fixed arithmetic: who repeats it gets the same bits, and needs neither a forward nor a
tolerance. Everything is streamed from disk; nothing larger than one tensor is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import base_files
from loralint.verify.case import Case, shown_path
from loralint.verify.checkpoint import Checkpoint
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, AdapterFolder, open_folder
from loralint.verify.merge_judging import Replay
from loralint.verify.merge_stream import one_thread
from loralint.verify.merge_whole import merge_again
from loralint.verify.outcome import (
    Checked,
    RefusedError,
    UndecidedError,
    left_open,
    together,
)
from loralint.verify.progress import SILENT, Progress
from loralint.verify.wording import count, listed, short, where


def check_merged(case: Case, merged: Path, progress: Progress = SILENT) -> Checked:
    """Judge a merged model; UnusableInputError where there is none in the folder."""
    folder = open_folder(case.adapter)
    model = Checkpoint(merged)
    if case.base is None:
        return _open(case, "the adapter does not say which base it is for: name it with --base")
    located = base_files.locate(case.base, case.revision)
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
    if not replay.open:
        return streamed
    whole = _again(case, folder, merged, model, name, progress)
    if not whole.decided and not whole.findings:
        return streamed  # what could be seen of the tensors one by one
    return together(whole, Checked(findings=tuple(_tied(case, replay))))


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
            "LOR514",
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
        "LOR512",
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
