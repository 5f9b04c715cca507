"""Many trainings of one adapter, many loads of it: findings grow with the loads, not their product.

A stranger's ten kilobytes were nine seconds and 1,600 findings.
"""

from __future__ import annotations

HEAD = """\
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM
"""
MANY = 24


def _train(number: int) -> str:
    return (
        f'base = AutoModelForCausalLM.from_pretrained("org/m", revision="r{number}")\n'
        'get_peft_model(base, LoraConfig()).save_pretrained("out")\n'
    )


def _serve(number: int) -> str:
    return (
        f'base = AutoModelForCausalLM.from_pretrained("org/m", revision="s{number}")\n'
        'PeftModel.from_pretrained(base, "out")\n'
    )


def test_one_finding_a_load_names_the_first_trainings_and_counts_the_others(small):
    small.write(
        {
            "train.py": HEAD + "".join(map(_train, range(MANY))),
            "serve.py": HEAD + "".join(map(_serve, range(MANY))),
        }
    )
    found = small.findings("LOR201")
    assert len(found) == MANY
    assert all("(and 8 further saves there)" in one["message"] for one in found)
    assert len(small.asked("pairs")) <= 16 * MANY
