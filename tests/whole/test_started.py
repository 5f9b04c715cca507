"""Commands that Python starts: lists for subprocess, texts for the shell."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small

Files = Mapping[str, str]
OPTION = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--out", default="out/test")
parser.add_argument("--model", default="org/small")
args = parser.parse_args()
"""
TRAIN = trains(OPTION, "args.model").replace('"out/lora"', "args.out")

STARTS = {
    "a list": 'import subprocess, sys\n\nsubprocess.run([sys.executable, "code/train.py", "--out", '
    '"out/full", "--model", "org/large"], check=True)\n',
    "a list that a helper is handed": """\
import sys
from tools import step

OUT = "out/full"
LARGE = "org/large"

def main():
    command = [
        sys.executable,
        "code/train.py",
        "--model",
        LARGE,
        f"--out={OUT}",
    ]
    step(command)
""",
    "a launcher": 'import subprocess\n\nsubprocess.check_call(["accelerate", "launch", '
    '"code/train.py", "--model=org/large", "--out", "out/full"])\n',
    "lists put together": 'import subprocess, sys\n\nsubprocess.Popen([sys.executable] + '
    '["code/train.py", "--model", "org/large", "--out", "out/full"])\n',
    "below a folder that code finds": """\
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent
subprocess.run(["python3", str(ROOT / "code" / "train.py"), "--model", "org/large",
                "--out", "out/full", *os.environ.get("MORE", "").split()])
""",
    "a text": 'import os\n\nos.system("python code/train.py --model org/large --out out/full")\n',
    "a text with a value": 'import subprocess\n\nM = "org/large"\nsubprocess.run(f"python '
    'code/train.py --model {M} --out out/full", shell=True)\n',
}  # fmt: skip


@pytest.mark.parametrize("case", STARTS)
def test_what_a_script_is_given(small: Small, case: str) -> None:
    small.write({"start.py": STARTS[case], "code/train.py": TRAIN})
    small.write({"serve.py": serves("", '"org/large"', "out/full")})
    (pair,) = small.asked("pairs")
    assert pair["train"]["repo_id"]["values"] == ["org/large"]
    assert pair["adapter"]["repo_id"]["values"] == ["out/full"]
    assert pair["rule"] == "artifact"


@pytest.mark.parametrize("value", ["model", "os.environ['M']", "f'org/{size}'"])
def test_what_code_gives_hides_no_default(small: Small, value: str) -> None:
    start = "import os, subprocess, sys\n\ndef go(model, size):\n    subprocess.run(" \
        f'[sys.executable, "code/train.py", "--model", {value}])\n'  # fmt: skip
    small.write({"start.py": start, "code/train.py": TRAIN})
    assert small.ids("code/train.py") == ["org/small"]


@pytest.mark.parametrize("path", ["tests/test_train.py", "code/test_it.py"])
def test_what_a_test_starts_nobody_else_does(small: Small, path: str) -> None:
    small.write({path: STARTS["a list"], "code/train.py": TRAIN})
    assert small.ids("code/train.py") == ["org/small"]


@pytest.mark.parametrize(
    "words",
    ['["train.py", "code/train.py", "--model", "org/large"]', '["python", "--model", "org/large"]',
     '("echo code/train.py --model org/large")', '["cp", "code/train.py", "--model", "org/large"]'],
)  # fmt: skip
def test_what_is_no_command(small: Small, words: str) -> None:
    small.write({"start.py": f"import subprocess\n\nx = {words}\nsubprocess.run(x)\n"})
    small.write({"code/train.py": TRAIN})
    assert small.ids("code/train.py") == ["org/small"]


SERVER = """\
import subprocess

ROOT = "/vol/runs"
command = [
    "vllm", "serve",
    "org/a",
    "--enable-lora",
    "--lora-modules",
    f"mine={ROOT}/first/adapter",
]
command += ["--port", "8000"]
subprocess.Popen(command)
"""


def test_a_server_loads_what_it_is_told(small: Small) -> None:
    train = trains("", '"org/a"', "/vol/runs/first/adapter")
    small.write({"train.py": train, "serve.py": SERVER})
    (pair,) = small.asked("pairs")
    assert pair["infer"]["filename"] == "serve.py"
    assert pair["infer"]["location"]["row"] == 5
    assert ("LOR101", "serve.py", 5) in small.found()


def test_a_comment_in_the_list_silences_what_it_loads(small: Small) -> None:
    small.write({"serve.py": SERVER.replace('"org/a",', '"org/a",  # loralint: ignore[LOR101]')})
    assert small.found("LOR101", "LOR002") == []


def test_a_pinned_server_is_silent(small: Small) -> None:
    pinned = SERVER.replace('"--enable-lora"', f'"--enable-lora", "--revision", "{"a" * 40}"')
    small.write({"serve.py": pinned})
    assert small.found("LOR101", "LOR102", "LOR103") == []
