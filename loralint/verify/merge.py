"""`--merged`: a merged checkpoint against an exact replay of the merge, tensor by tensor.

Merging is fixed arithmetic: who repeats it gets the same bits, and needs neither a forward nor a
tolerance. Everything is streamed from disk; nothing larger than one tensor is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import base_files
from loralint.verify.case import Case, shown_path
from loralint.verify.checkpoint import Checkpoint
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, open_folder
from loralint.verify.merge_judging import Replay
from loralint.verify.merge_stream import one_thread
from loralint.verify.outcome import Checked
from loralint.verify.progress import SILENT, Progress
from loralint.verify.wording import count, short, where


def check_merged(case: Case, merged: Path, progress: Progress = SILENT) -> Checked:
    """Judge a merged model; UnusableInputError where there is none in the folder."""
    folder = open_folder(case.adapter)
    model = Checkpoint(merged)
    if folder.peft_type != "LORA":
        return _open(case, f"how {folder.peft_type} is merged is not replayed")
    if case.base is None:
        return _open(case, "the adapter does not say which base it is for: name it with --base")
    located = base_files.locate(case.base, case.revision)
    if located.folder is None:
        return _open(case, located.reason)
    base = Checkpoint(located.folder)
    replay = Replay(folder, base, model)
    size = sum(one.size for one in model.entries.values())
    with progress.step(f"comparing {merged}", size), one_thread():
        replay.run(progress)
    return _checked(case, replay, shown_path(merged))


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
    if not replay.wrong:
        return
    first = next(iter(replay.wrong.items()))
    names = list(replay.wrong)
    verb = "is" if len(names) == 1 else "are"
    yield finding(
        "LOR512",
        f"{count(len(names))} of {total:,} in {merged} {verb} not what merging gives,"
        f" {where(names)}; the first: {first[1]}",
        case.file(WEIGHTS),
        details=[f"{short(name)}: {how}" for name, how in replay.wrong.items()],
        help="merge again: the base in full precision at the recorded revision, then"
        " PeftModel.from_pretrained(base, folder).merge_and_unload().save_pretrained(...)",
        subject=case.base or "",
    )


def _skipped(case: Case, replay: Replay, merged: str) -> Iterator[Skipped]:
    place = Place(case.file(WEIGHTS), START)
    for reason in dict.fromkeys(replay.open.values()):
        names = [name for name, why in replay.open.items() if why == reason]
        yield Skipped(place, f"{count(len(names))} of {merged}, {where(names)}", reason)
    if replay.rounded:
        what = f"the last bits of {count(len(replay.rounded))}, {where(replay.rounded)}"
        yield Skipped(place, what, "the sums were made in another order than here")
    if replay.traceless:
        what = f"whether {count(len(replay.traceless))} were merged, {where(replay.traceless)}"
        yield Skipped(place, what, "the update is too small to change a bit of them")
    mode = replay.plain.mode
    if mode is not None:
        how = f"{mode.kind}{' with double quantisation' if mode.double else ''}"
        yield Skipped(place, "the base as it is stored", f"it was loaded in {how}, made plain"
                      " again, and merged into")  # fmt: skip
