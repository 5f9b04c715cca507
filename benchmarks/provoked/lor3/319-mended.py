"""Saves a fused pipeline without its LoRA layers."""

from diffusers import StableDiffusionPipeline

pipe = StableDiffusionPipeline.from_pretrained("drawing", tokenizer=None)
pipe.load_lora_weights("ink-file")
trained = pipe.unet
pipe.fuse_lora()
pipe.unload_lora_weights()
pipe.save_pretrained("fused")
