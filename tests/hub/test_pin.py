"""`loralint pin`: what becomes a commit, where it is written, and what is never decided blindly."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from loralint.hub.wants import Note, notes
from loralint.lockfile import NAME
from tests.hub.cache import FakeCache
from tests.hub.server import Commit, FakeHub, Step
from tests.markdown_pages import notebook

A, B, C = "a" * 40, "b" * 40, "c" * 40
DAY = "2026-11-24"
HEAD = "from transformers import AutoModel, AutoTokenizer\n\n"


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")  # the first second of DAY


@pytest.fixture
def cache(local: FakeCache) -> FakeCache:
    local.add("org/a", A, "main", "v1", "refs/pr/2")
    local.add("org/b", B, "main")
    return local


def pinned(project: Path, run, name: str = "x.py", *more: str) -> str:
    result = run("pin", *more)
    assert result.exit_code == 0, result.output
    text = (project / name).read_text(encoding="utf-8")
    assert run("pin", *more).exit_code == 0
    assert (project / name).read_text(encoding="utf-8") == text, "a second run changes nothing"
    return text


EMBEDDINGS = "from langchain_huggingface import HuggingFaceEmbeddings\n"


# --- where it is written ------------------------------------------------------------------------

NOTE = f"# main, {DAY}"

ROWS = f'(\n    "org/a",\n    revision="{A}",  {NOTE}\n)'
"""What a call that gets a commit looks like: its row would be too long."""

SHAPES = {
    "a call": (
        'm = AutoModel.from_pretrained("org/a")\n',
        f"m = AutoModel.from_pretrained{ROWS}\n",
    ),
    "a short call": (
        'f = AutoModel.from_pretrained\nm = f("org/a")\n',
        f'f = AutoModel.from_pretrained\nm = f("org/a", revision="{A}")  {NOTE}\n',
    ),
    "a row with somebody's comment": (
        'f = AutoModel.from_pretrained\nm = f("org/a")  # ours\n',
        f"f = AutoModel.from_pretrained\nm = f{ROWS}  # ours\n",
    ),
    "a branch that is named": (
        "m = AutoModel.from_pretrained('org/a', revision='main', use_fast=True)\n",
        f"m = AutoModel.from_pretrained('org/a', revision='{A}', use_fast=True)  {NOTE}\n",
    ),
    "None": (
        'm = AutoModel.from_pretrained("org/a", revision=None)\n',
        f'm = AutoModel.from_pretrained("org/a", revision="{A}")  {NOTE}\n',
    ),
    "a call over several rows": (
        'm = AutoModel.from_pretrained(\n    "org/a",\n    device_map="auto",  # on CPU\n)\n',
        'm = AutoModel.from_pretrained(\n    "org/a",\n    device_map="auto",  # on CPU\n'
        f'    revision="{A}",  {NOTE}\n)\n',
    ),
    "a call over several rows without a comma at its end": (
        'm = AutoModel.from_pretrained(\n    "org/a",\n    device_map="auto"\n)\n',
        'm = AutoModel.from_pretrained(\n    "org/a",\n    device_map="auto",\n'
        f'    revision="{A}"  {NOTE}\n)\n',
    ),
    "a row with a comment": (
        'm = AutoModel.from_pretrained("org/a")  # type: ignore[x]\n',
        f'm = AutoModel.from_pretrained("org/a", revision="{A}")  # type: ignore[x]  {NOTE}\n',
    ),
    "a row that goes on": (
        'm = AutoModel.from_pretrained("org/a") \\\n    .eval()\n',
        f"m = AutoModel.from_pretrained{ROWS} \\\n    .eval()\n",
    ),
    "a row that ends in a string": (
        'm, s = AutoModel.from_pretrained("org/a"), """\nx"""\n',
        f'm, s = AutoModel.from_pretrained{ROWS}, """\nx"""\n',
    ),
    "a row that ends in a string, beside others": (
        'm, s = AutoModel.from_pretrained("org/a"), """\nx"""\n'
        't = AutoTokenizer.from_pretrained("org/a")\nc = AutoModel.from_pretrained("org/a")\n',
        f'm, s = AutoModel.from_pretrained{ROWS}, """\nx"""\n'
        f"t = AutoTokenizer.from_pretrained{ROWS}\nc = AutoModel.from_pretrained{ROWS}\n",
    ),
    "a tag": (
        'm = AutoModel.from_pretrained("org/a", revision="v1")\n',
        f'm = AutoModel.from_pretrained("org/a", revision="{A}")  # v1, {DAY}\n',
    ),
    "a pull request": (
        'm = AutoModel.from_pretrained("org/a", revision="refs/pr/2")\n',
        f'm = AutoModel.from_pretrained("org/a", revision="{A}")  # refs/pr/2, {DAY}\n',
    ),
    "two of one row": (
        'm, t = AutoModel.from_pretrained("org/a"), AutoTokenizer.from_pretrained("org/a")\n',
        f"m, t = AutoModel.from_pretrained{ROWS}, AutoTokenizer.from_pretrained{ROWS}\n",
    ),
    "two refs of one row": (
        'm, t = AutoModel.from_pretrained("org/a"), AutoModel.from_pretrained("org/a", "v1",'
        ' revision="v1")\n',
        f"m, t = AutoModel.from_pretrained{ROWS},"
        f' AutoModel.from_pretrained("org/a", "v1", revision="{A}")  # v1, {DAY}\n',
    ),
    "an abbreviated commit": (
        'm = AutoModel.from_pretrained("org/a", revision="aaaaaaa")\n',
        f'm = AutoModel.from_pretrained("org/a", revision="{A}")\n',
    ),
    "a constant of two loads": (
        'REVISION = "main"\nm = AutoModel.from_pretrained("org/a", revision=REVISION)\n'
        't = AutoTokenizer.from_pretrained("org/a", revision=REVISION)\n',
        f'REVISION = "{A}"  {NOTE}\nm = AutoModel.from_pretrained("org/a", revision=REVISION)\n'
        't = AutoTokenizer.from_pretrained("org/a", revision=REVISION)\n',
    ),
    "a revision inside another argument": (
        EMBEDDINGS + 'e = HuggingFaceEmbeddings(model_name="org/a")\n',
        EMBEDDINGS + 'e = HuggingFaceEmbeddings(\n    model_name="org/a",\n'
        f'    model_kwargs={{"revision": "{A}"}},  {NOTE}\n)\n',
    ),
    "an option's default that is a constant": (
        'import argparse\nREVISION = "main"\n\n\ndef parse():\n    p = argparse.ArgumentParser()\n'
        '    p.add_argument("--model", default="org/a")\n'
        '    p.add_argument("--revision", default=REVISION)\n    return p.parse_args()\n\n\n'
        "args = parse()\nm = AutoModel.from_pretrained(args.model, revision=args.revision)\n",
        f'import argparse\nREVISION = "{A}"  {NOTE}\n\n\ndef parse():\n'
        "    p = argparse.ArgumentParser()\n"
        '    p.add_argument("--model", default="org/a")\n'
        '    p.add_argument("--revision", default=REVISION)\n    return p.parse_args()\n\n\n'
        "args = parse()\nm = AutoModel.from_pretrained(args.model, revision=args.revision)\n",
    ),
    "an option's default": (
        "import argparse\np = argparse.ArgumentParser()\n"
        'p.add_argument("--model", default="org/a")\np.add_argument("--revision", default="main")\n'
        "args = p.parse_args()\n"
        "m = AutoModel.from_pretrained(args.model, revision=args.revision)\n",
        "import argparse\np = argparse.ArgumentParser()\n"
        'p.add_argument("--model", default="org/a")\n'
        f'p.add_argument("--revision", default="{A}")  {NOTE}\n'
        "args = p.parse_args()\n"
        "m = AutoModel.from_pretrained(args.model, revision=args.revision)\n",
    ),
    "keyword arguments from a dict": (
        'kwargs = {"revision": "main", "device_map": "auto"}\n'
        'm = AutoModel.from_pretrained("org/a", **kwargs)\n',
        f'kwargs = {{"revision": "{A}", "device_map": "auto"}}  {NOTE}\n'
        'm = AutoModel.from_pretrained("org/a", **kwargs)\n',
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_python(project, cache, run, write, shape: str) -> None:
    before, after = SHAPES[shape]
    write({"x.py": HEAD + before})
    assert pinned(project, run) == HEAD + after
    found = run("check", "--select", "LOR101,LOR102,LOR103,LOR104", "--output-format", "concise")
    assert found.exit_code == 0, found.output


def test_an_imported_constant_is_changed_where_it_stands(project, cache, run, write) -> None:
    main = 'from settings import REVISION\nAutoModel.from_pretrained("org/a", revision=REVISION)\n'
    write({"settings.py": 'REVISION = "main"\n', "x.py": HEAD + main})
    assert pinned(project, run, "settings.py") == f'REVISION = "{A}"  {NOTE}\n'
    assert (project / "x.py").read_text() == HEAD + main


def test_a_notebook(project, cache, run, write) -> None:
    write({"x.ipynb": notebook("!pip install peft\n" + HEAD, 'AutoModel.from_pretrained("org/a")')})
    changed = f"AutoModel.from_pretrained{ROWS}"
    assert json.loads(pinned(project, run, "x.ipynb")) == json.loads(
        notebook("!pip install peft\n" + HEAD, changed)
    )
    cache.add("org/a", C, "main")
    assert run("pin", "--upgrade").exit_code == 0  # the note in a cell is found again
    assert C in (project / "x.ipynb").read_text()


def test_a_recipe(project, cache, run, write) -> None:
    rest = "base_model: org/a\nadapter: lora\nsequence_len: 99\nmicro_batch_size: 1\n"
    write({"x.yml": f"# mine\n{rest}"})
    text = pinned(project, run, "x.yml")
    assert text == f'# mine\nrevision_of_model: "{A}"  {NOTE}\n{rest}'


def test_a_command_line(project, cache, run, write) -> None:
    write({"x.sh": "vllm serve org/a --revision main --port 1\n"})
    assert pinned(project, run, "x.sh") == f"vllm serve org/a --revision {A} --port 1  {NOTE}\n"
    cache.add("org/a", C, "main")
    assert run("pin", "--upgrade").exit_code == 0
    assert C in (project / "x.sh").read_text()


def test_what_the_adapter_records_follows_its_base(project, cache, run, write) -> None:
    text = (
        "from peft import LoraConfig, get_peft_model\n"
        'b = AutoModel.from_pretrained("org/a", revision="v1")\n'
        'm = get_peft_model(b, LoraConfig(r=8, revision="v1"))\n'
    )
    write({"x.py": HEAD + text})
    after = pinned(project, run)
    assert f'LoraConfig(r=8, revision="{A}")' in after and '"v1"' not in after


PEFT = "from peft import LoraConfig, get_peft_model\n"


def test_an_adapter_is_told_which_commit_its_base_is_pinned_to(project, cache, run, write) -> None:
    base = "b = AutoModel.from_pretrained{}\nm = get_peft_model(b, LoraConfig(){})\n"
    write({"x.py": HEAD + PEFT + base.format('("org/a")', "")})
    expected = base.format(ROWS, f', revision="{A}"')
    assert pinned(project, run) == HEAD + PEFT + expected
    assert run("check", "--select", "LOR1", "--isolated").exit_code == 0


@pytest.mark.parametrize(
    "text",
    [
        # One call for two bases: whichever it records, it is wrong for the other.
        'b = AutoModel.from_pretrained("org/a") if x else AutoModel.from_pretrained("org/b")\n'
        "m = get_peft_model(b, LoraConfig())\n",
        'b = AutoModel.from_pretrained("org/a")\n'
        "m = get_peft_model(b, LoraConfig())  # loralint: ignore[unrecorded-revision] by hand\n",
    ],
)
def test_an_adapter_that_is_told_nothing(project, cache, run, write, text: str) -> None:
    write({"x.py": HEAD + PEFT + text})
    wrap = next(line for line in text.splitlines() if "get_peft_model" in line)
    assert wrap in pinned(project, run)


def test_line_ends_and_mode_stay(project, cache, run, write) -> None:
    path = project / "x.py"
    path.write_bytes((HEAD + SHAPES["a call"][0]).replace("\n", "\r\n").encode())
    path.chmod(0o755)
    assert run("pin").exit_code == 0
    assert path.read_bytes() == (HEAD + SHAPES["a call"][1]).replace("\n", "\r\n").encode()
    assert path.stat().st_mode & 0o777 == 0o755


# --- what is left alone -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('from modelscope import AutoModel as M\nM.from_pretrained("org/a")', "from ModelScope"),
        ('import sys\nAutoModel.from_pretrained("org/a" if sys.argv[1] else "org/b")',
         "no commit fits them all"),
        ("import argparse\np = argparse.ArgumentParser()\n"
         "p.add_argument('--model', default='org/a')\nargs = p.parse_args()\n"
         "AutoModel.from_pretrained(args.model)",
         "`args.model` may name another repository"),
        ('def load(name):\n    return AutoModel.from_pretrained(name)\n\n\nload("org/a")',
         "load() is told what to load"),
        ('from trl import SFTTrainer\nSFTTrainer(model="org/a")',
         "belongs into args.model_init_kwargs"),
        (EMBEDDINGS + 'HuggingFaceEmbeddings(model_name="org/a", model_kwargs={"device": "cpu"})',
         "belongs into model_kwargs"),
        (EMBEDDINGS + 'HuggingFaceEmbeddings(model_name="org/a", **{"model_kwargs": {}})',
         "belongs into model_kwargs"),
        ('REVISION = "main"\nAutoModel.from_pretrained("org/a", revision=REVISION)\n'
         'AutoModel.from_pretrained("org/b", revision=REVISION)', "no place in the code"),
        ('import sys\nAutoModel.from_pretrained("org/a", revision="v1" if sys.argv[1] else "main")',
         "more than one revision"),
    ],
)  # fmt: skip
def test_what_cannot_be_pinned_is_said(project, cache, run, write, text: str, said: str) -> None:
    write({"x.py": f"{HEAD}{text}\n"})
    result = run("pin")
    assert (result.exit_code, said in result.output) == (0, True), result.output
    assert (project / "x.py").read_text() == f"{HEAD}{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        f'AutoModel.from_pretrained("org/a", revision="{C}")',
        'AutoModel.from_pretrained("./org/a")',
        'AutoModel.from_pretrained("org/a", local_files_only=True)',
        'AutoModel.from_pretrained("hf-internal-testing/tiny")',
        'import sys\nAutoModel.from_pretrained(sys.argv[1])',
        'import sys\nAutoModel.from_pretrained("org/a", revision=sys.argv[1])',
        'from datasets import load_dataset\nload_dataset("org/a")',
    ],
)  # fmt: skip
def test_what_needs_no_pin_is_silent(project, cache, run, write, text: str) -> None:
    write({"x.py": f"{HEAD}{text}\n"})
    result = run("pin")
    assert (result.exit_code, result.output) == (0, "Nothing to pin.\n")
    assert (project / "x.py").read_text() == f"{HEAD}{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        'AutoModel.from_pretrained("org/a")  # loralint: ignore[missing-revision] the newest one',
        '# loralint: ignore[LOR1]\nAutoModel.from_pretrained("org/a")',
        '# loralint: ignore-file[LOR101]\nAutoModel.from_pretrained("org/a")',
        'AutoModel.from_pretrained("org/a", revision="main")  # noqa: LOR102',
        'AutoModel.from_pretrained("org/a", revision="v1")  # loralint: ignore[mutable-revision]',
        'from peft import PeftModel\nPeftModel.from_pretrained(m, "org/a")  # noqa: LOR106',
    ],
)
def test_who_wants_no_pin_gets_none(project, cache, run, write, text: str) -> None:
    write({"x.py": f"{HEAD}{text}\n"})
    assert run("pin").output == "Nothing to pin.\n"
    other = text.replace("ignore", "notice").replace("noqa", "note").replace("file[", "[")
    write({"x.py": f"{HEAD}{other}\n"})
    assert run("pin", "--dry-run").output.endswith("Would pin 1 load in 1 file.\n")


def test_files_that_the_settings_leave_out(project, cache, run, write) -> None:
    text = HEAD + SHAPES["a call"][0]
    settings = 'per-file-ignores = { "tests/" = ["missing-revision"] }\n'
    write({"tests/x.py": text, "y.py": text, "loralint.toml": settings})
    assert run("pin").exit_code == 0
    assert (project / "tests/x.py").read_text() == text and A in (project / "y.py").read_text()


def test_a_policy_may_be_content_with_a_tag(project, cache, run, write) -> None:
    text = 'AutoModel.from_pretrained("org/a", revision="v1")\nAutoModel.from_pretrained("org/a")\n'
    write({"x.py": HEAD + text, "loralint.toml": 'policies = { "org/*" = "ref" }\n'})
    after = pinned(project, run)
    assert 'revision="v1"' in after and f'revision="{A}"' in after


def test_datasets_on_request(project, local, run, write) -> None:
    local.add("org/d", A, "main", kind="dataset")
    write({"x.py": 'from datasets import load_dataset\nload_dataset("org/d")\n'})
    assert f"load_dataset{ROWS.replace('org/a', 'org/d')}" in pinned(
        project, run, "x.py", "--datasets"
    )


def test_only_what_was_named(project, cache, run, write) -> None:
    text = HEAD + SHAPES["a call"][0]
    write({"x.py": text, "y.py": text, "sub/z.py": text})
    assert run("pin", "sub", "y.py").exit_code == 0
    assert (project / "x.py").read_text() == text
    assert all(A in (project / name).read_text() for name in ("y.py", "sub/z.py"))


def test_one_that_nobody_knows_loses_nothing_else(project, cache, run, write) -> None:
    write({"x.py": HEAD + 'AutoModel.from_pretrained("org/none")\n' + SHAPES["a call"][0]})
    result = run("pin")
    assert result.exit_code == 1
    assert "error: x.py:3:1: org/none is not in the local cache" in result.output
    assert SHAPES["a call"][1] in (project / "x.py").read_text()


# --- showing and checking -----------------------------------------------------------------------


def test_nothing_is_written_unless_asked(project, cache, run, write) -> None:
    text = HEAD + SHAPES["a call"][0]
    write({"x.py": text})
    results = {option: run("pin", option) for option in ("--check", "--dry-run", "--diff")}
    assert {o: r.exit_code for o, r in results.items()} == {
        "--check": 1,
        "--dry-run": 0,
        "--diff": 1,
    }
    assert f"x.py:3:5: org/a main → {A}" in results["--dry-run"].output
    assert "Would pin 1 load in 1 file." in results["--dry-run"].output
    rows = SHAPES["a call"][1].splitlines(keepends=True)
    assert "".join(f"+{row}" for row in rows) in results["--diff"].stdout
    assert results["--diff"].stdout.startswith("--- x.py\n+++ x.py\n")
    assert (project / "x.py").read_text() == text
    assert run("pin").exit_code == 0
    assert {run("pin", option).exit_code for option in results} == {0}


def test_the_diff_can_be_applied(project, cache, run, write) -> None:
    import subprocess

    write({"x.py": HEAD + SHAPES["a call over several rows"][0]})
    diff = run("pin", "--diff").stdout
    subprocess.run(["patch", "-p0", "-s"], input=diff, text=True, check=True, cwd=project)
    assert (project / "x.py").read_text() == HEAD + SHAPES["a call over several rows"][1]


def test_nothing_to_read(project, local, run) -> None:
    assert run("pin").exit_code == 3


# --- two sides ----------------------------------------------------------------------------------

TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("org/p", revision="refs/pr/23")
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model).train()
model.save_pretrained("out/a")
"""
SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained("org/p")
tokenizer = AutoTokenizer.from_pretrained("org/p")
model = PeftModel.from_pretrained(base, "out/a")
"""


@pytest.fixture
def torn(local: FakeCache, write) -> FakeCache:
    """The project of issue 1678."""
    local.add("org/p", A, "refs/pr/23")
    local.add("org/p", B, "main")
    write({"train.py": TRAIN, "serve.py": SERVE})
    return local


def test_two_sides_that_disagree_are_not_pinned_blindly(project, torn, run) -> None:
    result = run("pin")
    assert result.exit_code == 1
    assert "--prefer train or --prefer infer" in result.output
    assert "train.py:4" in result.output and "serve.py:4" in result.output
    assert (project / "train.py").read_text() == TRAIN
    assert (project / "serve.py").read_text() == SERVE


@pytest.mark.parametrize(
    ("side", "commit", "ref"), [("train", A, "refs/pr/23"), ("infer", B, "main")]
)
def test_the_side_that_is_preferred_decides(project, torn, run, side, commit, ref) -> None:
    result = run("pin", "--prefer", side)
    assert result.exit_code == 0, result.output
    for name, loads, adapters in (("train.py", 1, 1), ("serve.py", 2, 0)):
        text = (project / name).read_text()
        assert text.count(f'revision="{commit}"') == loads + adapters
        assert text.count(f"# {ref}, {DAY}") == loads
    assert run("check", "--select", "LOR101,LOR201,LOR203").exit_code == 0
    assert run("pin", "--check").exit_code == 0


def test_two_names_of_one_commit_are_no_disagreement(project, torn, run) -> None:
    torn.add("org/p", A, "main")
    assert run("pin").exit_code == 0
    assert run("check", "--select", "LOR201").exit_code == 0


def test_a_side_is_not_pinned_alone(project, torn, run, write) -> None:
    """Where only one side can be pinned, both stay as they are: today they agree."""
    write({"train.py": 'NAME = "org/p"\n' + _param(TRAIN)})
    result = run("pin")
    assert result.exit_code == 0 and "the other side of its pair, cannot be pinned" in result.output
    assert 'AutoModelForCausalLM.from_pretrained("org/p")' in (project / "serve.py").read_text()
    assert run("check", "--select", "LOR201").exit_code == 0


def _param(train: str) -> str:
    """The training script with its load in a function that is told what to load."""
    load = 'AutoModelForCausalLM.from_pretrained("org/p", revision="refs/pr/23")'
    inside = "def load(name):\n    return AutoModelForCausalLM.from_pretrained(name)\n\n\n"
    return train.replace("base = ", f"{inside}base = ").replace(load, "load(NAME)")


def test_a_pin_by_hand_against_the_default_branch(project, torn, run, write) -> None:
    write({"train.py": TRAIN.replace("refs/pr/23", C)})
    assert run("pin").exit_code == 1
    assert run("pin", "--prefer", "train").exit_code == 0
    assert (project / "serve.py").read_text().count(f'revision="{C}"') == 2
    assert (project / "train.py").read_text() == TRAIN.replace("refs/pr/23", C)


def test_two_pins_by_hand(project, torn, run, write) -> None:
    one = SERVE.replace('("org/p")', f'("org/p", revision="{B}")')
    write({"train.py": TRAIN.replace("refs/pr/23", C), "serve.py": one})
    assert run("pin").exit_code == 1
    assert run("pin", "--prefer", "train").exit_code == 0
    assert B not in (project / "serve.py").read_text()


# --- moving on ----------------------------------------------------------------------------------


def test_upgrade_moves_pins_to_where_their_refs_stand(project, cache, run, write) -> None:
    write({"x.py": HEAD + SHAPES["a call"][0] + SHAPES["a tag"][0]})
    pinned(project, run)
    cache.add("org/a", C, "main")
    assert run("pin").exit_code == 0 and C not in (project / "x.py").read_text()
    assert run("pin", "--upgrade", "--check").exit_code == 1
    os.environ["SOURCE_DATE_EPOCH"] = "1795564800"
    result = run("pin", "--upgrade")
    assert result.exit_code == 0 and f"org/a {A[:12]} → {C}" in result.output
    moved = SHAPES["a call"][1].replace(A, C).replace(DAY, "2026-11-25")
    assert (project / "x.py").read_text() == HEAD + moved + SHAPES["a tag"][1]
    assert run("pin", "--upgrade", "--check").exit_code == 0


def test_a_pin_that_nobody_noted_is_not_moved(project, cache, run, write) -> None:
    text = f'{HEAD}AutoModel.from_pretrained("org/a", revision="{C}")\n'
    write({"x.py": text})
    result = run("pin", "--upgrade")
    assert (result.exit_code, (project / "x.py").read_text()) == (0, text)
    assert "is not noted" in result.output


def test_a_cache_that_knows_less_than_the_pin_moves_nothing_back(
    project, cache, run, write
) -> None:
    text = f'{HEAD}AutoModel.from_pretrained("org/a", revision="{C}")  # main, 2026-11-20\n'
    write({"x.py": text})
    ref = cache.folder / "models--org--a" / "refs" / "main"
    before = time.mktime((2026, 11, 1, 0, 0, 0, 0, 0, 0))
    os.utime(ref, (before, before))
    assert run("pin", "--upgrade").exit_code == 0
    assert (project / "x.py").read_text() == text
    after = before + 40 * 86_400
    os.utime(ref, (after, after))
    assert run("pin", "--upgrade").exit_code == 0
    assert A in (project / "x.py").read_text()


def test_commits_that_are_too_young_are_not_taken(project, cache, run, write) -> None:
    write({"x.py": HEAD + SHAPES["a call"][0]})
    result = run("pin", "--min-age", "7d")
    assert result.exit_code == 1 and "younger than --min-age" in result.output
    snapshot = cache.folder / "models--org--a" / "snapshots" / A
    old = time.time() - 8 * 86_400
    os.utime(snapshot, (old, old))
    assert run("pin", "--min-age", "7d").exit_code == 0
    assert A in (project / "x.py").read_text()


@pytest.mark.parametrize("age", ["7", "d", "-1d", "7y", "1.5d"])
def test_an_age_that_is_none(project, cache, run, age: str) -> None:
    assert run("pin", "--min-age", age).exit_code == 2


# --- the lock -----------------------------------------------------------------------------------

JSON = """\
{{
  {0}"model_name_or_path": "org/a",
  "stage": "sft",
  "finetuning_type": "lora",
  "template": "qwen3",
  "output_dir": "out"
}}
"""
REVISION = '"model_revision": "{0}",\n  '


def _seen(path: Path, day: int) -> None:
    """A file or folder of the cache is as old as if it had been written on a day of November."""
    seconds = time.mktime((2026, 11, day, 0, 0, 0, 0, 0, 0))
    for each in (path, *path.glob("*")):
        os.utime(each, (seconds, seconds), follow_symlinks=False)


@pytest.fixture
def recipe(project, cache, run, write) -> Path:
    """A recipe in JSON, locked and pinned at A on the first of November."""
    write({"x.json": JSON.format("")})
    _seen(cache.folder / "models--org--a" / "snapshots" / A, 1)
    assert run("lock").exit_code == 0
    assert A in pinned(project, run, "x.json")
    assert run("lock").exit_code == 0 and 'ref = "main"' in (project / NAME).read_text()
    return project / "x.json"


def _main_moves(cache: FakeCache, commit: str, day: int) -> None:
    _seen(cache.add("org/a", commit, "main"), day)
    _seen(cache.folder / "models--org--a" / "refs" / "main", day)


def test_upgrade_takes_the_ref_from_the_lock_where_no_comment_can_stand(
    project, cache, run, recipe
) -> None:
    for day, commit in ((2, B), (3, C)):
        _main_moves(cache, commit, day)
        result = run("pin", "--upgrade")
        assert result.exit_code == 0 and f"→ {commit}" in result.output, result.output
        assert recipe.read_text() == JSON.format(REVISION.format(commit))
        assert run("lock").exit_code == 0  # knows what the new commit stands for
        assert run("lock", "--check").exit_code == 0
        assert (project / NAME).read_text().count('ref = "main"') == 1
        assert run("pin", "--upgrade", "--check").exit_code == 0


def test_a_lock_made_after_the_pin_knows_what_it_stands_for(project, cache, run, write) -> None:
    write({"x.json": JSON.format("")})
    pinned(project, run, "x.json")
    assert run("lock").exit_code == 0
    assert 'ref = "main"' in (project / NAME).read_text()


def test_a_commit_by_hand_that_main_does_not_stand_at_gets_no_ref(cache, run, recipe) -> None:
    _main_moves(cache, B, 2)
    recipe.write_text(JSON.format(REVISION.format(C)))
    assert run("lock").exit_code == 0
    assert "ref = " not in (recipe.parent / NAME).read_text()


def test_a_commit_by_hand_in_a_script_stays_without_a_ref(project, cache, run, write) -> None:
    write({"x.py": f'{HEAD}AutoModel.from_pretrained("org/a", revision="{A}")\n'})
    assert run("lock").exit_code == 0
    assert "ref = " not in (project / NAME).read_text()


def test_a_pin_that_is_younger_than_what_the_cache_knows_stays(cache, run, recipe) -> None:
    """Somebody else has moved on; here the new commit was downloaded, and `main` not asked for."""
    _main_moves(cache, B, 2)
    recipe.write_text(JSON.format(REVISION.format(C)))
    (recipe.parent / NAME).write_text(_lock(C))
    result = run("pin", "--upgrade")  # the cache does not have C at all
    assert result.exit_code == 0 and "does not say whether" in result.output
    _seen(cache.add("org/a", C), 3)
    run("pin", "--upgrade")
    assert C in recipe.read_text()
    _main_moves(cache, B, 4)
    run("pin", "--upgrade")
    assert B in recipe.read_text()


def test_a_lock_that_holds_one_commit_at_two_refs_decides_nothing(cache, run, recipe) -> None:
    (recipe.parent / NAME).write_text(_lock(A) + _lock(A, "v1").partition("\n\n")[2])
    _main_moves(cache, B, 2)
    assert "is not noted" in run("pin", "--upgrade").output
    assert A in recipe.read_text()


def _lock(commit: str, ref: str = "main") -> str:
    return f'version = 1\n\n[[artifact]]\nid = "org/a"\ncommit = "{commit}"\nref = "{ref}"\n'


def test_from_lock_the_code_follows_the_lock(project, cache, run, write) -> None:
    write(
        {
            NAME: _lock(C, "refs/pr/9"),
            "x.py": HEAD
            + 'a = AutoModel.from_pretrained("org/a")\n'
            + f'b = AutoModel.from_pretrained("org/a", revision="{B}")\n'
            + 'c = AutoModel.from_pretrained("org/b")\n',
        }
    )
    assert run("check", "--select", "LOR210").exit_code == 1
    result = run("pin", "--from-lock")
    assert result.exit_code == 1 and "does not hold org/b" in result.output
    text = (project / "x.py").read_text()
    assert text.count(f'revision="{C}",  # refs/pr/9, {DAY}') == 1
    assert text.count(f'revision="{C}")  # refs/pr/9, {DAY}') == 1
    assert run("check", "--select", "LOR210").exit_code == 0


def test_the_lock_answers_what_the_cache_does_not(project, local, run, write) -> None:
    write({NAME: _lock(C), "x.py": HEAD + SHAPES["a call"][0]})
    result = run("pin")
    assert result.exit_code == 0 and f"→ {C} (lock)" in result.output


def test_where_cache_and_lock_disagree_nothing_is_pinned(project, cache, run, write) -> None:
    write({NAME: _lock(C), "x.py": HEAD + SHAPES["a call"][0]})
    result = run("pin")
    assert result.exit_code == 1 and "say which with --from-lock or --upgrade" in result.output
    assert (project / "x.py").read_text() == HEAD + SHAPES["a call"][0]
    moved = run("pin", "--upgrade")
    assert (
        moved.exit_code == 0 and "`loralint lock` brings the lock file up to date" in moved.output
    )
    assert A in (project / "x.py").read_text()
    assert run("check", "--select", "LOR210").exit_code == 1
    assert run("lock").exit_code == 0
    assert run("check", "--select", "LOR210").exit_code == 0


def test_code_that_asks_the_lock_is_left_to_it(project, cache, run, write) -> None:
    text = (
        HEAD
        + "from loralint import revision\n"
        + 'AutoModel.from_pretrained("org/a", revision=revision("org/a"))\n'
    )
    write({NAME: _lock(C), "x.py": text})
    for more in ((), ("--upgrade",), ("--from-lock",)):
        assert run("pin", *more).exit_code == 0
    assert (project / "x.py").read_text() == text


# --- online -------------------------------------------------------------------------------------

TOKEN = "hf_THISISTHEMARKERTOKEN"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with FakeHub.running() as running:
        running.add("org/far", Commit(B), Commit(C, date="2020-01-01T00:00:00.000Z"))
        running.add("org/a", Commit(C))
        yield running


def test_online_the_hub_answers_what_nobody_here_knows(project, cache, hub, run, write) -> None:
    text = "".join(
        f'AutoModel.from_pretrained("{name}")\n' for name in ("org/a", "org/far", "org/no")
    )
    write({"x.py": HEAD + text, "loralint.toml": f'hub-endpoint = "{hub.url}"\n'})
    hub.script["org/no"] = [Step(403, (("X-Error-Code", "GatedRepo"),))] * 9
    result = run("pin", "--online", "--endpoint", hub.url)
    assert result.exit_code == 1 and "org/no is gated" in result.output
    after = (project / "x.py").read_text()
    assert ROWS in after and ROWS.replace("org/a", "org/far").replace(A, B) in after
    everything = result.output + "".join(
        path.read_text(errors="replace") for path in project.rglob("*") if path.is_file()
    )
    assert TOKEN not in everything


def test_online_upgrades_ask_the_hub_alone(project, cache, hub, run, write) -> None:
    write({"x.py": HEAD + SHAPES["a call"][1], "loralint.toml": f'hub-endpoint = "{hub.url}"\n'})
    assert run("pin", "--upgrade", "--online", "--endpoint", hub.url).exit_code == 0
    assert C in (project / "x.py").read_text()


def test_online_the_newest_that_is_old_enough(project, cache, hub, run, write) -> None:
    text = HEAD + 'AutoModel.from_pretrained("org/far")\n'
    write({"x.py": text, "loralint.toml": f'hub-endpoint = "{hub.url}"\n'})
    online = ("pin", "--online", "--endpoint", hub.url)
    assert run(*online, "--min-age", "520w").exit_code == 1
    assert run(*online, "--min-age", "52w").exit_code == 0
    assert C in (project / "x.py").read_text()


def test_hub_of_a_stranger_decides_nothing_that_is_written(project, cache, hub, run, write) -> None:
    text = HEAD + 'AutoModel.from_pretrained("org/far")\n'
    write({"x.py": text, "loralint.toml": f'hub-endpoint = "{hub.url}"\n'})
    refused = run("pin", "--online")
    assert refused.exit_code == 2
    assert f"--endpoint {hub.url}" in refused.output
    assert (project / "x.py").read_text() == text
    shown = run("pin", "--online", "--dry-run")
    assert f"→ {B} ({hub.url})" in shown.output
    assert (project / "x.py").read_text() == text
    written = run("pin", "--online", "--endpoint", hub.url)
    assert f"→ {B} ({hub.url})" in written.output
    assert B in (project / "x.py").read_text()


# --- comments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'x("{A}")  # main, 2026-11-24', {A: Note("main", "2026-11-24")}),
        (f"revision: {A}  # refs/pr/23, 2026-01-02", {A: Note("refs/pr/23", "2026-01-02")}),
        (f'x("{A}")  # type: ignore  # v1.0, 2026-01-02', {A: Note("v1.0", "2026-01-02")}),
        (f'x("{A}")\n# main, 2026-11-24', {}),
        (f"x('{A}')  # main", {}),
        (
            f'x("{A}")  # main, 2026-01-01\ny("{A}")  # v1, 2026-02-01',
            {A: Note("v1", "2026-02-01")},
        ),
    ],
)
def test_what_comments_say(text: str, found: dict[str, Note]) -> None:
    assert notes([text]) == found
