"""Recording where a model is spread over processes: two of them, joined by gloo on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from safetensors.torch import load_file, save_file

import loralint
from loralint.verify.adapter import is_sharded
from loralint.verify.case import Asked, case_for
from loralint.verify.folder import read_contract
from loralint.verify.record import RecordError
from loralint.verify.tiers import verify
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
KINDS = ("ddp", "fsdp2", "fsdp1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder in which two processes have trained, saved and recorded."""
    tmp = tmp_path_factory.mktemp("two")
    base = llama(tmp / "base", tokenizer=True)
    given = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
         "-m", "tests.verify.two_processes", str(base), str(tmp)],
        capture_output=True, text=True, env=given, cwd=ROOT, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return tmp


def said(run, rank):
    return json.loads((run / f"said-{rank}.json").read_text())


def test_only_the_process_that_saves_records(run):
    assert said(run, 1)["recorded"] == []
    assert sorted(said(run, 0)["recorded"]) == [
        "ddp/checkpoint-2", "ddp/final", "fsdp1/final", "fsdp2/final",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_contract_has_the_whole_tensors(run, kind):
    folder = run / kind / "final"
    contract = read_contract(folder)
    tensors = load_file(folder / "adapter_model.safetensors")
    assert len(tensors) == len(contract.adapter.tensors) == 12
    assert {name: tuple(one.shape) for name, one in tensors.items()} == {
        name: tuple(one.shape) for name, one in contract.adapter.tensors.items()
    }
    assert contract.loading.model_class == "LlamaForCausalLM"
    found = verify(case_for(str(folder), Asked()), ("header", "dry-run"))
    assert (found.verdict, found.findings) == ("verified", ())


@pytest.mark.parametrize("kind", KINDS)
def test_golden_logits_need_a_whole_model(run, kind):
    contract = read_contract(run / kind / "final")
    if kind == "ddp":
        assert contract.golden is not None
    else:
        assert contract.golden is None
        assert "loralint record" in contract.skipped["golden"]


@pytest.mark.parametrize("kind", ["fsdp1", "fsdp2"])
def test_spread_model_is_not_verified_in_place(run, kind):
    assert "spread over several processes" in said(run, 0)[kind]


def test_whole_models_are_not_taken_for_shards(tmp_path):
    model = adapter(str(llama(tmp_path / "base")), tmp_path / "a")
    assert not is_sharded(model)
    assert not is_sharded(torch.nn.parallel.DataParallel(model))


def test_partition_is_not_recorded(tmp_path):
    """ZeRO-3 without gathering: the file has the shapes of nothing."""
    model = adapter(str(llama(tmp_path / "base")), tmp_path / "a")
    path = tmp_path / "a" / "adapter_model.safetensors"
    save_file({name: one[:0] for name, one in load_file(path).items()}, path)
    with pytest.raises(RecordError, match="gather them before saving"):
        loralint.record(model, tmp_path / "a")


def test_bug_in_recording_does_not_end_a_training(tmp_path, monkeypatch, caplog):
    from loralint.verify import callback

    def broken(*given):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(callback, "record", broken)
    model = adapter(str(llama(tmp_path / "base")), tmp_path / "a")
    loralint.RecordCallback().on_train_begin(None, None, None, model=model)
    model.save_pretrained(tmp_path / "b")
    assert "without a contract" in caplog.text
    loralint.RecordCallback(strict=True).on_train_begin(None, None, None, model=model)
    with pytest.raises(ZeroDivisionError):
        model.save_pretrained(tmp_path / "c")
