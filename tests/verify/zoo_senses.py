"""Tiny bases that hear and see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import transformers

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
IMAGES = {"image_size": 32, "patch_size": 8}
WORDS = {"vocab_size": 128}


def whisper() -> Any:
    config = transformers.WhisperConfig(
        **WORDS, d_model=64, num_mel_bins=16, max_source_positions=32, max_target_positions=32,
        encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=128,
        decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=128,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    return transformers.WhisperForConditionalGeneration(config)


def wav2vec2() -> Any:
    config = transformers.Wav2Vec2Config(
        **SIZES, vocab_size=32, num_feat_extract_layers=2, conv_dim=(64, 64), conv_stride=(5, 4),
        conv_kernel=(10, 4), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
    )  # fmt: skip
    return transformers.Wav2Vec2ForCTC(config)


def clip() -> Any:
    text = {**SIZES, **WORDS, "max_position_embeddings": 32, "bos_token_id": 1, "eos_token_id": 2}
    config = transformers.CLIPConfig(
        text_config=text, vision_config=SIZES | IMAGES, projection_dim=64
    )
    return transformers.CLIPModel(config)


def llava() -> Any:
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SIZES, **IMAGES, projection_dim=64),
        text_config=transformers.LlamaConfig(**SIZES, **WORDS, num_key_value_heads=2),
        image_token_id=100,
    )
    return transformers.LlavaForConditionalGeneration(config)


def qwen2_vl() -> Any:
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3]}
    text = {**SIZES, **WORDS, "num_key_value_heads": 2, "rope_scaling": rope,
            "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
    vision = {"depth": 2, "embed_dim": 64, "hidden_size": 64, "num_heads": 4, "patch_size": 8}
    config = transformers.Qwen2VLConfig(
        text_config=text, vision_config=vision, image_token_id=100, video_token_id=101,
        vision_start_token_id=102, vision_end_token_id=103,
    )  # fmt: skip
    return transformers.Qwen2VLForConditionalGeneration(config)


SENSES: dict[str, Callable[[], Any]] = {
    "whisper": whisper,
    "wav2vec2": wav2vec2,
    "clip": clip,
    "llava": llava,
    "qwen2-vl": qwen2_vl,
}
