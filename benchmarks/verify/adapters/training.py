"""An adapter is made: put on its base, trained, saved.

Then PEFT loads it again, to see whether it is healthy.
"""

from __future__ import annotations

import copy
import gc
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file

from adapters.bases import NAMED, Base, question
from adapters.placing import Job, arguments

STEPS = 4
SAME = 1e-3
"""How far the reloaded model may be from the trained one, as a part of what the adapter does."""


@dataclass(frozen=True)
class Built:
    """What became of a job.

    `trouble` is why there is no healthy adapter; `effect` the mean change of the output, `drift`
    what of it PEFT's own load loses, `nf4` why PEFT has none in 4 bits.
    """

    name: str
    kind: str
    base: str = ""
    task: str | None = None
    trouble: str = ""
    effect: float = 0.0
    drift: float = 0.0
    nf4: str = ""


def build(job: Job, below: Path) -> Built:
    """Make the adapter below a folder, once; what came of it is remembered there."""
    note = below / "built" / f"{job.name}.json"
    if note.is_file():
        return Built(**json.loads(note.read_text()))
    kind = str(getattr(job.config().peft_type, "value", "")) if _plain(job) else job.config.__name__
    built, refusals = None, []
    for name in job.bases[:6]:
        try:
            built = _on(job, kind, NAMED[name], below)
            break
        except Exception as error:  # whatever PEFT says to a configuration on this base
            refusals.append(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:160]}")
            shutil.rmtree(below / "adapters" / job.name, ignore_errors=True)
    built = built or Built(job.name, kind, trouble="; ".join(refusals[:2]))
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(asdict(built)))
    gc.collect()
    return built


def _plain(job: Job) -> bool:
    try:
        job.config()
    except Exception:
        return False
    return True


def _on(job: Job, kind: str, base: Base, below: Path) -> Built:
    folder = below / "adapters" / job.name
    asked = question(base) | {key: torch.tensor(value) for key, value in job.more.items()
                              if key == "task_ids"}  # fmt: skip
    options = {"num_labels": 3} if job.task in ("SEQ_CLS", "TOKEN_CLS") else {}
    torch.manual_seed(1)
    plain = base.load(below, job.task, **options).eval()
    before = answer(plain, asked)
    model = get_peft_model(plain, _config(job, base))
    _train(model, asked, allocate=bool(job.more.get("allocate")))
    model.eval()
    model.save_pretrained(folder)
    trained = answer(model, asked)
    del model, plain
    torch.manual_seed(2)  # what is drawn again at the load is to be drawn otherwise
    again = PeftModel.from_pretrained(base.load(below, job.task, **options), folder).eval()
    loaded = answer(again, asked)
    effect = float((trained - before).abs().mean()) if trained.shape == before.shape else 1.0
    drift = float((loaded - trained).abs().mean())
    trouble = ""
    if not torch.isfinite(trained).all():
        trouble = "it answers NaN or infinity"
    elif effect == 0.0:
        trouble = "no effect: it changes nothing of the output"
    elif drift > SAME * effect:
        trouble = f"PEFT itself loses {drift / effect:.1%} of its effect"
    del again
    nf4 = "" if trouble else _in_nf4(job, base, below, folder, options)
    return Built(job.name, kind, base.name, job.task, trouble, effect, drift, nf4)


def _config(job: Job, base: Base) -> Any:
    given = copy.deepcopy(arguments(job, base.name))
    config = job.config(**given)
    if getattr(config, "target_modules", "") is None and "target_modules" not in given:
        kind = _model_type(base)
        config.target_modules = None if kind in _defaults(config) else [base.places["lin0"]]
    return config


def _model_type(base: Base) -> str:
    return str(base.make().config.model_type)


def _defaults(config: Any) -> dict[str, Any]:
    """The modules that PEFT takes for an architecture where nobody names any."""
    from peft.utils import constants

    name = f"TRANSFORMERS_MODELS_TO_{config.peft_type.value}_TARGET_MODULES_MAPPING"
    return getattr(constants, name, constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING)


def _train(model: Any, asked: dict[str, Any], *, allocate: bool) -> None:
    model.train()
    wanted = None
    moved = [one for one in model.parameters() if one.requires_grad]
    optimiser = torch.optim.Adam(moved, lr=1e-2)
    for step in range(STEPS):
        optimiser.zero_grad()
        given = _logits(model(**asked))
        if wanted is None or wanted.shape != given.shape:
            wanted = torch.randn(given.shape, generator=torch.Generator().manual_seed(3))
        ((given.float() - wanted) ** 2).mean().backward()
        optimiser.step()
        if allocate:
            model.base_model.update_and_allocate(step)


@torch.no_grad()
def answer(model: Any, asked: dict[str, Any]) -> torch.Tensor:
    """What a model says, after the words that a prompt puts before."""
    plain = {key: value for key, value in asked.items() if key != "task_ids"}
    try:
        given = _logits(model(**asked))
    except TypeError:
        given = _logits(model(**plain))
    if given.ndim == 3 and "input_ids" in asked and "labels" not in asked:
        given = given[:, -asked["input_ids"].shape[1] :]
    return given.float().clone()


def _logits(output: Any) -> torch.Tensor:
    found = getattr(output, "logits", None)
    return found if found is not None else output.last_hidden_state


def _in_nf4(job: Job, base: Base, below: Path, folder: Path, options: dict[str, Any]) -> str:
    """Why PEFT cannot have this adapter on a base in nf4; empty where it can."""
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    try:
        plain = base.load(below, job.task, quantization_config=config, **options)
        model = PeftModel.from_pretrained(plain, folder).eval()
        held = get_peft_model_state_dict(model)
        saved = load_file(folder / "adapter_model.safetensors")
        if lost := [name for name in saved if name not in held
                    or held[name].shape != saved[name].shape]:  # fmt: skip
            return f"lost: {len(lost)} tensors of {len(saved)}, such as {lost[0]}"
    except Exception as error:
        return f"load: {type(error).__name__}: {' '.join(str(error).split())[:160]}"
    try:
        answer(model, question(base))
    except Exception as error:
        return f"forward: {type(error).__name__}: {' '.join(str(error).split())[:160]}"
    return ""
