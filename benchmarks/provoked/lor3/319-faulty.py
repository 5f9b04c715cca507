"""Saves a fused pipeline with its LoRA layers."""

from diffusers import StableDiffusionPipeline

pipe = StableDiffusionPipeline.from_pretrained("drawing", tokenizer=None)
pipe.load_lora_weights("ink-file")
trained = pipe.unet
pipe.fuse_lora()
pipe.save_pretrained("fused")
