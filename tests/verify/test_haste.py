"""The cheap tiers are cheap: the header needs no model library, a forecast none for weights."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from tests.verify.healthy import HEALTHY

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
