"""A dry run in a slim process says what it says in a plain one, for models of many kinds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

SHAPES = """
import json, sys
if sys.argv[1] == "slim":
    from loralint.verify.slim import slim
    slim()
import torch
from loralint.verify.slim import no_first_values
from contextlib import nullcontext
from transformers import AutoConfig, AutoModel
from peft import LoraConfig, get_peft_model
found = {}
for kind in sys.argv[2:]:
    with torch.device("meta"), no_first_values() if sys.argv[1] == "slim" else nullcontext():
        model = AutoModel.from_config(AutoConfig.for_model(kind))
        lora = LoraConfig(target_modules="all-linear")
        model = get_peft_model(model, lora, low_cpu_mem_usage=True)
    found[kind] = {name: list(one.shape) for name, one in model.state_dict().items()}
from torch import _dynamo
print(json.dumps([type(_dynamo).__name__, found]))
"""
KINDS = (
    "llama",
    "gpt2",
    "bert",
    "t5",
    "whisper",
    "vit",
    "mixtral",
    "falcon",
    "deepseek_v3",
    "clip",
)


def shapes(how: str):
    command = [sys.executable, "-W", "ignore", "-c", SHAPES, how, *KINDS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_models_are_the_same_without_the_compiler():
    compiler, slim = shapes("slim")
    assert compiler == "_StandIn"
    assert slim == shapes("plain")[1]


REAL = """
from loralint.verify.slim import slim
slim()
from importlib.util import find_spec
assert find_spec("sympy").origin.endswith("__init__.py")
import torch, sympy
assert sympy.Symbol("x") + 1 == sympy.sympify("x + 1")
from torch.fx.experimental.symbolic_shapes import ShapeEnv
ShapeEnv()
from torch._dynamo import utils
assert torch._dynamo.is_compiling() is False
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist() == [2.0, 2.0]
print("real")
"""


def test_who_asks_for_more_gets_the_real_module():
    command = [sys.executable, "-W", "ignore", "-c", REAL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "real\n", done.stderr[-2000:]


def test_the_exit_code_and_all_of_the_output_arrive(tmp_path):
    """The process leaves at once: nothing that it printed may be lost, into a pipe either."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"peft_type": "LORA", "base_model_name_or_path": str(tmp_path / "gone"), "r": 2}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    command = [sys.executable, "-m", "loralint", "verify", str(folder), "--tier", "dry-run",
               "--output-format", "json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["verdict"] == "inconclusive"
