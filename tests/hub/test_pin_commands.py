"""`loralint pin` in command lines, wherever they stand: one more flag, or another value of one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hub.cache import FakeCache
from tests.markdown_pages import notebook

A, B = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")


@pytest.fixture
def cache(local: FakeCache) -> FakeCache:
    local.add("org/a", A, "main")
    local.add("org/b", B, "main")
    return local


def workflow(step: str) -> tuple[str, str]:
    head = "on: push\njobs:\n  serve:\n    runs-on: ubuntu-latest\n    steps:\n"
    return ".github/workflows/serve.yml", f"{head}{step}\n"


def compose(service: str) -> tuple[str, str]:
    head = "services:\n  serve:\n    image: vllm/vllm-openai:v0.11.0\n    ports: ['80:8000']\n"
    return "compose.yaml", f"{head}{service}\n"


FLAG = {
    "a script": ("x.sh", "vllm serve org/a+ --port 1\n"),
    "quotes": ("x.sh", "vllm serve 'org/a'+\n"),
    "a row that goes on": (
        "x.sh",
        "python -m vllm.entrypoints.openai.api_server \\\n  --model=org/a+ \\\n  --port 1\n",
    ),
    "a program without a suffix": ("serve", "#!/bin/sh\nvllm serve org/a+\n"),
    "in brackets": ("x.sh", "(cd x; vllm serve org/a+)\n"),
    "make": (
        "Makefile",
        "MODEL = org/a\n\nserve: venv\n\t@. venv/bin/activate; \\\n"
        '\tvllm serve $(MODEL)+ --port "$$PORT"\n',
    ),
    "docker": (
        "Dockerfile",
        "FROM python:3.11\nRUN --mount=type=cache,target=/root \\\n    # the weights\n"
        "    hf download org/a+ \\\n    && rm -r /x\n",
    ),
    "a workflow's block": workflow(
        "      - run: |\n          pip install vllm\n          vllm serve org/a+  # ours\n"
        "        env:\n          X: y"
    ),
    "a workflow's row": workflow("      - run: vllm serve org/a+ --port '${{ env.PORT }}' # ours"),
    "a workflow's row in quotes": workflow(
        '      - {run: "vllm serve org/a+", shell: bash}'
    ),
    "a workflow's folded text": workflow(
        "      - run: >-\n          vllm serve\n          org/a+\n          --port 1"
    ),
    "compose": compose("    command: --model org/a+ --port 1"),
}  # fmt: skip
"""Where the flag goes, as a plus."""

NOTED = frozenset(
    {
        "a script",
        "quotes",
        "a program without a suffix",
        "in brackets",
        "make",
        "a workflow's block",
    }
)
"""Where a comment of the shell can stand behind it; a folded text and YAML's own rows have none."""

ITEM = {
    "docker": ("Dockerfile", 'FROM x\nCMD ["vllm", "serve", "org/a"+, "--port", "1"]\n'),
    "docker, arguments of an entrypoint": (
        "Dockerfile",
        'FROM x\nENTRYPOINT ["vllm", "serve"]\nCMD ["org/a"+, "--port", "1"]\n',
    ),
    "docker, an entrypoint with arguments elsewhere": (
        "Dockerfile",
        'FROM x\nENTRYPOINT ["vllm", "serve", "org/a"+]\nCMD '
        "                             --port 1\n",
    ),
    "docker, an image's": (
        "Dockerfile",
        'FROM vllm/vllm-openai:v0.11.0\nCMD ["--model", "org/a"+]\n',
    ),
    "compose": compose('    command: ["--model", "org/a"+, "--port", "1"]'),
    "compose, without quotes": compose("    command: [--model, org/a+, --port, '1']"),
}


NOTE = "  # main, 2026-11-24"


def pinned(project: Path, run, name: str, text: str, note: str = "") -> str:
    """The file as it is pinned, without the note, of which there is to be one or none."""
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    result = run("pin")
    assert result.exit_code == 0, result.output
    new = path.read_text(encoding="utf-8")
    assert run("pin", "--check").exit_code == 0, "a second run changes nothing"
    found = run("check", "--select", "LOR101,LOR102,LOR103,LOR104", "--output-format", "concise")
    assert found.exit_code == 0, found.output
    assert new.count(NOTE) == (1 if note else 0)
    return new.replace(NOTE, "")


@pytest.mark.parametrize("shape", FLAG)
def test_a_flag(project, cache, run, shape: str) -> None:
    name, text = FLAG[shape]
    new = pinned(project, run, name, text.replace("+", ""), note=shape in NOTED)
    assert new == text.replace("+", f" --revision {A}")


@pytest.mark.parametrize("shape", ITEM)
def test_an_item_of_a_list(project, cache, run, shape: str) -> None:
    name, text = ITEM[shape]
    new = pinned(project, run, name, text.replace("+", ""))
    assert new == text.replace("+", f', "--revision={A}"')


def test_an_item_on_a_row_of_its_own(project, cache, run) -> None:
    name, text = compose("    command:\n      - --model\n      - org/a+\n      - --port=1")
    new = pinned(project, run, name, text.replace("+", ""))
    assert new == text.replace("+", f"\n      - --revision={A}")


@pytest.mark.parametrize("shape", FLAG)
def test_a_branch_that_is_named(project, cache, run, shape: str) -> None:
    name, text = FLAG[shape]
    new = pinned(project, run, name, text.replace("+", " --revision main"), note=shape in NOTED)
    assert new == text.replace("+", f" --revision {A}")


NOTED_CELL = re.compile(r"^ *![^\\]*$", re.MULTILINE)


