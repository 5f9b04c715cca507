"""Commands that Python starts: lists for subprocess, texts for the shell.

What a script is given by them, and what a tool of theirs loads.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

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


# --- what a tool loads ---

HEAD = (
    "import asyncio\nimport os\nimport shlex\nimport subprocess\nimport sys\n\n"
    'import vllm\n\nMODEL = "org/a"\n\n\n'
)

TOOLS = {
    "a list": 'subprocess.run(["vllm", "serve", "org/a", "--port", "8000"])\n',
    "a list with a name": 'subprocess.Popen(["vllm", "serve", MODEL])\n',
    "a list of its own": (
        'def serve():\n    cmd = [\n        "vllm",\n        "serve",\n        MODEL,\n    ]\n'
        '    subprocess.Popen(" ".join(cmd), shell=True)\n'
    ),
    "a module": (
        "def serve(port):\n"
        '    cmd = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", MODEL]\n'
        '    cmd += ["--port", str(port)]\n    subprocess.check_call(cmd)\n'
    ),
    "a flag in one word": (
        'subprocess.run(["python", "-m", "sglang.launch_server", f"--model-path={MODEL}"])\n'
    ),
    "a text": 'os.system("vllm serve org/a --dtype half")\n',
    "a formatted text": 'subprocess.run(f"HF_HOME=/x vllm serve {MODEL}", shell=True)\n',
    "another tool": 'subprocess.run(["huggingface-cli", "download", MODEL])\n',
    "a text that is cut": 'subprocess.run(shlex.split("vllm serve org/a --port 8000"))\n',
    "a text that cuts itself": 'subprocess.run("vllm serve org/a".split())\n',
    "a formatted text that is cut": 'subprocess.run(shlex.split(f"vllm serve {MODEL}"))\n',
    "a text that is put together": 'subprocess.run("vllm serve " + MODEL, shell=True)\n',
    "a text with a name": 'LINE = f"vllm serve {MODEL}"\nsubprocess.run(LINE, shell=True)\n',
    "a tuple": 'subprocess.run(("vllm", "serve", MODEL))\n',
    "a keyword": 'subprocess.run(args=["vllm", "serve", MODEL], check=True)\n',
    "a shell in a list": 'subprocess.run(["bash", "-lc", f"vllm serve {MODEL}"])\n',
    "words as arguments": (
        "async def go():\n"
        '    await asyncio.create_subprocess_exec("vllm", "serve", MODEL, stdout=None)\n'
    ),
    "a list as arguments": (
        'async def go():\n    cmd = ["vllm", "serve", MODEL]\n'
        "    await asyncio.create_subprocess_exec(*cmd)\n"
    ),
    "a program that takes the place": 'os.execlp("vllm", "vllm", "serve", MODEL)\n',
    "a list that takes the place": 'os.execvp("vllm", ["vllm", "serve", MODEL])\n',
    "a session": 'session.run("vllm", "serve", "org/a")\n',
    "an image": 'image = modal.Image.debian_slim().run_commands("hf download org/a", gpu="T4")\n',
    "an image of a function": (
        '@app.function(image=image.run_commands(["hf download org/a"]))\ndef go():\n    pass\n'
    ),
    "a function of Modal": (
        "@app.function(gpu=GPU)\n@modal.web_server(8000)\ndef serve():\n"
        '    cmd = ["vllm", "serve", "--uvicorn-log-level=info", MODEL]\n'
        '    cmd += ["--enforce-eager" if FAST else "--no-enforce-eager"]\n'
        '    cmd += ["--tensor-parallel-size", str(N)]\n'
        '    subprocess.Popen(" ".join(cmd), shell=True)\n'
    ),
    "a list that others begin with": (
        'BASE = ["vllm", "serve", MODEL]\n\ndef serve():\n'
        '    subprocess.run([*BASE, "--port", "8000"])\n'
    ),
    "a list that is printed": (
        'cmd = ["vllm", "serve", MODEL]\nprint("$", *cmd)\nsubprocess.run(cmd)\n'
    ),
    "another list that grows": (
        'cmd = ["vllm", "serve", MODEL]\nsubprocess.run(cmd)\ncmd = ["ls"]\n'
        'cmd += ["--revision", "v1"]\nsubprocess.run(cmd)\n'
    ),
    "a default in the environment": (
        'FOUND = os.environ.get("MODEL", "org/a")\nsubprocess.run(["vllm", "serve", FOUND])\n'
    ),
    "a parameter's default": (
        'def serve(model="org/a"):\n    subprocess.run(["vllm", "serve", model])\n'
    ),
}


@pytest.mark.parametrize("case", table(TOOLS))
def test_what_a_started_tool_loads(small: Small, case: str) -> None:
    small.write({"serve.py": HEAD + TOOLS[case]})
    assert small.ids() == ["org/a"]
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]


PINNED = {
    "in the list": '["vllm", "serve", "org/a", "--revision", "v1"]',
    "added": '["vllm", "serve", "org/a"]\ncmd += ["--revision", "v1"]',
    "extended": '["vllm", "serve", "org/a"]\ncmd.extend(["--revision", sys.argv[1]])',
    "added where it is given": (
        '["vllm", "serve", "org/a"]\nif sys.argv[1:]:\n    cmd += ["--revision", sys.argv[1]]'
    ),
    "appended": '["vllm", "serve", "org/a"]\ncmd.append("--revision=v1")',
    "put at a place": '["vllm", "serve", "org/a"]\ncmd[3:3] = ["--revision", "v1"]',
    "made anew": '["vllm", "serve", "org/a"]\ncmd = cmd + ["--revision", "v1"]',
    "made anew behind another": '["vllm", "serve", "org/a"]\ncmd = ["time", *cmd, "--revision=v1"]',
    "added from a name": '["vllm", "serve", "org/a"]\nmore = ["--revision", "v1"]\ncmd += more',
    "added from somewhere": '["vllm", "serve", "org/a"]\ncmd += sys.argv[1:]',
    "put together": '["vllm", "serve", "org/a"] + ["--revision", "v1"]',
    "put together with more": '["vllm", "serve", "org/a"] + sys.argv[1:]',
    "on a condition": '["vllm", "serve", "org/a", *(["--revision", REV] if REV else [])]',
    "one of two": '["vllm", "serve", "org/a"] if REV else ["vllm", "serve", "org/a"]\ncmd += REV',
    "by a function": (
        '["vllm", "serve", "org/a"]\n\ndef pin(it):\n    it.extend(["--revision", REV])\n\npin(cmd)'
    ),
    "by another function": (
        '["vllm", "serve", "org/a"]\n\ndef pin():\n    cmd.extend(["--revision", REV])\n\npin()'
    ),
    "by what is imported": '["vllm", "serve", "org/a"]\ncmd = pinned(cmd)',
    "by the caller": (
        '0\n\ndef made():\n    return ["vllm", "serve", "org/a"]\n\n'
        'cmd = [*made(), "--revision", "v1"]'
    ),
    "by a method": (
        "0\n\nclass Server:\n    def __init__(self):\n"
        '        self.cmd = ["vllm", "serve", "org/a"]\n\n'
        '    def pin(self):\n        self.cmd += ["--revision", REV]\n'
    ),
    "a part": '["vllm", "serve", "org/a"]\nsubprocess.run([*cmd, "--revision", "v1"])\ncmd = 0',
    "arguments": (
        '["vllm", "serve", "org/a"]\n'
        'asyncio.create_subprocess_exec(*cmd, "--revision", "v1")\ncmd = 0'
    ),
    "a text": '["vllm", "serve", "org/a"]\ncmd = " ".join(cmd) + " --revision v1"',
    "a formatted text": '["vllm", "serve", "org/a"]\ncmd = f"{\' \'.join(cmd)} {REV}"',
    "a cut text": 'shlex.split("vllm serve org/a")\ncmd += ["--revision", "v1"]',
    "a cut text with more": 'f"vllm serve org/a {REV}".split()',
    "a text for the shell": 'os.system(f"vllm serve org/a {REV}")',
    "a variable": '["vllm", "serve", "org/a"]\nsubprocess.run(cmd, env={"HF_HUB_OFFLINE": "1"})',
    "more words": '["vllm", "serve", "org/a", *sys.argv[1:]]',
    "more words at the end": '["vllm", "serve", "org/a"]\ncmd += ["--port", "1", *sys.argv[1:]]',
}


@pytest.mark.parametrize("case", table(PINNED))
def test_what_may_be_pinned_is_silent(small: Small, case: str) -> None:
    small.write({"serve.py": f"{HEAD}cmd = {PINNED[case]}\nsubprocess.run(cmd)\n"})
    assert set(map(str, small.ids())) == {"org/a"}
    assert small.findings("LOR101") == []


BASE_OPTION = (
    "import argparse\n\nfrom transformers import AutoModel\n\n"
    'parser = argparse.ArgumentParser()\nparser.add_argument("--base", required=True)\n'
    "AutoModel.from_pretrained(parser.parse_args().base)\n"
)
RUNS = {
    "an interpreter": '[sys.executable, "train.py", "--base", "org/a"]',
    "a launcher": '["accelerate", "launch", "--num_processes", "2", "train.py", "--base", MODEL]',
    "a folder": '["python", "train.py", "--base", MODEL], cwd="code"',
    "torchrun": '["torchrun", "--nproc_per_node=4", "train.py", f"--base={MODEL}"]',
}


@pytest.mark.parametrize("case", table(RUNS))
def test_what_a_launched_script_is_given(small: Small, case: str) -> None:
    script = "code/train.py" if "cwd" in RUNS[case] else "train.py"
    small.write({"run.py": f"{HEAD}subprocess.run({RUNS[case]})\n", script: BASE_OPTION})
    assert small.ids(script) == ["org/a"]


NO_COMMANDS = {
    "words of another list": 'names = ["serve", "org/a"]\nsubprocess.run(names)\n',
    "a list of names": 'names = ["vllm", "torch", "org/a"]\nsubprocess.run(["ls"])\n',
    "words of prose": 'names = ["python", "torch", "vllm serve org/a"]\n',
    "a text that nobody runs": 'print("vllm serve org/a")\n',
    "a quoted value": "os.system(f\"vllm serve '{REV}'\")\n",
    "an escaped value": 'os.system(f"vllm serve \\\\{REV}")\n',
    "a sum": 'N = 1\nsubprocess.run(["vllm", "serve", N + 1])\n',
    "a parameter that is bound": (
        'def serve(model="org/a"):\n    model = sys.argv[1]\n'
        '    subprocess.run(["vllm", "serve", model])\n'
    ),
    "a name of a loop": 'for M in sys.argv:\n    subprocess.run(["vllm", "serve", M])\n',
    "a name that another function binds": (
        'M = "org/a"\n\ndef one():\n    global M\n    M = sys.argv[1]\n\n'
        'def other():\n    subprocess.run(["vllm", "serve", M])\n'
    ),
    "what is not known": 'subprocess.run(["vllm", "serve", sys.argv[1]])\n',
    "a name that is bound twice": (
        'def serve():\n    model = "org/a"\n    model = sys.argv[1]\n'
        '    subprocess.run(["vllm", "serve", model])\n'
    ),
}


@pytest.mark.parametrize("case", table(NO_COMMANDS))
def test_other_lists_load_nothing(small: Small, case: str) -> None:
    small.write({"serve.py": HEAD + NO_COMMANDS[case]})
    assert small.findings("LOR101") == []


def test_a_cell_of_a_notebook(small: Small) -> None:
    small.write(
        {
            "serve.ipynb": (
                '{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": '
                '["import subprocess, vllm\\n"]}, {"cell_type": "code", "metadata": {}, '
                '"outputs": [], "source": ["x = 1\\n", "subprocess.run([\\n", "    \\"vllm\\",\\n",'
                ' "    \\"serve\\",\\n", "    \\"org/a\\",\\n", "])\\n"]}], "metadata": {}, '
                '"nbformat": 4, "nbformat_minor": 5}'
            )
        }
    )
    (found,) = small.findings("LOR101")
    assert (found["cell"], found["location"]["row"]) == (2, 3)  # where the program is named
