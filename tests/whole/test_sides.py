"""What tells which load is trained, which is served, and that both are of one adapter."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small

Files = Mapping[str, str]


def pairs_of(small: Small, files: Files) -> list[tuple[str, str]]:
    """The loads of both sides of each pair, in order."""
    small.write(files)
    return sorted((_load(each["train"]), _load(each["infer"])) for each in small.asked("pairs"))


def _load(side: dict[str, object]) -> str:
    return f"{side['filename']}:{side['location']['row']}"  # type: ignore[index]


# --- helpers ------------------------------------------------------------------------------------

HELPER = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM


def load_causal(name="org/a", adapter=None):
    model = AutoModelForCausalLM.from_pretrained(name)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    return model
"""
TRAINS = """\
from helper import load_causal
from peft import LoraConfig
from trl import SFTTrainer

trainer = SFTTrainer(load_causal({given}), peft_config=LoraConfig(r=8))
trainer.train()
trainer.save_model("out/lora")
"""
ASKED = """\
import argparse
from helper import load_causal

parser = argparse.ArgumentParser()
parser.add_argument("--adapter")
model = load_causal(adapter=parser.parse_args().adapter)
"""
FINDS = "from helper import load\n\n" + 2 * "load_causal(adapter='out/lora')\n"

HELPERS = {
    "one load serves both sides, and an option says which adapter": (
        {"helper.py": HELPER, "train.py": TRAINS.format(given=""), "chat.py": ASKED},
        [("helper.py:6", "helper.py:6")],
    ),
    "None is written": (
        {"helper.py": HELPER, "train.py": TRAINS.format(given="adapter=None"), "chat.py": ASKED},
        [("helper.py:6", "helper.py:6")],
    ),
    "nobody gives an adapter": (
        {"helper.py": HELPER, "train.py": TRAINS.format(given=""), "chat.py": "from helper import "
         "load_causal\n\nload_causal()\n"},
        [],
    ),
    "two callers load the same": (
        {"helper.py": HELPER, "train.py": trains("", '"org/a"'), "chat.py": FINDS},
        [("train.py:4", "helper.py:6")],
    ),
    "callers load two adapters": (
        {"helper.py": HELPER, "train.py": trains("", '"org/a"'),
         "other.py": trains("", '"org/a"', "out/other"),
         "chat.py": FINDS + "load_causal(adapter='out/other')\n"},
        [("other.py:4", "helper.py:6"), ("train.py:4", "helper.py:6")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HELPERS)
def test_a_side_is_its_load_and_who_calls_it(small: Small, case: str) -> None:
    files, expected = HELPERS[case]
    assert pairs_of(small, files) == expected


def test_the_call_that_tells_the_sides_of_one_load_apart_is_said(small: Small) -> None:
    small.write({"helper.py": HELPER, "train.py": TRAINS.format(given=""), "chat.py": ASKED})
    (pair,) = small.asked("pairs")
    calls = [pair[side]["called_in"] for side in ("train", "infer")]
    assert [(each["filename"], each["location"]["row"]) for each in calls] == [
        ("train.py", 5),
        ("chat.py", 6),
    ]


PARTS = """\
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel


def load(name):
    text = CLIPTextModel.from_pretrained(name, subfolder="text_encoder")
    unet = UNet2DConditionModel.from_pretrained(name, subfolder="unet")
    return text, unet
"""
WRAP = """\
from peft import LoraConfig, PeftModel, get_peft_model


def wrap(unet):
    return get_peft_model(unet, LoraConfig(r=8))


def put(pipe, folder):
    pipe.unet = PeftModel.from_pretrained(pipe.unet, folder)
    return pipe
"""
PARTED = """\
import sys
from parts import load
from wrap import wrap


def main(name="org/sd"):
    text, unet = load(name)
    unet = wrap(unet)
    unet.save_pretrained(sys.argv[1])


main()
"""
PUT = """\
from diffusers import StableDiffusionPipeline
from wrap import put


def draw(folder, name="org/sd"):
    return put(StableDiffusionPipeline.from_pretrained(name), folder)
"""


def test_wrapped_and_loaded_in_helpers_of_other_files(small: Small) -> None:
    files = {"parts.py": PARTS, "wrap.py": WRAP, "train.py": PARTED, "draw.py": PUT}
    assert pairs_of(small, files) == [("parts.py:7", "draw.py:6")]


# --- what is saved ------------------------------------------------------------------------------

DREAMBOOTH = """\
import argparse
from accelerate import Accelerator
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.training_utils import unet_lora_state_dict
from peft.utils import get_peft_model_state_dict
from transformers import CLIPTextModel

parser = argparse.ArgumentParser()
parser.add_argument("--train_text", action="store_true")
args = parser.parse_args()
accelerator = Accelerator()
classes = StableDiffusionPipeline.from_pretrained("org/sd")
text = CLIPTextModel.from_pretrained("org/sd", subfolder="text_encoder")
vae = AutoencoderKL.from_pretrained("org/sd", subfolder="vae")
unet = UNet2DConditionModel.from_pretrained("org/sd", subfolder="unet")
add_lora_layers(unet)
unet, text = accelerator.prepare(unet, text)
for batch in batches:
    accelerator.backward(unet(vae.encode(batch), text(batch)).mean())
unet = accelerator.unwrap_model(unet)
layers = {layers}
texts = get_peft_model_state_dict(text) if args.train_text else None
StableDiffusionPipeline.save_lora_weights(
    "out/lora", unet_lora_layers=layers, text_encoder_lora_layers=texts
)
"""
DRAWS = """\
import argparse
from diffusers import StableDiffusionPipeline

parser = argparse.ArgumentParser()
parser.add_argument("--lora")
args = parser.parse_args()
pipe = StableDiffusionPipeline.from_pretrained("org/sd")
pipe.load_lora_weights({adapter})
"""


@pytest.mark.parametrize(
    "layers", ["unet_lora_state_dict(unet)", "get_peft_model_state_dict(unet)"]
)
@pytest.mark.parametrize("adapter", ['"out/lora"', "args.lora"])
def test_what_the_layers_that_are_saved_are_of(small: Small, layers: str, adapter: str) -> None:
    train, draw = DREAMBOOTH.replace("{layers}", layers), DRAWS.format(adapter=adapter)
    assert pairs_of(small, {"train.py": train, "draw.py": draw}) == [("train.py:15", "draw.py:7")]


PROBE = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

model = get_peft_model(AutoModelForCausalLM.from_pretrained("org/a"), LoraConfig(r=8))
model(batch).loss.backward()
"""
SERVED = serves("import sys", '"org/a"').replace('"out/lora"', "sys.argv[1]")


def test_who_saves_nothing_is_no_training_side_where_others_do(small: Small) -> None:
    files = {"train.py": trains("", '"org/a"'), "probe.py": PROBE, "serve.py": SERVED}
    assert pairs_of(small, files) == [("train.py:4", "serve.py:4")]
    (small.root / "train.py").unlink()
    assert pairs_of(small, {"probe.py": PROBE}) == [("probe.py:4", "serve.py:4")]


ON_HUB = """\
import os
from peft import PeftModel
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("org/a")
PeftModel.from_pretrained(model, os.environ.get("ADAPTER", "me/llama-{name}")).generate()
"""


@pytest.mark.parametrize(
    ("name", "trained"), [("cuad-dpo", ["dpo.py"]), ("cuad", ["dpo.py", "sft.py"])]
)
def test_of_two_trainings_on_one_base_the_one_that_is_called_so(
    small: Small, name: str, trained: list[str]
) -> None:
    files = {
        "train/sft.py": trains("", '"org/a"', "runs/a_sft"),
        "train/dpo.py": trains("", '"org/a"', "runs/c_dpo"),
        "app/app.py": ON_HUB.replace("{name}", name),
    }
    assert pairs_of(small, files) == [(f"train/{each}:4", "app/app.py:5") for each in trained]


RESUMES = """\
import argparse
from peft import LoraConfig
from unsloth import FastLanguageModel
from trl import SFTTrainer

parser = argparse.ArgumentParser()
parser.add_argument("--resume", default={default})
args = parser.parse_args()
if args.resume:
    model, tokenizer = FastLanguageModel.from_pretrained(args.resume)
else:
    model, tokenizer = FastLanguageModel.from_pretrained("org/a")
    model = FastLanguageModel.get_peft_model(model, r=8)
SFTTrainer(model).train()
model.save_pretrained("out/lora")
"""


@pytest.mark.parametrize("default", ["None", '"/drive/out/checkpoint-9"', '"out/lora"'])
def test_an_adapter_that_is_trained_further_is_no_base(small: Small, default: str) -> None:
    files = {"train.py": RESUMES.format(default=default), "serve.py": serves("", '"org/a"')}
    resumed = [("train.py:12", "train.py:10")] if default == '"out/lora"' else []
    assert pairs_of(small, files) == [("train.py:12", "serve.py:4"), *resumed]


# --- where it is saved --------------------------------------------------------------------------

NOW = 'from datetime import datetime\n\nOUT = f"runs/{datetime.now():%H%M}/adapter"\n'
AGAIN = """\
from peft import PeftModel
again = AutoModelForCausalLM.from_pretrained("org/b")
PeftModel.from_pretrained(again, OUT).generate()
"""


def test_a_folder_of_this_run_is_one_to_all_of_a_script(small: Small) -> None:
    train = trains(NOW, '"org/a"').replace('"out/lora"', "OUT")
    assert pairs_of(small, {"run.py": train + AGAIN}) == [("run.py:7", "run.py:12")]


def test_a_folder_of_another_run_is_another(small: Small) -> None:
    train = trains(NOW, '"org/a"').replace('"out/lora"', "OUT")
    other = serves(NOW, '"org/b"').replace('"out/lora"', "OUT")
    assert pairs_of(small, {"train.py": train, "serve.py": other}) == []


RECIPE = """\
base_model: org/a
adapter: lora
lora_r: 8
sequence_len: 512
datasets:
  - path: org/d
    type: alpaca
output_dir: ./out
hub_model_id: me/lora
"""


def test_a_hub_id_is_the_same_beside_whoever_loads_it(small: Small) -> None:
    files = {
        "configs/axolotl.yaml": RECIPE,
        "scripts/train.py": trains("", '"org/a"').replace("save_pretrained", "push_to_hub")
        .replace("out/lora", "me/lora"),
        "scripts/serve.py": serves("", '"org/a"', "me/lora"),
    }  # fmt: skip
    assert pairs_of(small, files) == [
        ("configs/axolotl.yaml:1", "scripts/serve.py:4"),
        ("scripts/train.py:4", "scripts/serve.py:4"),
    ]


UPLOADS = """\
from huggingface_hub import HfApi
from pathlib import Path
{saves}
HfApi().upload_folder(folder_path={folder}, repo_id={repo})
"""


@pytest.mark.parametrize(
    ("saves", "folder", "repo", "number"),
    [
        ("", '"out/lora"', '"me/lora"', 1),
        ("", '"./out/lora"', '"me/lora"', 1),
        ("OUT = Path('out')", 'OUT / "lora"', '"me/lora"', 1),
        ("", '"out/other"', '"me/lora"', 0),
        ('model.merge_and_unload().save_pretrained("out/m")', '"out/m"', '"me/lora"', 0),
    ],
)
def test_what_is_uploaded_is_what_was_saved(
    small: Small, saves: str, folder: str, repo: str, number: int
) -> None:
    train = trains("", '"org/x"') + UPLOADS.format(saves=saves, folder=folder, repo=repo)
    serve = serves("", '"org/y"', "me/lora")
    assert len(pairs_of(small, {"train.py": train, "serve.py": serve})) == number
