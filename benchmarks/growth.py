"""How the time of `check` grows with each thing that a stranger can write a thousand times.

    python benchmarks/growth.py [KIND …] [--least 100]

Each kind is written n, 2n and 4n times and checked without a cache, in one process. Wanted: no
doubling takes more than 2.5 times as long.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 300.0
"""Seconds after which a run counts as endless."""

HEAD = """\
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM as Auto
"""
RECIPE = """\
base_model: org/model
adapter: qlora
load_in_4bit: true
lora_r: 8
sequence_len: 512
micro_batch_size: 1
output_dir: {out}
datasets:
"""

Files = dict[str, str]


def _trained(number: int, out: str) -> str:
    base = f'Auto.from_pretrained("org/m", revision="r{number}")'
    return f'model = get_peft_model({base}, LoraConfig())\nmodel.save_pretrained("{out}")\n'


def _served(number: int, out: str) -> str:
    base = f'Auto.from_pretrained("org/m", revision="s{number}")'
    return f"PeftModel.from_pretrained({base}, {out})\n"


def sides_of_one_folder(n: int) -> Files:
    """So many trainings of one adapter folder, and so many loads of it."""
    return {
        "train.py": HEAD + "".join(_trained(i, "out") for i in range(n)),
        "serve.py": HEAD + "".join(_served(i, '"out"') for i in range(n)),
    }


def scripts_of_one_folder(n: int) -> Files:
    """The same, each in a script of its own."""
    train = {f"train_{i}.py": HEAD + _trained(i, "/data/out") for i in range(n)}
    return train | {f"serve_{i}.py": HEAD + _served(i, '"/data/out"') for i in range(n)}


def scripts_of_one_base(n: int) -> Files:
    """So many trainings on one base, and so many loads of adapters that nobody names."""
    served = "import sys\n" + HEAD
    train = {f"train_{i}.py": HEAD + _trained(i, f"out/{i}") for i in range(n)}
    return train | {f"serve_{i}.py": served + _served(i, "sys.argv[1]") for i in range(n)}


def suppressed(n: int) -> Files:
    """So many findings, each with a comment that hides it."""
    row = 'Auto.from_pretrained("org/m{}")  # loralint: ignore[LOR101]\n'
    return {"a.py": HEAD + "".join(row.format(i) for i in range(n))}


def comments_in_vain(n: int) -> Files:
    """So many comments that hide nothing."""
    return {"a.py": "x = 1  # loralint: ignore[LOR101]\n" * n}


def comments_on_one_statement(n: int) -> Files:
    """So many comments, each on a row of the same call."""
    rows = "".join(f"    x{i}=1,  # loralint: ignore[LOR101]\n" for i in range(n))
    return {"a.py": f'{HEAD}Auto.from_pretrained(\n    "org/m",\n{rows})\n'}


def cells(n: int) -> Files:
    """A notebook of so many cells."""
    sources = [HEAD, *(f'Auto.from_pretrained("org/m{i}")' for i in range(n))]
    listed = [
        {"cell_type": "code", "source": [source], "metadata": {}, "outputs": [],
         "execution_count": None} for source in sources
    ]  # fmt: skip
    document = {"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {"a.ipynb": json.dumps(document)}


def recipes(n: int) -> Files:
    """So many recipes."""
    return {f"a{i}.yaml": f"{RECIPE.format(out=i)}  - path: org/data\n" for i in range(n)}


def values_of_a_recipe(n: int) -> Files:
    """A recipe with so many datasets."""
    return {"a.yaml": RECIPE.format(out="out") + "".join(f"  - path: org/d{i}\n" for i in range(n))}


def commands(n: int) -> Files:
    """A script that so many commands start."""
    script = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--model')\n"
    script += "Auto.from_pretrained(p.parse_args().model)\n"
    runs = "".join(f"python train.py --model org/m{i}\n" for i in range(n))
    return {"train.py": HEAD + script, "run.sh": runs}


def callers(n: int) -> Files:
    """A function that loads, with so many callers."""
    load = "def load(name):\n    return Auto.from_pretrained(name)\n"
    return {"a.py": HEAD + load + "".join(f'load("org/m{i}")\n' for i in range(n))}


def names(n: int) -> Files:
    """A value that goes through so many names."""
    steps = "".join(f"x{i + 1} = x{i}\n" for i in range(n))
    return {"a.py": f'{HEAD}x0 = "org/m"\n{steps}Auto.from_pretrained(x{n})\n'}


def branches(n: int) -> Files:
    """A value that so many branches may change."""
    steps = "".join(f'if f({i}):\n    x = "org/m{i}"\n' for i in range(n))
    return {"a.py": f'{HEAD}x = "org/m"\n{steps}Auto.from_pretrained(x)\n'}


def functions(n: int) -> Files:
    """A value that so many functions hand on, each in two ways."""
    step = "def f{}(x):\n    return f{}(x) if x else f{}(x)\n"
    steps = "".join(step.format(i + 1, i, i) for i in range(n))
    return {"a.py": f"{HEAD}def f0(x):\n    return x\n{steps}Auto.from_pretrained(f{n}('org/m'))\n"}


KINDS: tuple[Callable[[int], Files], ...] = (
    sides_of_one_folder, scripts_of_one_folder, scripts_of_one_base, suppressed, comments_in_vain,
    comments_on_one_statement, cells, recipes, values_of_a_recipe, commands, callers, names,
    branches, functions,
)  # fmt: skip


def seconds(files: Files) -> float:
    """CPU seconds of a check; infinity where it has no end."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "loralint", "check", "--no-cache", "-j", "1", "-q"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        try:
            subprocess.run(
                command, cwd=folder, capture_output=True, check=False, timeout=LIMIT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return float("inf")
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--least", type=int, default=100)
    options = parser.parse_args()
    for kind in KINDS:
        if options.kinds and kind.__name__ not in options.kinds:
            continue
        took = [seconds(kind(options.least * times)) for times in (1, 2, 4)]
        factors = [later / earlier for earlier, later in pairwise(took)]
        shown = "  ".join(f"{each:7.2f} s" for each in took)
        print(f"{kind.__name__:26} {shown}   {max(factors):.2f}", flush=True)


if __name__ == "__main__":
    main()
