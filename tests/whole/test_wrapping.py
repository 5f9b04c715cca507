"""Of several models in one script, only those that are wrapped carry an adapter."""

from __future__ import annotations

import pytest

from tests.whole.pairs import ADDED, DRAWS, LORA, PARTS
from tests.whole.running import Small
from tests.whole.test_pairs import A, Files, pairs_of, served, trained

# --- several models in one script ----------------------------------------------------------------

HELPER = """\
import sys

from diffusers import UNet2DConditionModel
from peft import LoraConfig, get_peft_model


def load(part):
    return UNet2DConditionModel.from_pretrained("org/sd", subfolder=part)


vae = load("vae")
unet = get_peft_model(load("unet"), LoraConfig(r=8))
unet(vae(batch)).sample.mean().backward()
unet.save_pretrained(sys.argv[1])
"""
POLICY = """\
import sys

from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from trl import PPOConfig, PPOTrainer

reward = AutoModelForSequenceClassification.from_pretrained("org/a")
reference = AutoModelForCausalLM.from_pretrained("org/a")
policy = AutoModelForCausalLM.from_pretrained("org/a")
trainer = PPOTrainer(
    args=PPOConfig(sys.argv[1]), model=policy, ref_model=reference, reward_model=reward,
    peft_config=LoraConfig(),
)
trainer.train()
"""
COMPONENTS: dict[str, tuple[Files, list[tuple[str, str]]]] = {
    "wrapped in place, saved by the pipeline": (
        {"train.py": PARTS.format(vae="org/sd", wrap=ADDED, save=LORA),
         "draw.py": DRAWS.format(load="load_lora_weights", adapter="out/lora")},
        [("train.py:9", "draw.py:3")],
    ),
    "a VAE of another repository": (
        {"train.py": PARTS.format(vae="org/vae", wrap=ADDED, save=LORA),
         "draw.py": DRAWS.format(load="load_lora_weights", adapter="out/lora")},
        [("train.py:9", "draw.py:3")],
    ),
    "a VAE of another repository, where nothing shows what is wrapped": (
        {"train.py": PARTS.format(vae="org/vae", wrap="add_lora(unet, LoraConfig())", save=LORA),
         "draw.py": DRAWS.format(load="load_lora_weights", adapter="out/lora")},
        [("train.py:9", "draw.py:3")],
    ),
    "attention processors": (
        {"train.py": PARTS.format(vae="org/sd", wrap=ADDED, save="unet.save_attn_procs('out/x')"),
         "draw.py": DRAWS.format(load="unet.load_attn_procs", adapter="out/x")},
        [("train.py:9", "draw.py:3")],
    ),
    "one helper loads every part": (
        {"train.py": HELPER, "draw.py": DRAWS.format(load="load_lora_weights", adapter="me/x")},
        [("train.py:8", "draw.py:3")],
    ),
    "a policy, its reference and its reward": (
        {"train.py": POLICY, "serve.py": served(out="me/lora")},
        [("train.py:9", "serve.py:4")],
    ),
    "an image adapter": (
        {"train.py": PARTS.format(vae="org/sd", wrap=ADDED, save="unet.save_pretrained(sys.argv)"),
         "draw.py": DRAWS.format(load="load_ip_adapter", adapter="me/ip")},
        [],
    ),
    "an embedding": (
        {"train.py": PARTS.format(vae="org/sd", wrap=ADDED, save="unet.save_pretrained(sys.argv)"),
         "draw.py": DRAWS.format(load="load_textual_inversion", adapter="me/cat")},
        [],
    ),
    "a second adapter on one base": (
        {"train.py": trained(), "serve.py": served() + served(out="out/other").split("\n", 4)[4]},
        [("train.py:4", "serve.py:4")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPONENTS)
def test_only_what_is_wrapped_is_trained(small: Small, case: str) -> None:
    files, expected = COMPONENTS[case]
    assert pairs_of(small, files) == expected


BRANCHES = """\
from transformers import AutoModelForCausalLM


def build_model(name, how):
    if how == "a":
        model = AutoModelForCausalLM.from_pretrained(name)
    elif how == "b":
        model = AutoModelForCausalLM.from_pretrained(name)
    else:
        model = AutoModelForCausalLM.from_pretrained(name)
    return model
"""


def test_branches_of_a_helper_are_one_load_at_its_call(small: Small) -> None:
    serve = "from load import build_model\nfrom peft import PeftModel\nimport sys\n"
    serve += (
        'base = build_model("org/a", sys.argv[1])\nPeftModel.from_pretrained(base, "out/lora")\n'
    )
    other = 'build_model("org/b", "a")\n'
    small.write({"train.py": trained(f'"org/a", revision="{A}"'), "load.py": BRANCHES})
    small.write({"serve.py": serve, "other.py": f"from load import build_model\n\n{other}"})
    assert len(small.asked("pairs")) == 1
    assert small.found("LOR201") == [("LOR201", "load.py", row) for row in (6, 8, 10)]


# --- add_adapter ---------------------------------------------------------------------------------

IN_PLACE = {
    "transformers": """\
from peft import LoraConfig
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

model = AutoModelForCausalLM.from_pretrained("org/a", revision="v1")
model.add_adapter(LoraConfig(r=8))
Trainer(model, TrainingArguments("runs/x")).train()
model.save_pretrained("out/lora")
""",
    "a name behind": """\
from peft import LoraConfig
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

model = AutoModelForCausalLM.from_pretrained("org/a", revision="v1")
config = LoraConfig(r=8)
model.add_adapter(config, adapter_name="x")
Trainer(model, TrainingArguments("out/lora")).train()
""",
    "sentence-transformers": """\
from peft import LoraConfig, TaskType
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer

model = SentenceTransformer("org/a", revision="v1")
model.add_adapter(LoraConfig(task_type=TaskType.FEATURE_EXTRACTION))
SentenceTransformerTrainer(model).train()
model.save_pretrained("out/lora")
""",
    "diffusers": """\
from diffusers import UNet2DConditionModel
from peft import LoraConfig

unet = UNet2DConditionModel.from_pretrained("org/a", revision="v1")
unet.add_adapter(LoraConfig(r=8))
unet(batch).sample.mean().backward()
unet.save_lora_adapter("out/lora")
""",
    "in a function": """\
from peft import LoraConfig
from transformers import AutoModelForCausalLM, Trainer


def prepare(model):
    model.add_adapter(LoraConfig(r=8))
    return model


model = prepare(AutoModelForCausalLM.from_pretrained("org/a", revision="v1"))
Trainer(model).train()
model.save_pretrained("out/lora")
""",
}


@pytest.mark.parametrize("library", IN_PLACE)
def test_add_adapter_wraps_its_receiver(small: Small, library: str) -> None:
    small.write({"train.py": IN_PLACE[library], "serve.py": served('"org/a", revision="v2"')})
    assert small.found("LOR201") == [("LOR201", "serve.py", 4)]
    small.write({"serve.py": served('"org/a", revision="v2"', "shared/other")})
    assert small.found("LOR201") == [], "another adapter is another experiment"
    assert [code for code, _, _ in small.found("LOR110")] == ["LOR110"]


def test_what_add_adapter_leaves_out_of_the_adapter(small: Small) -> None:
    small.write({"train.py": """\
from peft import LoraConfig
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer

tokenizer = AutoTokenizer.from_pretrained("org/a")
tokenizer.add_tokens(["<x>"])
model = AutoModelForSequenceClassification.from_pretrained("org/a", num_labels=3)
model.resize_token_embeddings(len(tokenizer))
model.add_adapter(LoraConfig(r=8))
Trainer(model).train()
model.save_pretrained("out/lora")
"""})  # fmt: skip
    assert small.found("LOR308", "LOR309") == [("LOR309", "train.py", 7), ("LOR308", "train.py", 8)]
