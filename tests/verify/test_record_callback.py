"""`loralint.RecordCallback`: every save of a trainer has its contract."""

from __future__ import annotations

import copy
import json

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

import loralint
from loralint import contract as contracts
from loralint.verify.record import RecordError
from tests.verify.tiny import TARGETS, llama, words

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

ROWS = [{"input_ids": list(range(3, 19)), "labels": list(range(3, 19))}] * 8
LORA = {"r": 4, "target_modules": TARGETS, "task_type": "CAUSAL_LM"}


def arguments(folder, **given):
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=4,
        save_steps=2,
        logging_steps=1,
        per_device_train_batch_size=2,
        learning_rate=0.05,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        **given,
    )


def trained(folder, base, callback, **given):
    torch.manual_seed(0)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(**LORA))
    trainer = Trainer(
        model,
        arguments(folder, **given),
        train_dataset=ROWS,
        processing_class=words(),
        callbacks=[callback],
    )
    trainer.train()
    trainer.save_model(str(folder / "final"))
    return trainer


def read(folder):
    return contracts.parse((folder / contracts.NAME).read_bytes())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return llama(tmp_path_factory.mktemp("callback") / "base")


@pytest.fixture(scope="module")
def run(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return trained(folder, base, loralint.RecordCallback()), folder


def test_checkpoints_and_the_final_model_are_recorded(run):
    _, folder = run
    written = sorted(path.parent.name for path in folder.rglob(contracts.NAME))
    assert written == ["checkpoint-2", "checkpoint-4", "final"]


def test_each_contract_is_of_its_own_weights(run):
    from safetensors.torch import load_file

    from loralint.verify import files

    _, folder = run
    seen = set()
    for name in ("checkpoint-2", "checkpoint-4", "final"):
        recorded = read(folder / name).adapter
        tensors = load_file(folder / name / recorded.weights)
        assert recorded.tensors == {key: files.of_tensor(one) for key, one in tensors.items()}
        seen.add(json.dumps(sorted(one.sha256 for one in recorded.tensors.values())))
    assert len(seen) == 2, "the final model is that of the last step, and the first differs"


def test_trainer_s_tokenizer_is_recorded(run):
    assert read(run[1] / "final").tokenizer.length == 99


def test_golden_logits_show_what_was_learnt(run):
    assert read(run[1] / "checkpoint-2").golden.effect > 0


def test_training_is_not_changed_by_recording(base, run, tmp_path):
    """The same losses to the last bit, with and without a forward at every save."""
    from transformers import TrainerCallback

    plain = trained(tmp_path, base, TrainerCallback())
    losses = [
        [(row["step"], row.get("loss"), row.get("train_loss")) for row in one.state.log_history]
        for one in (plain, run[0])
    ]
    assert losses[0] == losses[1]
    for mine, theirs in zip(plain.model.parameters(), run[0].model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
        assert mine.requires_grad == theirs.requires_grad
    assert plain.model.training == run[0].model.training
    assert not list(tmp_path.rglob(contracts.NAME))


def test_mixed_precision_is_recorded_without_it(base, tmp_path):
    """accelerate puts a casting forward into the model: verification has none."""
    trained(tmp_path, base, loralint.RecordCallback(), bf16=True)
    from peft import PeftModel

    model = AutoModelForCausalLM.from_pretrained(base)
    reloaded = PeftModel.from_pretrained(model, tmp_path / "final")
    recorded = read(tmp_path / "final").golden
    with torch.no_grad():
        logits = reloaded.eval()(torch.tensor(recorded.token_ids)).logits
    kept = torch.frombuffer(bytearray(recorded.values), dtype=torch.float32)
    assert torch.equal(kept.reshape(recorded.shape), logits[..., list(recorded.columns)])


def test_only_the_process_that_saves_records(base, tmp_path):
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(**LORA))
    trainer = Trainer(
        model,
        arguments(tmp_path),
        train_dataset=ROWS,
        processing_class=words(),
        callbacks=[loralint.RecordCallback(strict=True)],
    )
    trainer.train()
    model.save_pretrained(tmp_path / "rank1", is_main_process=False)
    assert not (tmp_path / "rank1" / contracts.NAME).exists()


def test_every_adapter_of_a_model_is_recorded(run, tmp_path):
    trainer, _ = run
    model = trainer.model
    model.add_adapter("second", LoraConfig(**LORA))
    try:
        model.save_pretrained(tmp_path)
    finally:
        model.delete_adapter("second")
    assert read(tmp_path).golden is not None
    second = read(tmp_path / "second")
    assert second.golden is None
    assert "not the active one" in second.skipped["golden"]


def test_copies_are_not_watched(run, tmp_path):
    copy.deepcopy(run[0].model).save_pretrained(tmp_path)
    assert not (tmp_path / contracts.NAME).exists()


def test_failure_is_logged_and_the_training_goes_on(base, tmp_path, caplog):
    callback = loralint.RecordCallback(base=str(tmp_path / "elsewhere"), revision="v1")
    llama(tmp_path / "elsewhere", seed=9)
    trained(tmp_path / "out", base, callback)
    assert not list((tmp_path / "out").rglob(contracts.NAME))
    assert "saved without a contract" in caplog.text
    assert "does not have the weights" in caplog.text


def test_strict_raises(base, tmp_path):
    llama(tmp_path / "elsewhere", seed=9)
    callback = loralint.RecordCallback(base=str(tmp_path / "elsewhere"), strict=True)
    with pytest.raises(RecordError, match="does not have the weights"):
        trained(tmp_path / "out", base, callback)


def test_sft_trainer_of_trl(base, tmp_path):
    trl = pytest.importorskip("trl")
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"text": ["w1 w2 w3 w4 w5 w6"] * 8})
    config = trl.SFTConfig(
        output_dir=str(tmp_path),
        max_steps=2,
        save_steps=1,
        per_device_train_batch_size=2,
        report_to=[],
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
    )
    trainer = trl.SFTTrainer(
        model=str(base),
        args=config,
        train_dataset=rows,
        processing_class=words(),
        peft_config=LoraConfig(**LORA),
        callbacks=[loralint.RecordCallback()],
    )
    trainer.train()
    trainer.save_model()
    written = sorted(
        str(one.parent.relative_to(tmp_path)) for one in tmp_path.rglob(contracts.NAME)
    )
    assert written == [".", "checkpoint-1", "checkpoint-2"]
    recorded = read(tmp_path)
    assert recorded.base.id == str(base)
    assert recorded.golden is not None