@pytest.mark.parametrize(
    "cells",
    [
        ["!pip install vllm\n", "import os\n!vllm serve org/a+ --port '{os.PORT}'\nx = 1\n"],
        ["%%bash\ncd x\nvllm serve org/a+ \\\n  --port 1\n", "print(1)"],
        ["if True:\n    !vllm serve \\\n      org/a+ \\\n      --port 1\n"],
        ['model = "org/a"\n', "!vllm serve {model}+ --port 1"],
        ["port = 1\n", "!vllm serve --port '{port}' --model-x '{port}' org/a+"],
        ["done = !hf download org/a+ -q\n"],
    ],
)
def test_a_notebook(project, cache, run, cells: list[str]) -> None:
    plain, named, after = (
        notebook(*(cell.replace("+", with_) for cell in cells))
        for with_ in ("", " --revision main", f" --revision {A}")
    )
    for before in (plain, named):
        new = pinned(project, run, "x.ipynb", before, note=NOTED_CELL.search("".join(cells)))
        assert new == after


SCRIPT = """\
import argparse

from transformers import AutoModel, AutoTokenizer

p = argparse.ArgumentParser()
p.add_argument("--rev", {})
args = p.parse_args()
model = AutoModel.from_pretrained("org/a", revision=args.rev)
tokenizer = AutoTokenizer.from_pretrained("{}", revision=args.rev)
"""
RUN = "python train.py --epochs 1 --rev {}\n"


def given(write, run, default: str = "required=True", tokenizer: str = "org/a", **more: str) -> str:
    """What `pin` says of a script whose flag a notebook and a Makefile give."""
    cells = notebook("!" + RUN.format("main"), "%run train.py --rev=main\n")
    makefile = "train:\n\t" + RUN.format(more.get("make", "main"))
    script = SCRIPT.format(default, tokenizer)
    write({"train.py": script, "x.ipynb": cells, "Makefile": makefile})
    result = run("pin")
    assert run("pin", "--check").exit_code == result.exit_code
    return result.output


def test_the_flags_of_a_script(project, cache, run, write) -> None:
    """What runs it gives is changed where it is given: in each of the commands."""
    given(write, run)
    assert (project / "x.ipynb").read_text().count(A) == 2
    assert (project / "Makefile").read_text() == "train:\n\t" + RUN.format(A + NOTE)
    assert run("inventory", "train.py").output.count(A) == 2


def test_a_default_that_says_the_same_goes_with_them(project, cache, run, write) -> None:
    given(write, run, 'default="main"')
    assert (project / "x.ipynb").read_text().count(A) == 2
    assert f'default="{A}"' in (project / "train.py").read_text()


def test_a_default_that_says_something_else_stays(project, cache, run, write) -> None:
    given(write, run, 'default="v1"')
    assert (project / "x.ipynb").read_text().count(A) == 2
    assert 'default="v1"' in (project / "train.py").read_text()


def test_a_flag_that_is_put_together_elsewhere_is_left(project, cache, run, write) -> None:
    write({"x.sh": 'REV=main\npython train.py --rev "$REV"\n'})
    assert "no place in the code" in given(write, run)
    assert A not in (project / "x.ipynb").read_text()


def test_a_magic_gets_no_comment(project, cache, run, write) -> None:
    """IPython would hand it to the script, as arguments."""
    cell = notebook("%run train.py --rev=main\n")
    write({"train.py": SCRIPT.format("required=True", "org/a"), "x.ipynb": cell})
    assert run("pin").exit_code == 0
    assert (project / "x.ipynb").read_text() == notebook(f"%run train.py --rev={A}\n")


def test_flags_that_disagree_are_left(project, cache, run, write) -> None:
    assert "more than one revision" in given(write, run, make=B)
    assert A not in (project / "x.ipynb").read_text()


def test_a_flag_for_two_repositories_is_left(project, cache, run, write) -> None:
    assert "no place in the code" in given(write, run, tokenizer="org/b")
    assert A not in (project / "x.ipynb").read_text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.sh", "bash -c 'vllm serve org/a'\n"),
        ("x.sh", 'ARGS=(serve org/a)\nvllm "${ARGS[@]}"\n'),
        ("Dockerfile", "FROM x\nRUN bash -c 'vllm serve org/a'\n"),
        workflow("      - run: vllm serve\n          org/a"),
    ],
)
def test_what_has_no_place_is_left(project, cache, run, name: str, text: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    result = run("pin")
    assert path.read_text(encoding="utf-8") == text
    assert "no place in the code" in result.output, result.output


# --- lm_eval ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "lm_eval --model hf --model_args pretrained=org/a+,dtype=auto --tasks x\n",
        'lm_eval --model hf --tasks x --model_args "dtype=auto,pretrained=org/a+"\n',
        "accelerate launch -m lm_eval --model vllm --model_args=pretrained=org/a+ --tasks x\n",
        "M=org/a\nlm_eval --model hf --model_args pretrained=$M+,peft=out/lora\n",
    ],
)
def test_inside_the_arguments_of_lm_eval(project, cache, run, text: str) -> None:
    for before in ("", ",revision=main"):
        new = pinned(project, run, "x.sh", text.replace("+", before), note="yes")
        assert new == text.replace("+", f",revision={A}")


def test_one_revision_of_lm_eval_for_two_repositories(project, cache, run, write) -> None:
    text = "lm_eval --model hf --model_args pretrained=org/a,peft=org/b --tasks x\n"
    write({"x.sh": text})
    run("pin")
    assert (project / "x.sh").read_text() == text
