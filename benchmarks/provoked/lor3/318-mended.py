"""Draws with a folder that PEFT saved."""

from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig, PeftModel, get_peft_model

unet = UNet2DConditionModel.from_pretrained("drawing", subfolder="unet")
trained = get_peft_model(
    unet, LoraConfig(r=4, target_modules=["to_q", "to_v"], init_lora_weights=False)
)
trained.save_pretrained("ink")
pipe = StableDiffusionPipeline.from_pretrained("drawing", tokenizer=None)
pipe.unet = PeftModel.from_pretrained(pipe.unet, "ink")
