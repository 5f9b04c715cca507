"""Commands that Python starts: what a tool of theirs loads, and what they give a script."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = 'import os\nimport subprocess\nimport sys\n\nimport vllm\n\nMODEL = "org/a"\n\n\n'

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
    "more words": '["vllm", "serve", "org/a", *sys.argv[1:]]',
    "more words at the end": '["vllm", "serve", "org/a"]\ncmd += ["--port", "1", *sys.argv[1:]]',
}


@pytest.mark.parametrize("case", table(PINNED))
def test_what_may_be_pinned_is_silent(small: Small, case: str) -> None:
    small.write({"serve.py": f"{HEAD}cmd = {PINNED[case]}\nsubprocess.run(cmd)\n"})
    assert small.ids() == ["org/a"]
    assert small.findings("LOR101") == []


SCRIPT = (
    "import argparse\n\nfrom transformers import AutoModel\n\n"
    'parser = argparse.ArgumentParser()\nparser.add_argument("--base", required=True)\n'
    "AutoModel.from_pretrained(parser.parse_args().base)\n"
)
RUNS = {
    "an interpreter": '[sys.executable, "train.py", "--base", "org/a"]',
    "a launcher": '["accelerate", "launch", "--num_processes", "2", "train.py", "--base", MODEL]',
    "torchrun": '["torchrun", "--nproc_per_node=4", "train.py", f"--base={MODEL}"]',
}


@pytest.mark.parametrize("case", table(RUNS))
def test_what_a_started_script_is_given(small: Small, case: str) -> None:
    small.write({"run.py": f"{HEAD}subprocess.run({RUNS[case]})\n", "train.py": SCRIPT})
    assert small.ids("train.py") == ["org/a"]


NO_COMMANDS = {
    "words of another list": 'names = ["serve", "org/a"]\nsubprocess.run(names)\n',
    "a list of names": 'names = ["vllm", "torch", "org/a"]\nsubprocess.run(["ls"])\n',
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
    assert (found["cell"], found["location"]["row"]) == (2, 3)
