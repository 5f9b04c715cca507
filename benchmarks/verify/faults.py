"""Whether `loralint verify` finds faults that really lose something.

    python benchmarks/verify/faults.py [--folder FOLDER] [--only WORD] [--out FILE]

Each begins with a healthy adapter on a tiny base. First it is shown to be a loss, by the outputs of
the model as a user loads it: they are not those of the trained model, or nothing can be loaded.
Then `loralint verify` (or `verify_loaded`, for what only memory shows) is asked: one of the codes
that name the cause has to be among the findings. Faults that no file can show are listed as blind.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
LOSS = 0.02
"""How far the outputs have to be off, as a part of what the adapter does."""


def main() -> int:
    """Plant, show the loss, ask, and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("/tmp/loralint-faults"))
    parser.add_argument("--out", type=Path, help="a line of JSON for each")
    parser.add_argument("--only", default="", help="faults with this in their name")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    from adapters.faults import FAULTS
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    told = [one_fault(one, given.folder) for one in FAULTS if given.only in one.name]
    if given.out:
        given.out.write_text("".join(json.dumps(one) + "\n" for one in told))
    print(_summary(told))
    return 0


def one_fault(fault: Any, below: Path) -> dict[str, Any]:
    """Plant a fault below a folder, measure what is lost, and ask."""
    from adapters import asking
    from adapters.planting import plant

    planted = plant(fault, below)
    if fault.load is None:
        said = asking.command([str(planted.folder), *planted.options])
    else:
        said = asking.called(lambda: _verify_loaded(planted))
    verdict = _verdict(fault, said)
    told = {"name": fault.name, "source": fault.source, "blind": fault.blind,
            "loss": planted.loss, "real": planted.real(LOSS), "verdict": said.verdict,
            "codes": said.codes, "message": said.message, "judged": verdict}  # fmt: skip
    print(f"{verdict:14} {planted.told():>26}  {fault.name}: {said.verdict}"
          f" {','.join(said.codes)} {said.message[:150]}", flush=True)  # fmt: skip
    planted.forget()
    return told


def _verify_loaded(planted: Any) -> Any:
    import loralint

    return loralint.verify_loaded(planted.model, planted.folder)


def _verdict(fault: Any, said: Any) -> str:
    if fault.blind:
        return "blind" if said.verdict == "verified" else "blind, but said"
    if "exit-2" in fault.codes and said.verdict == "crash" and "exit 2:" in said.message:
        return "found" if "internal error" not in said.message else "CRASH"
    if said.verdict == "crash":
        return "CRASH"
    if fault.codes & set(said.codes):
        return "found" if said.verdict == "failed" else "found (warning)"
    if said.verdict == "failed":
        return "other code"
    return "found" if "pickled" in fault.codes and said.verdict == "inconclusive" else "MISSED"


def _summary(told: list[dict[str, Any]]) -> str:
    from collections import Counter

    real = [one for one in told if one["real"]]
    counts = Counter(one["judged"] for one in real)
    unreal = [one["name"] for one in told if not one["real"]]
    return (
        f"{len(real)} real losses: " + ", ".join(f"{n} {what}" for what, n in counts.most_common())
        + (f"; no loss shown: {', '.join(unreal)}" if unreal else "")
    )  # fmt: skip


if __name__ == "__main__":
    shutil.rmtree(Path("/tmp/loralint-faults/faulty"), ignore_errors=True)
    sys.exit(main())
