"""What is concluded from two places that belong together, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.whole.running import Small

Branching = Callable[[str, str, str], str]
COMMIT = "7d1c0be4a2f94f0b8a3e5c6617d2930fe4b8a15c"

# --- what takes its own place ---------------------------------------------------------------------

FIELD = f"""\
from dataclasses import dataclass
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModel, Trainer, TrainingArguments


{{}}


job = Job(AutoModel.from_pretrained("org/m", revision="{COMMIT}"))
Trainer(job.model, TrainingArguments("out")).train()
"""
HOLDERS = {
    "a dataclass": """\
@dataclass
class Job:
    model: Any

    def __post_init__(self):
        self.model = {}""",
    "a constructor": """\
class Job:
    def __init__(self, model):
        self.model = model
        self.wrap()

    def wrap(self):
        self.model = {}""",
    "an annotation": """\
class Job:
    model: Any

    def __init__(self, model):
        setattr(self, "model", model)

    def wrap(self):
        self.model = {}""",
    "a class that something else fills": """\
class Job(Trainer):
    def create_optimizer(self):
        if self.args.lora:
            self.model = {}
        return super().create_optimizer()""",
}
WRAPPINGS = {
    "get_peft_model": f'get_peft_model(self.model, LoraConfig(r=8, revision="{COMMIT}"))',
    "PeftModel": 'PeftModel.from_pretrained(self.model, "out/start", is_trainable=True)',
    "by keyword": f'get_peft_model(model=self.model, peft_config=LoraConfig(revision="{COMMIT}"))',
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_an_attribute_is_wrapped_once(small: Small, holder: str, wrapping: str) -> None:
    small.write({"train.py": FIELD.format(HOLDERS[holder].format(WRAPPINGS[wrapping]))})
    assert small.found("LOR301", "LOR303", "LOR308", "LOR311") == []


def test_an_attribute_is_wrapped_twice(small: Small) -> None:
    twice = """\
class Job:
    def __init__(self, model):
        self.model = get_peft_model(model, LoraConfig(r=8))

    def wrap(self):
        self.other = get_peft_model(self.model, LoraConfig(r=8))"""
    small.write({"train.py": FIELD.format(twice)})
    assert small.found("LOR311") == [("LOR311", "train.py", 13)]


# --- branches -------------------------------------------------------------------------------------

HEAD = """\
import argparse

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer

NF4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
FP4 = BitsAndBytesConfig(load_in_4bit=True)
parser = argparse.ArgumentParser()
parser.add_argument("--four", action="store_true")
parser.add_argument("--bits", required=True, type=int)
args = parser.parse_args()
"""
LOADED = 'AutoModelForCausalLM.from_pretrained("acme/base", quantization_config={})'
TRAINED = """\

model = get_peft_model(base, LoraConfig(r=8))
Trainer(model=model).train()
model.save_pretrained("out/lora")
"""
SERVED = """\

model = PeftModel.from_pretrained(base, "out/lora")
"""


def chosen(test: str, on: str, off: str) -> str:
    """A base that a condition chooses."""
    one, other = LOADED.format(on), LOADED.format(off)
    return f"if {test}:\n    base = {one}\nelse:\n    base = {other}\n"


def expression(test: str, on: str, off: str) -> str:
    """The same as one expression."""
    one, other = LOADED.format(on), LOADED.format(off)
    return f"base = {one} if {test} else {other}\n"


BRANCHES = {
    "equal sets": (("args.four", "NF4", "None"), ("args.four", "NF4", "None"), []),
    "equal sets, the other way about": (
        ("args.four", "NF4", "None"), ("not args.four", "None", "NF4"), [],
    ),
    "the branch that nobody sets differs": (
        ("args.four", "NF4", "FP4"), ("args.four", "FP4", "FP4"), [],
    ),
    "the branch that runs differs": (
        ("args.four", "NF4", "NF4"), ("args.four", "NF4", "FP4"), [15],
    ),
    "somebody has to say, and one branch differs": (
        ("args.bits == 4", "NF4", "FP4"), ("args.bits == 4", "FP4", "FP4"), [13],
    ),
    "one branch of the other side matches": (("args.bits == 4", "NF4", "FP4"), "NF4", []),
    "no branch of the other side matches": (("args.four", "NF4", "NF4"), "FP4", [12]),
    "one branch here matches": ("NF4", ("args.bits == 4", "NF4", "FP4"), []),
}  # fmt: skip


@pytest.mark.parametrize("how", [chosen, expression])
@pytest.mark.parametrize("case", BRANCHES)
def test_branches_are_compared_with_their_like(small: Small, case: str, how: Branching) -> None:
    train, infer, rows = BRANCHES[case]
    sides = [
        HEAD + (f"base = {LOADED.format(each)}\n" if isinstance(each, str) else how(*each))
        for each in (train, infer)
    ]
    small.write({"train.py": sides[0] + TRAINED, "serve.py": sides[1] + SERVED})
    found = [row for _, _, row in small.found("LOR204")]
    assert found == (rows if how is chosen else [12 for _ in rows])


def test_a_command_says_which_branch_runs(small: Small) -> None:
    train, infer = chosen("args.four", "NF4", "FP4"), chosen("args.four", "FP4", "FP4")
    small.write({
        "train.py": HEAD + train + TRAINED,
        "serve.py": HEAD + infer + SERVED,
        "run.sh": "python train.py --four\npython serve.py --four\n",
    })  # fmt: skip
    assert small.found("LOR204") == [("LOR204", "serve.py", 13)]


TASKS = """\
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

