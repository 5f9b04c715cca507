"""Tiny models and adapters, made on the spot: what the snippets load."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

WORDS = 120
IDS = torch.tensor([[5, 17, 33, 60, 2, 91]])
WEIGHTS = "adapter_model.safetensors"
HAS_DIFFUSERS = find_spec("diffusers") is not None


def make(folder: Path) -> None:
    """Write every folder that a snippet names."""
    _base(folder / "tiny", 32, 0)
    _adapter(folder, "adapter", "tiny", seed=1)
    _adapter(folder, "adapter-b", "tiny", seed=2)
    _adapter(folder, "small-effect", "tiny", seed=3, size=0.02)
    _renamed(folder)
    _base(folder / "wide-base", 64, 4)
    _adapter(folder, "wide", "wide-base", seed=5)
    _deberta(folder / "microsoft" / "deberta-v3-base")
    if HAS_DIFFUSERS:
        _drawing(folder)


def base(folder: Path, name: str = "tiny") -> LlamaForCausalLM:
    """A base as the snippets load it."""
    return LlamaForCausalLM.from_pretrained(folder / name)


def _base(folder: Path, hidden: int, seed: int) -> None:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=128, hidden_size=hidden, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    words = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
    words.update({f"w{number}": number + 4 for number in range(WORDS + 4)})
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", eos_token="</s>"
    ).save_pretrained(folder)


def _adapter(folder: Path, name: str, on: str, *, seed: int, size: float = 0.5) -> None:
    """An adapter as if trained: its `lora_B` is not zero."""
    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(base(folder, on), config)
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            if "lora_B" in key:
                tensor.normal_(std=size)
    model.save_pretrained(folder / name)


def _renamed(folder: Path) -> None:
    """The adapter, its modules called otherwise: as after a change of the base's code."""
    source, target = folder / "adapter", folder / "renamed"
    target.mkdir()
    config = json.loads((source / "adapter_config.json").read_text())
    (target / "adapter_config.json").write_text(json.dumps(config))
    tensors = load_file(source / WEIGHTS)
    renamed = {key.replace("self_attn", "mixer"): tensor for key, tensor in tensors.items()}
    save_file(renamed, target / WEIGHTS)


def _deberta(folder: Path) -> None:
    """A checkpoint without a classifier: its head and its pooler are new at every load."""
    torch.manual_seed(6)
    config = DebertaV2Config(
        vocab_size=128, hidden_size=32, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=32, pooler_hidden_size=32,
    )  # fmt: skip
    DebertaV2ForMaskedLM(config).save_pretrained(folder)


def _drawing(folder: Path) -> None:
    """A pipeline that draws, and an adapter of it in diffusers' form."""
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )

    torch.manual_seed(8)
    unet = UNet2DConditionModel(
        block_out_channels=(4, 8), layers_per_block=1, sample_size=8, norm_num_groups=1,
        in_channels=4, out_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=8,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(4, 8), latent_channels=4, norm_num_groups=1,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    words = CLIPTextConfig(
        hidden_size=8, intermediate_size=8, num_attention_heads=2, num_hidden_layers=1,
        vocab_size=100,
    )  # fmt: skip
    encoder = CLIPTextModel(words)
    parts = {"unet": unet, "vae": vae, "text_encoder": encoder, "scheduler": DDIMScheduler()}
    missing = dict.fromkeys(("tokenizer", "safety_checker", "feature_extractor"))
    pipe = StableDiffusionPipeline(**parts, **missing, requires_safety_checker=False)
    pipe.save_pretrained(folder / "drawing")
    config = LoraConfig(r=4, target_modules=["to_q", "to_v"], init_lora_weights=False)
    tensors = get_peft_model_state_dict(get_peft_model(unet, config))
    plain = {key.removeprefix("base_model.model."): tensor for key, tensor in tensors.items()}
    StableDiffusionPipeline.save_lora_weights(folder / "ink-file", unet_lora_layers=plain)
