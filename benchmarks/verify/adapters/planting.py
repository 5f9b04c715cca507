"""A fault is planted in a copy of a healthy adapter, and what is lost is measured by outputs."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel, get_peft_model
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

from adapters.bases import NAMED, Base, question
from adapters.faults import STARTS, Fault, Start
from adapters.training import _train as train, answer


@dataclass
class Planted:
    """The faulty folder, what to ask with, and the loss: 1 is all that the adapter does.

    `loss` is a reason where nothing could be loaded.
    """

    folder: Path
    options: tuple[str, ...]
    loss: float | str
    model: Any = None

    def real(self, least: float) -> bool:
        return isinstance(self.loss, str) or not self.loss <= least

    def told(self) -> str:
        return self.loss[:26] if isinstance(self.loss, str) else f"loses {self.loss:.1%}"

    def forget(self) -> None:
        self.model = None


def plant(fault: Fault, below: Path) -> Planted:
    """The healthy adapter, copied and harmed; what a user then loads is compared with it."""
    start = STARTS[fault.start]
    task = fault.task or start.task
    healthy = _healthy(fault.start, start, task, below)
    folder = below / "faulty" / "".join(c if c.isalnum() else "-" for c in fault.name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(healthy, folder)
    base = NAMED[start.base]
    if fault.contract:
        _record(folder, base, task, below)
    fault.harm(folder)
    other = None if fault.on is None else _folder(fault.on, below)
    options = (*fault.options, *(() if other is None else ("--base", str(other))))
    said = torch.load(healthy.with_suffix(".pt"))
    planted = Planted(folder, options, 0.0)
    try:
        loaded = _as_a_user_does(fault, folder, base, task, below, other)
        planted.model = loaded
        given = answer(loaded, question(base))
        effect = float((said["trained"] - said["plain"]).abs().mean())
        off = float((given - said["trained"]).abs().mean()) / effect
        planted.loss = off if torch.isfinite(given).all() else "NaN"
    except Exception as error:
        planted.loss = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return planted


def _healthy(name: str, start: Start, task: str, below: Path) -> Path:
    folder = below / "healthy" / name.replace(" ", "-").replace(",", "")
    if folder.with_suffix(".pt").is_file():
        return folder
    base = NAMED[start.base]
    torch.manual_seed(1)
    plain = base.load(below, task, **_options(task)).eval()
    before = answer(plain, question(base))
    config = PEFT_TYPE_TO_CONFIG_MAPPING[start.type](task_type=task, **start.given)
    model = get_peft_model(plain, config)
    train(model, question(base), allocate=False)
    model.eval().save_pretrained(folder)
    after = answer(model, question(base))
    torch.save({"plain": before, "trained": after}, folder.with_suffix(".pt"))
    return folder


def _options(task: str) -> dict[str, Any]:
    return {"num_labels": 3} if task == "SEQ_CLS" else {}


def _folder(name: str, below: Path) -> Path:
    """The folder of a base, or of one with other weights and the same names (`…-other`)."""
    base = NAMED[name.removesuffix("-other")]
    if not name.endswith("-other"):
        return base.folder(below)
    path = below / "bases" / name
    if not (path / "config.json").is_file():
        torch.manual_seed(99)
        base.make().save_pretrained(path)
    return path


def _record(folder: Path, base: Base, task: str, below: Path) -> None:
    import loralint

    plain = base.load(below, task, **_options(task))
    loralint.record(PeftModel.from_pretrained(plain, folder).eval(), folder)


def _as_a_user_does(
    fault: Fault, folder: Path, base: Base, task: str, below: Path, other: Path | None
) -> Any:
    """By AutoModel, of the class that the configuration asks for, and by PeftModel."""
    torch.manual_seed(3)
    if other is not None:
        from adapters.bases import auto_class

        plain = auto_class(base.family, task).from_pretrained(other, **_options(task))
    elif (folder / "config.json").is_file():  # AutoModel takes it for the base
        from transformers import AutoModelForCausalLM

        plain = AutoModelForCausalLM.from_pretrained(folder)
        return plain.eval()
    else:
        asked = task if fault.load else _task(folder, task)
        plain = base.load(below, asked, **_options(asked))
    if fault.load is not None:
        return fault.load(None, folder, plain)
    if (folder / "adapter_model.bin").is_file() and not _has_weights(folder):
        raise ValueError("the pickle has no tensors")
    return PeftModel.from_pretrained(plain, folder).eval()


def _has_weights(folder: Path) -> bool:
    return (folder / "adapter_model.safetensors").is_file()


def _task(folder: Path, task: str) -> str:
    """The task that the configuration has; where it has lost it, the base's own class."""
    try:
        PeftConfig.from_pretrained(folder)
    except Exception:
        return task
    found = json.loads((folder / "adapter_config.json").read_text()).get("task_type")
    return str(found or "CAUSAL_LM")