config = PeftConfig.from_pretrained("out/lora")
{}
PeftModel.from_pretrained(base, "out/lora").merge_and_unload().save_pretrained("out/merged")
"""
TRAINS = """\
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTTrainer

model = AutoModelForCausalLM.from_pretrained("acme/base")
trainer = SFTTrainer(model=model, peft_config=LoraConfig(r=8, task_type="CAUSAL_LM"))
trainer.train()
trainer.save_model("out/lora")
"""
HEADS = [f'AutoModelFor{each}.from_pretrained("acme/base")' for each in
         ("SequenceClassification", "CausalLM")]  # fmt: skip
BY_TASK = {
    "a condition": (
        f'if config.task_type == "SEQ_CLS":\n    base = {HEADS[0]}\nelse:\n    base = {HEADS[1]}'
    ),
    "a conditional expression": (
        f'base = {HEADS[0]} if config.task_type == "SEQ_CLS" else {HEADS[1]}'
    ),
    "several conditions": (
        f'if config.task_type == "SEQ_CLS":\n    base = {HEADS[0]}\n'
        f'elif config.task_type in ("CAUSAL_LM", None):\n    base = {HEADS[1]}\n'
        "else:\n    raise ValueError"
    ),
}


@pytest.mark.parametrize("case", BY_TASK)
def test_another_task_s_branch_is_not_taken_as_done(small: Small, case: str) -> None:
    small.write({"train.py": TRAINS, "merge.py": TASKS.format(BY_TASK[case])})
    assert small.found("LOR207", "LOR208") == []


def test_one_branch_alone_is(small: Small) -> None:
    small.write({"train.py": TRAINS, "merge.py": TASKS.format(f"base = {HEADS[0]}")})
    assert small.found("LOR207") == [("LOR207", "merge.py", 5)]


# --- one mistake, one finding ---------------------------------------------------------------------

PARTIAL = {
    "an id": f"""\
from transformers import AutoModel

AutoModel.from_pretrained("org/m"){{comment}}
AutoModel.from_pretrained("org/m", revision="{COMMIT}")
""",
    "a tokenizer": f"""\
from transformers import AutoModel, AutoTokenizer

AutoTokenizer.from_pretrained("org/m"){{comment}}
AutoModel.from_pretrained("org/m", revision="{COMMIT}")
""",
}


@pytest.mark.parametrize("case", PARTIAL)
def test_a_partial_pin_stands_in_place_of_a_missing_revision(small: Small, case: str) -> None:
    small.write({"load.py": PARTIAL[case].format(comment="")})
    assert small.found("LOR101", "LOR211") == [("LOR211", "load.py", 3)]


@pytest.mark.parametrize("name", ["LOR211", "partial-pin"])
def test_a_comment_for_it_hides_both(small: Small, name: str) -> None:
    small.write({"load.py": PARTIAL["an id"].format(comment=f"  # loralint: ignore[{name}]")})
    assert small.found("LOR101", "LOR211", "LOR002") == []


def test_alone_a_missing_revision_is_reported(small: Small) -> None:
    small.write({"load.py": PARTIAL["an id"].format(comment="")})
    found = small.asked("check", "--ignore", "LOR211")
    assert [one["code"] for one in found] == ["LOR101"]
