"""What test_sharded.py runs in two processes: training and saving, spread over both.

Arguments: the base's folder, and a folder for what is saved and said.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

import loralint
from loralint.verify import callback
from loralint.verify.result import UnusableInputError
from tests.verify.tiny import TARGETS, words
from tests.verify.zoo import randomise

ROW = list(range(3, 19))


def main(base: str, out: Path) -> None:
    said: dict[str, Any] = {"recorded": _counted()}
    parallel(base, out / "ddp")
    sharded_twice(base, out / "fsdp2", said)
    sharded_once(base, out / "fsdp1", said)
    dist.barrier()  # nobody waits for the other: both come here
    (out / f"said-{dist.get_rank()}.json").write_text(json.dumps(said))
    dist.destroy_process_group()


def _counted() -> list[str]:
    """The names of the folders that this process has recorded, from now on."""
    plain, found = callback.record, []

    def record(model: Any, folder: Path, wish: Any) -> Any:
        found.append(f"{folder.parent.name}/{folder.name}")
        return plain(model, folder, wish)

    callback.record = record
    return found


def made(base: str) -> Any:
    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    randomise(model)
    return model


def parallel(base: str, out: Path) -> None:
    """Trainer, each process with a whole model; this joins the two."""
    given = TrainingArguments(
        output_dir=str(out), max_steps=2, save_steps=2, per_device_train_batch_size=2,
        report_to=[], use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(
        made(base),
        given,
        train_dataset=[{"input_ids": ROW, "labels": ROW}] * 8,
        processing_class=words(),
        callbacks=[loralint.RecordCallback(strict=True)],
    )
    trainer.train()
    trainer.save_model(str(out / "final"))


def watched(model: Any) -> Any:
    loralint.RecordCallback(strict=True).on_train_begin(None, None, None, model=model)
    return model


def forward(model: Any) -> None:
    ids = torch.tensor([ROW])
    model(input_ids=ids, labels=ids).loss.backward()


def refused(model: Any, folder: Path) -> str:
    try:
        loralint.verify_loaded(model, folder)
    except UnusableInputError as error:
        return str(error)
    return ""


def sharded_twice(base: str, out: Path, said: dict[str, Any]) -> None:
    """FSDP 2: each tensor is a DTensor; the first process saves the gathered ones."""
    model = watched(made(base))
    mesh = init_device_mesh("cpu", (2,))
    for layer in model.get_base_model().model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    forward(model)
    whole = StateDictOptions(full_state_dict=True, cpu_offload=True)
    state = get_model_state_dict(model, options=whole)
    if dist.get_rank() == 0:
        model.save_pretrained(out / "final", state_dict=state)
        said["fsdp2"] = refused(model, out / "final")


def sharded_once(base: str, out: Path, said: dict[str, Any]) -> None:
    """FSDP 1: tensors are views of flat ones.

    Torch's own gathering crashes on a CPU. Only the whole is wrapped: PEFT saves nothing of layers
    that are wrapped one by one.
    """
    model = watched(made(base))
    state = {name: one.clone() for name, one in get_peft_model_state_dict(model).items()}
    cpu = torch.device("cpu")
    wrapped = FullyShardedDataParallel(model, use_orig_params=True, device_id=cpu)
    forward(wrapped)
    if dist.get_rank() == 0:
        named = {name.replace(".weight", ".default.weight"): one for name, one in state.items()}
        model.save_pretrained(out / "final", state_dict=named)
        said["fsdp1"] = refused(model, out / "final")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
