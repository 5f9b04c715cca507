"""Limits at their edge: at them all is found, one above nothing is judged, and that is said.

The numbers are those of today. Whoever moves one moves it here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.markdown_pages import notebook
from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

Files = Mapping[str, str]
PLAIN = ("--isolated", "--no-cache")
AUTO = "from transformers import AutoModelForCausalLM\n\n"
SCRIPT = (
    "import argparse\n\nfrom transformers import AutoModelForCausalLM\n\n"
    "parser = argparse.ArgumentParser()\n"
    'parser.add_argument("--model", required=True)\nparser.add_argument("--rev")\n'
    "args = parser.parse_args()\n"
    "AutoModelForCausalLM.from_pretrained(args.model, revision=args.rev)\n"
)
LOADS_CFG = (
    'from transformers import AutoModel\n\nAutoModel.from_pretrained(cfg["model"], '
    'revision=cfg["rev"])\n'
)
RECIPE = (
    "base_model: {}\nadapter: lora\nlora_r: 8\nsequence_len: 2048\nmicro_batch_size: 1\n"
    "output_dir: out/a\n"
)
LOCK = (
    f'version = 1\n\n[[artifact]]\nid = "org/a"\ncommit = "{"a" * 40}"\nref = "main"\n'
    'kind = "base-model"\n'
)


def padded(text: str, length: int, comment: str = "#") -> str:
    """The text with a comment at its end that makes it so long."""
    return f"{text}{comment}".ljust(length - 1) + "x"


def callers(count: int) -> Files:
    """A function that so many calls give one id."""
    body = "def base_of(name):\n    AutoModelForCausalLM.from_pretrained(name)\n\n\n"
    return {"main.py": AUTO + body + 'base_of("org/a")\n' * count}


def different_callers(count: int) -> Files:
    """A function that so many calls give an id each."""
    calls = "".join(f'base_of("org/a{number}")\n' for number in range(count))
    body = "def base_of(name):\n    AutoModelForCausalLM.from_pretrained(name)\n\n\n"
    return {"main.py": AUTO + body + calls}


def terms(count: int) -> Files:
    """A text of parts, and each part a text of fifty calls."""
    leaves, rows = "{leaf(x)}" * 50, "{row(x)}" * count
    return {
        "main.py": f"{AUTO}def leaf(x):\n    return x\n\n\n"
        f'def row(x):\n    return f"{leaves}"\n\n\ndef every(x):\n    return f"{rows}"\n\n\n'
        'AutoModelForCausalLM.from_pretrained("org/a" + every(""))\n'
    }


def scripts_command(count: int) -> Files:
    """A command that runs a script, after others."""
    command = "python train.py --model org/a --rev v1\n"
    return {"train.py": SCRIPT, "run.sh": "ls\n" * (count - 1) + command}


def tools_command(count: int) -> Files:
    return {"run.sh": "ls\n" * (count - 1) + "vllm serve org/a\n", "x.py": ""}


def shell_text(length: int) -> Files:
    return {"run.sh": padded("vllm serve org/a\n", length), "x.py": ""}


def shell_value(length: int) -> Files:
    """A command with a revision that is put together of two variables."""
    variables = f"A={'x' * (length // 2)}\nB={'y' * (length - length // 2)}\n"
    return {"run.sh": f'{variables}vllm serve org/a --revision "$A$B"\n'}


def make_row(length: int) -> Files:
    return {"Makefile": f"serve:\n{padded(chr(9) + 'vllm serve org/a ', length)}\n", "x.py": ""}


def interpolations(count: int) -> Files:
    chain = "".join(f"a{number}: ${{a{number + 1}}}\n" for number in range(1, count))
    return {"recipe.yml": f"{RECIPE.format('${a1}')}{chain}a{count}: org/a\n"}


def recipe_text(length: int) -> Files:
    return {"recipe.yml": padded(RECIPE.format("org/a"), length), "x.py": ""}


def json_text(length: int) -> Files:
    head = 'import json\n\ncfg = json.load(open("c.json"))\n'
    text = '{"model": "org/a", "rev": "v1"}'
    return {"main.py": head + LOADS_CFG, "c.json": text.ljust(length)}


def toml_text(length: int) -> Files:
    head = 'import tomllib\n\nwith open("c.toml", "rb") as file:\n    cfg = tomllib.load(file)\n'
    text = 'model = "org/a"\nrev = "v1"\n'
    return {"main.py": head + LOADS_CFG, "c.toml": padded(text, length)}


def dotenv_text(length: int) -> Files:
    head = "import os\n\nfrom dotenv import load_dotenv\n\nload_dotenv()\ncfg = os.environ\n"
    return {"main.py": head + LOADS_CFG, ".env": padded("model=org/a\nrev=v1\n", length)}


def cell_text(length: int) -> Files:
    cell = 'from transformers import AutoModel\nAutoModel.from_pretrained("org/a")\n'
    return {"main.ipynb": notebook(padded(cell, length))}


@dataclass(frozen=True)
class Limit:
    """What is made so large, and the largest that is read; `above` is what certainly is not."""

    make: Callable[[int], Files]
    largest: int
    above: int = 0
    ids: int = 1

    def too_large(self) -> Files:
        return self.make(self.above or self.largest + 1)


LIMITS = {
    "calls of a function": Limit(callers, 24),
    "different calls of a function": Limit(different_callers, 24, ids=24),
    "terms of a question": Limit(terms, 35, 40),
    "commands before a script's": Limit(scripts_command, 2_000),
    "commands before a tool's": Limit(tools_command, 2_000),
    "a shell script": Limit(shell_text, 60_000),
    "a value in the shell": Limit(shell_value, 10_000),
    "a row of a Makefile": Limit(make_row, 10_000),
    "interpolations of a recipe": Limit(interpolations, 8),
    "a recipe": Limit(recipe_text, 200_000),
    "JSON": Limit(json_text, 1_000_000),
    "TOML": Limit(toml_text, 1_000_000),
    ".env": Limit(dotenv_text, 1_000_000),
    "a cell": Limit(cell_text, 1_000_000),
}


def ids_of(small: Small) -> list[str]:
    """All repo ids that are known."""
    return [each for load in small.inventory() for each in load["repo_id"]["values"]]


@pytest.mark.parametrize("case", table(LIMITS))
def test_at_the_limit_all_is_found(small: Small, case: str) -> None:
    limit = LIMITS[case]
    small.write(limit.make(limit.largest))
    found = ids_of(small)
    assert len(found) == limit.ids
    assert all(each.startswith("org/a") for each in found)
    assert {code for code, *_ in small.found()} & {"LOR101", "LOR103"}


@pytest.mark.parametrize("case", table(LIMITS))
def test_above_it_nothing_is_judged(small: Small, case: str) -> None:
    limit = LIMITS[case]
    small.write(limit.too_large())
    assert ids_of(small) == (["org/a"] if limit.make is shell_value else [])
    assert {code for code, *_ in small.found()} <= {"LOR001", "LOR111"}


@pytest.mark.parametrize("case", table(LIMITS))
def test_above_it_that_is_said(small: Small, case: str) -> None:
    limit = LIMITS[case]
    small.write(limit.too_large())
    result = small.run("check", "--strict", *PLAIN)
    said = "not decided" in result.output or "LOR001" in result.output
    assert said, result.output


# --- what is not a load alone --------------------------------------------------------------------


def test_a_question_that_was_too_much_spoils_no_other(small: Small) -> None:
    (text,) = terms(40).values()
    load = 'AutoModelForCausalLM.from_pretrained("org/{}" + row(""))\n'
    before, after = load.format("before"), load.format("after")
    head, _, tail = text.partition("AutoModelForCausalLM.from")
    assert not tail.count("def ")
    small.write({"main.py": f"{head}{before}AutoModelForCausalLM.from{tail}{after}"})
    assert small.ids() == ["org/before", "? too involved to follow", "org/after"]
    small.write({"main.py": f"{head}AutoModelForCausalLM.from{tail}{after}{before}"})
    assert small.ids() == ["? too involved to follow", "org/after", "org/before"]


LATER = {
    "a parameter": "def both(name):\n    {0}(every('') + name)\n    {0}(name)\n\n\nboth({1})\n",
    "a field": (
        "class Both:\n    def __init__(self, name):\n        self.name = name\n\n"
        "    def load(self):\n        {0}(every('') + self.name)\n        {0}(self.name)\n\n\n"
        "Both({1}).load()\n"
    ),
}
"""Two loads: what the second one asks for is what the first one comes by last."""


@pytest.mark.parametrize("case", LATER)
def test_what_such_a_question_came_by_is_asked_anew(small: Small, case: str) -> None:
    """`every` fits into a question, `half` does too, and both do not."""
    (text,) = terms(35).values()
    head = text.partition("AutoModelForCausalLM.from")[0]
    half = f'def half(x):\n    return f"{"{row(x)}" * 20}"\n\n\n'
    asked = LATER[case].format("AutoModelForCausalLM.from_pretrained", "'org/a' + half('')")
    small.write({"main.py": f"{head}{half}{asked}"})
    assert small.ids()[1] == "org/a"


def shared(count: int) -> Files:
    """A function that loads for so many scripts, a pair of them at two revisions."""
    head = "from common import base_at\n"
    load = "AutoModelForCausalLM.from_pretrained"
    body = f'def base_at(rev):\n    return {load}("org/a", revision=rev)\n'
    files = {"common.py": f"{AUTO}{body}"}
    for name, write, rev in (("train", trains, "v1"), ("infer", serves, "v2")):
        files[f"{name}.py"] = write(head, f'"{rev}"').replace(load, "base_at")
    tools = [f"tool{number}.py" for number in range(count - len(files) + 1)]
    return files | dict.fromkeys(tools, f'import transformers\n{head}\nbase_at("v3")\n')


@pytest.mark.parametrize("count", [12, 13])
def test_a_pair_through_a_shared_function_at_and_above_the_limit(small: Small, count: int) -> None:
    """What is saved, and what an adapter is put onto, is told apart however many callers load."""
    small.write(shared(count))
    assert small.found("LOR201") == [("LOR201", "infer.py", 5)]


def twice(count: int) -> Files:
    """A script that is run with one id, and so many commands from there with another."""
    command = "python train.py --model org/{} --rev v1\n"
    between = "ls\n" * (count - 2)
    return {"train.py": SCRIPT, "run.sh": command.format("a") + between + command.format("b")}


def test_the_last_command_that_is_read_counts(small: Small) -> None:
    small.write(twice(2_000))
    assert small.ids() == [["org/a", "org/b"]]


@pytest.mark.xfail(strict=True, reason="the command above the limit is forgotten: one id is left")
def test_the_first_command_that_is_not_read_makes_nothing_certain(small: Small) -> None:
    small.write(twice(2_001))
    assert small.ids() != ["org/a"]


def test_a_lock_at_the_limit(small: Small) -> None:
    asked = 'AutoModel.from_pretrained("org/a", revision=loralint.revision("org/a"))\n'
    text = f"import loralint\nfrom transformers import AutoModel\n\n{asked}"
    small.write({"main.py": text, "loralint.lock": padded(LOCK, 1_000_000)})
    assert small.findings() == []
    small.write({"loralint.lock": padded(LOCK, 1_000_001)})
    assert {code for code, *_ in small.found()} == {"LOR001", "LOR210"}
    assert small.undecided()[0] == 1
    assert small.run("pin", *PLAIN).exit_code == 2


@pytest.mark.parametrize(
    ("length", "said"),
    [(100_000_000, "more than the file has"), (100_000_001, "the format allows 100,000,000")],
)
def test_the_header_of_an_adapter(small: Small, length: int, said: str) -> None:
    config = '{"peft_type": "LORA", "base_model_name_or_path": "org/a", "r": 8}'
    weights = length.to_bytes(8, "little") + b"{}"
    small.write({"out/adapter_config.json": config, "out/adapter_model.safetensors": weights})
    (found,) = small.findings("LOR001")
    assert f"{length:,}" in found["message"] and said in found["message"]
