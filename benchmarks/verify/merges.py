"""Whether `loralint verify --merged` tells right merges from damaged ones.

    python benchmarks/verify/merges.py [--folder FOLDER] [--only WORD] [--out FILE]

Every kind is merged by PEFT itself (`merge_and_unload`) and saved; then the merged model is damaged
in the ways in which merges go wrong. Each damage is first shown to be a real loss, by outputs.
A right merge must be verified or, where a replay cannot decide, left undecided with its reason; a
damaged one must not be verified.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def main() -> int:
    """Merge, damage, ask, and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("/tmp/loralint-merges"))
    parser.add_argument("--out", type=Path, help="a line of JSON for each")
    parser.add_argument("--only", default="", help="kinds with this in their name")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    from collections import Counter

    from adapters import asking
    from adapters.merging import KINDS, merges

    told, counts = [], Counter[str]()
    for kind in KINDS:
        if given.only not in kind.name:
            continue
        for one in merges(kind, given.folder):
            said = asking.command([str(one.adapter), "--merged", str(one.merged)])
            judged = one.judged(said.verdict)
            counts[judged] += 1
            why = said.message or "; ".join(said.skipped)
            print(f"{judged:18} off {one.off:7.1%}  {kind.name}: {one.damage or 'right'}:"
                  f" {said.verdict} {','.join(said.codes)} {why[:170]}", flush=True)  # fmt: skip
            told.append({"kind": kind.name, "damage": one.damage, "off": one.off,
                         "verdict": said.verdict, "codes": said.codes, "why": why,
                         "judged": judged})  # fmt: skip
    if given.out:
        given.out.write_text("".join(json.dumps(one) + "\n" for one in told))
    print(f"{len({one['kind'] for one in told})} kinds: "
          + ", ".join(f"{n} {what}" for what, n in counts.most_common()))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
