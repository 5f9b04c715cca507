"""Shapes that real projects have and that were read wrongly once."""

import pytest

from tests.linker.building import (
    AUTO,
    is_one,
    is_unknown,
    linked,
    repo,
    repos,
    revision,
    short,
)

LOAD = "AutoModelForCausalLM.from_pretrained"


def loaders(source):
    """The loader and repo id of every load of a script."""
    loads = linked({"main.py": source}).loads
    return [(load.site.loader, short(load.site.repo_id)) for load in loads]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("os.path.join(os.path.dirname(__file__), 'm')", "./pkg/m"),
        ("Path(__file__).resolve().parent / 'org/m'", "./pkg/org/m"),
        ("str(Path(__file__).resolve().parent.parent / 'org/m')", "./org/m"),
        ("os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'm')", "./m"),
        ("HERE / (A.m or 'x')", "./pkg/org/m by default"),
    ],
)
def test_folders_beside_the_script_are_local(path, value):
    source = (
        "import argparse, os\nfrom pathlib import Path\n"
        "HERE = Path(__file__).parent\np = argparse.ArgumentParser()\n"
        f"p.add_argument('--m', default='org/m')\nA = p.parse_args()\n{AUTO}{LOAD}({path})"
    )
    (load,) = linked({"pkg/main.py": source}).loads
    assert short(load.site.repo_id) == value


@pytest.mark.parametrize(
    "imported",
    ["from vllm import LLM", "try:\n    from vllm import LLM\nexcept Exception:\n    LLM = None"],
)
def test_an_engine_with_an_unknown_model(imported):
    loads = "".join(f"    LLM(model=args.{name})\n" for name in ("model", "model", "other"))
    source = f"{imported}\ndef worker(args):\n{loads}"
    assert {loader for loader, _ in loaders(source)} == {"vllm.LLM"}
    one, again, other = repos(source)
    assert is_unknown(one)
    assert is_one(one, again) and not is_one(one, other)


@pytest.mark.parametrize(("action", "value"), [("store_true", "-"), ("store_false", "?")])
def test_a_flag_that_decides_whether_unsloth_loads_in_4_bit(action, value):
    source = (
        "import argparse\nfrom unsloth import FastModel\np = argparse.ArgumentParser()\n"
        f"p.add_argument('--four', action='{action}')\n"
        "FastModel.from_pretrained('o/m', load_in_4bit=p.parse_args().four)"
    )
    assert revision(source) == value


@pytest.mark.parametrize("init", ["", "    def __init__(self, **data):\n        pass\n"])
@pytest.mark.parametrize(("given", "value"), [("", "o/m by default"), ("model='o/x', ", "o/x")])
def test_a_model_filled_from_json_of_unknown_content(init, given, value):
    source = (
        f"import json\nfrom pydantic import BaseModel\n{AUTO}"
        f"class P(BaseModel):\n    model: str = 'o/m'\n{init}"
        f"{LOAD}(P({given}**json.load(open('x.json'))).model)"
    )
    assert repo(source) == value


@pytest.mark.parametrize("test", ["tests__data", "test_main"])
def test_what_tests_pass_decides_nothing(test):
    source = f"{AUTO}def f(model='o/m'):\n    {LOAD}(model)"
    assert repo(source, **{test: "from main import f\nf(model='stub')"}) == "o/m by default"


def test_a_method_of_the_projects_own_class():
    source = (
        "class M:\n    def load_adapter(self, x): ...\n"
        "def outer(model: M):\n    def inner(info):\n        model.load_adapter(info.id)"
    )
    assert loaders(source) == []


def test_a_method_of_what_an_own_loader_returns():
    source = (
        "import torch\nclass M(torch.nn.Module):\n    def load_adapter(self, x): ...\n"
        "    @staticmethod\n    def from_pretrained(x): ...\n"
        "m = M.from_pretrained('o/m')\nm.load_adapter('o/a')"
    )
    assert loaders(source) == []


def test_trainer_arguments_that_are_set_afterwards():
    source = (
        "from trl import SFTConfig, SFTTrainer\nt = SFTConfig('x')\n"
        "t.model_init_kwargs = dict(revision='v1')\nSFTTrainer(model='o/m', args=t)"
    )
    assert revision(source) == "v1"


def test_a_registered_class_has_callers_that_nobody_sees():
    source = (
        f"from reg import register_model\n{AUTO}@register_model('hf')\nclass H:\n"
        f"    def __init__(self, pretrained):\n        {LOAD}(pretrained)\n"
        f"        {LOAD}(pretrained)\n"
        "class S(H):\n    def __init__(self, pretrained='s/m'):\n"
        "        super().__init__(pretrained)"
    )
    one, again = repos(source)
    assert is_unknown(one) and is_one(one, again)
