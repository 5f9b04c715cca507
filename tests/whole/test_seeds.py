"""The same bytes whatever the seed of Python's hashes is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.whole.running import Small

SCRIPT = """\
import argparse

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="org/a")
parser.add_argument("--rev")
parser.add_argument("--lora", default="out/lora")
args = parser.parse_args()
base = AutoModelForCausalLM.from_pretrained(args.model, revision=args.rev)
"""
TRAIN = (
    SCRIPT
    + """\
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model=model).train()
model.save_pretrained(args.lora)
"""
)
SERVE = SCRIPT + "PeftModel.from_pretrained(base, args.lora).generate()\n"


def notebook(*cells: str) -> str:
    """A notebook with these cells of code."""
    listed = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [],
         "execution_count": None}
        for text in cells
    ]  # fmt: skip
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


FILES = {
    "train/train.py": TRAIN,
    "train/other.py": TRAIN.replace("org/a", "org/b"),
    "serve/serve.py": SERVE,
    "a.ipynb": notebook(
        "!python train/train.py --model org/a --rev v1 --lora out/one",
        "!python serve/serve.py --lora out/one --model org/a",
    ),
    "b.ipynb": notebook(
        "%cd train",
        "!python train.py --model org/b --rev v2 --lora out/two",
        "!python other.py --lora ../out/two",
        "%cd ../serve",
        "!python serve.py --lora ../train/out/two --model org/b",
    ),
    "c/run.sh": "cd ../train && python train.py --model org/c --lora out/three\n"
    "cd ../serve && python serve.py --lora ../train/out/three\n",
}


def test_no_answer_hangs_on_the_seed(small: Small) -> None:
    small.write(FILES)
    answers: set[bytes] = set()
    for seed in ("0", "1", "7", "42"):
        for command in (("check", "--strict"), ("pairs",)):
            run = subprocess.run(
                [sys.executable, "-m", "loralint", *command, "--isolated", "--no-cache",
                 "--output-format", "json", "."],
                env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False,
                timeout=60,
            )  # fmt: skip
            assert run.returncode in (0, 1), run.stderr
            answers.add(b" ".join((command[0].encode(), run.stdout)))
    assert len(answers) == 2
