"""Adapters in folders that code looks for: `glob`, `iterdir`, the newest of them."""

from __future__ import annotations

import pytest

from tests.whole.pairs import trains
from tests.whole.running import Small

LOADS = """\
import glob
import os
from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).resolve().parent / "runs"


def judge(folder):
    base = AutoModelForCausalLM.from_pretrained("org/a")
    PeftModel.from_pretrained(base, str(folder)).generate()


{}
"""
WAYS = {
    "a glob": "for each in sorted(ROOT.glob('lora-*')):\n    judge(each)\n",
    "all in the folder": "for each in ROOT.iterdir():\n    if each.is_dir():\n"
    "        judge(each)\n",
    "a text": "for each in glob.glob('runs/lora-*'):\n    judge(each)\n",
    "put together": "for each in glob.glob(os.path.join('runs', 'lora-*')):\n    judge(each)\n",
    "the names": "for name in os.listdir('runs'):\n    judge(os.path.join('runs', name))\n",
    "the newest": "found = list(ROOT.glob('lora-*'))\njudge(max(found, key=os.path.getmtime))\n",
    "the last": "judge(sorted(glob.glob('runs/lora-*'))[-1])\n",
    "one": "judge(next(ROOT.glob('lora-?')))\n",
    "a checkpoint below": "judge(sorted(glob.glob('runs/lora-b/checkpoint-*'))[-1])\n",
    "a list of them": "found = [each for each in ROOT.glob('lora-*')]\nfor each in found:\n"
    "    judge(each)\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_saved_there_is_loaded(small: Small, way: str) -> None:
    small.write(
        {"fit.py": trains("", '"org/a"', "runs/lora-b"), "judge.py": LOADS.format(WAYS[way])}
    )
    small.write({"other.py": trains("", '"org/a"', "old/lora-b")})
    (pair,) = small.asked("pairs")
    assert (pair["train"]["filename"], pair["rule"]) == ("fit.py", "artifact")


@pytest.mark.parametrize(
    "way", ["for each in ROOT.glob('full-*'):\n    judge(each)\n",
            "for each in (ROOT / 'old').iterdir():\n    judge(each)\n",
            "judge(max(1, 2))\n", "judge(next(x for x in sys.argv))\n"],
)  # fmt: skip
def test_what_is_saved_elsewhere_is_not(small: Small, way: str) -> None:
    small.write({"fit.py": trains("", '"org/b"', "runs/lora-b"), "judge.py": LOADS.format(way)})
    assert small.asked("pairs") == []


@pytest.mark.parametrize(("end", "joined"), [("runs/lora-b", True), ("runs/full-b", False)])
def test_of_a_folder_below_a_root_that_is_not_known(small: Small, end: str, joined: bool) -> None:
    train = trains("import os\n", '"org/a"').replace('"out/lora"', f'os.environ["R"] + "/{end}"')
    small.write({"fit.py": train, "judge.py": LOADS.format(WAYS["a glob"])})
    assert [each["rule"] for each in small.asked("pairs")] == (["checkout"] if joined else [])
