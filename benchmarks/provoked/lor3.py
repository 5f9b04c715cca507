"""Runs the faulty and the mended form of each LOR3 rule with the installed libraries.

For each it shows whether the adapter is indeed lost, and whether loralint says so. Needs torch,
transformers, peft, safetensors, bitsandbytes, trl and datasets, and diffusers for two of them,
which are left out without it; makes its own tiny models, needs no network.

LOR321 is not among them: it needs LLaMA-Factory or ms-swift (`create_ref_model` in LLaMA-Factory's
train/trainer_utils.py: with `finetuning_type: lora` and no `ref_model` there is none, and the
trainer switches the adapter off).

    python benchmarks/provoked/lor3.py [--loralint PYTHON] [RULE…]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import measures as m  # noqa: E402
import workspace  # noqa: E402
from transformers.utils.logging import disable_progress_bar  # noqa: E402

CASES: dict[str, Callable[[Path, m.Ran], m.Verdict]] = {
    "301": m.not_as("adapter"),
    "301b": m.not_as("adapter"),
    "302": m.unnoticed,
    "303": m.not_as("adapter-b"),
    "304": m.not_as("adapter"),
    "305": m.merged,
    "305b": m.merged,
    "306": m.twice,
    "307": m.effect_lost,
    "308": m.head_lost,
    "308b": m.pooler_lost,
    "308c": m.not_saved("heads", "lm_head"),
    "309": m.rows_untrained,
    "310": m.reloads_differ("pissa"),
    "311": m.not_as("adapter"),
    "311b": m.keys_do_not_fit("stacked"),
    "311c": m.raises(ValueError),
    "312": m.silent,
    "313": m.fits,
    "314": m.keys_do_not_fit("compiled"),
    "315": m.type_error,
    "316": m.not_as("adapter"),
    "316b": m.not_as("adapter-b"),
    "316c": m.not_as("adapter"),
    "316d": m.not_plain,
    "320": m.not_as("adapter"),
}
DRAWING: dict[str, Callable[[Path, m.Ran], m.Verdict]] = {
    "318": m.draws_as_base,
    "319": m.fused_lost,
}
"""What needs diffusers."""
if workspace.HAS_DIFFUSERS:
    CASES |= DRAWING


def run(snippet: Path, folder: Path) -> m.Ran:
    """Run a snippet in a copy of the workspace."""
    names: m.Names = {"__name__": "__main__"}
    error: BaseException | None = None
    with chdir(folder), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(compile(snippet.read_text(), snippet.name, "exec"), names)
        except Exception as raised:  # the error is the result
            error = raised
    warned = [str(w.message) for w in caught if "missing adapter keys" in str(w.message)]
    return m.Ran(names, warned, error)


def findings(snippet: Path, python: str) -> set[str]:
    """The codes that loralint reports for a snippet alone; none without loralint."""
    if not python:
        return set()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(snippet, Path(folder) / "snippet.py")
        command = [python, "-m", "loralint", "check", folder, "--select", "LOR3",
                   "--output-format", "json", "--no-cache"]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env=environment)  # fmt: skip
    return {finding["code"] for finding in json.loads(done.stdout)}


def rows(chosen: list[str], python: str) -> Iterator[tuple[str, str, bool, str, bool]]:
    """One row a snippet: the fault and loralint's word for it."""
    with tempfile.TemporaryDirectory() as origin:
        workspace.make(Path(origin))
        for case in chosen or CASES:
            for form in ("faulty", "mended"):
                with tempfile.TemporaryDirectory() as copy:
                    folder = Path(shutil.copytree(origin, Path(copy) / "work"))
                    snippet = HERE / "lor3" / f"{case}-{form}.py"
                    lost, shown = CASES[case](folder, run(snippet, folder))
                    said = f"LOR{case[:3]}" in findings(snippet, python)
                    yield case, form, lost, shown, said


def main() -> int:
    """Print the table; 1 where a fault, or a word of loralint's, is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--loralint", default=sys.executable, help="the Python with loralint, or nothing"
    )
    parser.add_argument("rules", nargs="*")
    options = parser.parse_args()
    wrong = 0
    disable_progress_bar()
    print("| rule | form | fault | loralint | measured |\n|---|---|---|---|---|")
    for case, form, lost, shown, said in rows(options.rules, options.loralint):
        right = lost == said == (form == "faulty")
        wrong += not right
        mark = "" if right else " **wrong**"
        print(f"| LOR{case} | {form} | {_word(lost)} | {_word(said)}{mark} | {shown} |", flush=True)
    return 1 if wrong else 0


def _word(flag: bool) -> str:
    return "yes" if flag else "no"


if __name__ == "__main__":
    sys.exit(main())
