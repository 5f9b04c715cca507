"""What is concluded from two places that belong together, and what is not."""

from __future__ import annotations

import pytest

from tests.whole.running import Small

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
