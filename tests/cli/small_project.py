"""The files of a small project with issue 1678 in it."""

from __future__ import annotations

TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
model = get_peft_model(base, LoraConfig(r=8, revision="refs/pr/23"))
Trainer(model).train()
model.save_pretrained("out/phi")
"""

SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
model = PeftModel.from_pretrained(base, "out/phi")
"""

OTHER = """\
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("acme/other")
"""

PINNED = OTHER.replace('"acme/other"', f'"acme/other", revision="{"a" * 40}"')
