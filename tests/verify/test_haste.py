"""The cheap tiers are cheap: the header needs no model library, a forecast none for weights."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from tests.verify.healthy import HEALTHY
from tests.verify.surgery import config, copied

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

CODE = """
import sys
from loralint.cli import loralint
try:
    loralint(["verify", sys.argv[1], "--tier", sys.argv[2], "--quiet"])
finally:  # of the two halves of the process, in the one that has done the work
    if "loralint.verify.tiers" in sys.modules:
        print(FOUND)
"""
LIBRARIES = 'sorted({"torch", "transformers", "peft", "numpy"} & sys.modules.keys())'
HIDDEN = (
    '[sys.modules.get(name, "seen") for name in ("bitsandbytes", "pandas")], "torch" in sys.modules'
)


def run(code, *given):
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, given)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_header_tier_imports_no_model_library(zoo):
    done = run(CODE.replace("FOUND", LIBRARIES), HEALTHY[0].build(zoo), "header")
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr[-2000:]


def test_a_forecast_hides_only_what_no_adapter_asks_for(zoo):
    """scipy is asked for by LoftQ, scikit-learn by EVA: an adapter of theirs must not fail."""
    done = run(CODE.replace("FOUND", HIDDEN), HEALTHY[0].build(zoo), "dry-run")
    assert (done.returncode, done.stdout) == (0, "[None, None] True\n"), done.stderr[-2000:]


FIRST_VALUES = """
import sys
from loralint.verify.forecast import foresee
from loralint.verify.folder import open_folder
from loralint.verify.case import Asked, case_for
case = case_for(sys.argv[1], Asked())
assert foresee(case, open_folder(case.adapter)).model is not None
from transformers import BertConfig, BertModel, AutoModel
model = BertModel(BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                             intermediate_size=32, vocab_size=99, max_position_embeddings=32))
model.save_pretrained(sys.argv[2])
again = AutoModel.from_pretrained(sys.argv[2])
print(again.embeddings.position_ids.tolist() == [list(range(32))])
"""


def test_a_forecast_leaves_later_loads_their_first_values(zoo, tmp_path):
    """Functions that fill nothing, once imported from torch, would be used for ever."""
    done = run(FIRST_VALUES, HEALTHY[0].build(zoo), tmp_path / "bert")
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr[-2000:]


def test_adapters_that_take_for_ever_end_at_the_limit(zoo, tmp_path):
    """A regular expression holds Python's lock: only another process can end it."""
    folder = copied(HEALTHY[0].build(zoo), tmp_path / "a")
    config(target_modules="(.*a*)*(.*)*(x+x+)+y.*q_proj.*(([a-z_]+)+)+$!")(folder)
    began = time.monotonic()
    command = [sys.executable, "-m", "loralint", "verify", str(folder), "--tier", "dry-run",
               "--timeout", "40", "--output-format", "json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "did not end in the time" in json.loads(done.stdout)["skipped"][0]["reason"]
    assert time.monotonic() - began < 120


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
