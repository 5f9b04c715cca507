"""Training and inference scripts that are one pair, to be filled in."""

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


DRAWS = """\
from diffusers import StableDiffusionPipeline

pipe = StableDiffusionPipeline.from_pretrained("org/sd")
pipe.{load}("{adapter}")
"""
PARTS = """\
import sys

from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig
from transformers import CLIPTextModel

text = CLIPTextModel.from_pretrained("org/sd", subfolder="text_encoder")
vae = AutoencoderKL.from_pretrained("{vae}", subfolder="vae")
unet = UNet2DConditionModel.from_pretrained("org/sd", subfolder="unet")
{wrap}
for batch in batches:
    unet(vae.encode(batch).latent_dist.sample(), 1, text(batch)[0]).sample.mean().backward()
{save}
"""
ADDED = "unet.add_adapter(LoraConfig(r=8, target_modules=['to_q']))"
LORA = "StableDiffusionPipeline.save_lora_weights(save_directory='out/lora', unet_lora_layers=x)"
