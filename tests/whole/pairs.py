"""A training script and an inference script that are one pair, to be filled in."""

from __future__ import annotations

TRAINS = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer
{before}
base = AutoModelForCausalLM.from_pretrained({given})
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model=model).train()
model.save_pretrained("{out}")
"""

SERVES = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM
{before}
base = AutoModelForCausalLM.from_pretrained({given})
model = PeftModel.from_pretrained(base, "{out}")
"""


def trains(before: str, given: str, out: str = "out/lora") -> str:
    """A script that trains what it loads, and saves the adapter."""
    return TRAINS.format(before=before, given=given, out=out)


def serves(before: str, given: str, out: str = "out/lora") -> str:
    """A script that loads a base and puts the adapter on it."""
    return SERVES.format(before=before, given=given, out=out)
