"""Tiny bases with random weights: their architecture, the names of their modules, a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers as t

WORDS = 128
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


@dataclass(frozen=True)
class Base:
    """A base that can be made.

    `places` says which of its modules stand where PEFT's own small test models have theirs: `lin0`
    and `lin1` are linear, `emb` the table of tokens, `norm` a normalisation, `conv…` a convolution.
    """

    name: str
    family: str
    make: Callable[[], Any]
    places: dict[str, str]
    auto: dict[str, str] = field(default_factory=dict)

    def folder(self, below: Path) -> Path:
        """Where it lies, saved at the first call."""
        path = below / "bases" / self.name
        if not (path / "config.json").is_file():
            torch.manual_seed(sum(map(ord, self.name)))
            self.make().save_pretrained(path)
        return path

    def load(self, below: Path, task: str | None, **options: Any) -> Any:
        """The base as a user loads it for a task."""
        loaded = auto_class(self.family, task).from_pretrained(self.folder(below), **options)
        if task == "SEQ_CLS" and loaded.config.pad_token_id is None:
            loaded.config.pad_token_id = 0
        return loaded


def auto_class(family: str, task: str | None) -> Any:
    """The class that loads a base for a task, or for what it is made for."""
    by_task = {
        "CAUSAL_LM": t.AutoModelForCausalLM,
        "SEQ_2_SEQ_LM": t.AutoModelForSeq2SeqLM,
        "SEQ_CLS": t.AutoModelForSequenceClassification,
        "TOKEN_CLS": t.AutoModelForTokenClassification,
        "FEATURE_EXTRACTION": t.AutoModel,
    }
    by_family = {
        "decoder": t.AutoModelForCausalLM,
        "encoder-decoder": t.AutoModelForSeq2SeqLM,
        "encoder": t.AutoModel,
        "image": t.AutoModelForImageClassification,
        "speech": t.AutoModelForSpeechSeq2Seq,
        "video": t.AutoModelForVideoClassification,
    }
    return by_task.get(str(task), by_family[family])


def question(base: Base, seed: int = 0) -> dict[str, Any]:
    """What a base is asked while it is trained, and afterwards."""
    drawn = torch.Generator().manual_seed(seed)
    if base.family == "image":
        return {"pixel_values": torch.randn(2, 3, 32, 32, generator=drawn)}
    if base.family == "video":
        return {"pixel_values": torch.randn(2, 4, 3, 32, 32, generator=drawn)}
    ids = torch.randint(3, WORDS, (2, 12), generator=drawn)
    ids[:, 6] = 1  # what aLoRA waits for
    if base.family == "speech":
        sound = torch.randn(2, 16, 64, generator=drawn)
        return {"input_features": sound, "decoder_input_ids": ids}
    asked = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if base.family == "encoder-decoder":
        asked["labels"] = torch.randint(3, WORDS, (2, 8), generator=drawn)
    return asked


def _sizes(width: int, **more: Any) -> dict[str, Any]:
    return {"vocab_size": WORDS, "hidden_size": width, "intermediate_size": width * 2,
            "num_hidden_layers": 2, "num_attention_heads": 4, **more}  # fmt: skip


def _llama(width: int, **more: Any) -> Any:
    return t.LlamaForCausalLM(t.LlamaConfig(**_sizes(width, num_key_value_heads=2, **more)))


def _gpt2(width: int) -> Any:
    return t.GPT2LMHeadModel(
        t.GPT2Config(vocab_size=WORDS, n_embd=width, n_layer=2, n_head=4, n_positions=64,
                     bos_token_id=1, eos_token_id=2)
    )  # fmt: skip


def _gptj(width: int) -> Any:
    return t.GPTJForCausalLM(
        t.GPTJConfig(vocab_size=WORDS, n_embd=width, n_layer=2, n_head=4, n_positions=64,
                     rotary_dim=4, bos_token_id=1, eos_token_id=2)
    )  # fmt: skip


def _opt(width: int) -> Any:
    return t.OPTForCausalLM(
        t.OPTConfig(vocab_size=WORDS, hidden_size=width, ffn_dim=width * 2, num_hidden_layers=2,
                    num_attention_heads=4, max_position_embeddings=64, word_embed_proj_dim=width,
                    **(SPECIAL | {"pad_token_id": 1, "bos_token_id": 2}))
    )  # fmt: skip


def _gemma3(width: int) -> Any:
    return t.Gemma3ForCausalLM(
        t.Gemma3TextConfig(**_sizes(width, num_key_value_heads=2, head_dim=16))
    )


def _qwen2(width: int, tied: bool = True) -> Any:
    return t.Qwen2ForCausalLM(
        t.Qwen2Config(**_sizes(width, num_key_value_heads=2, tie_word_embeddings=tied))
    )


def _phi3(width: int) -> Any:
    return t.Phi3ForCausalLM(t.Phi3Config(**_sizes(width, num_key_value_heads=2, **SPECIAL)))


def _mixtral(width: int) -> Any:
    return t.MixtralForCausalLM(
        t.MixtralConfig(**_sizes(width, num_key_value_heads=2, num_local_experts=4))
    )


def _gpt_oss(width: int) -> Any:
    return t.GptOssForCausalLM(
        t.GptOssConfig(**_sizes(width, num_key_value_heads=2, head_dim=16, num_local_experts=4,
                                num_experts_per_tok=2, **SPECIAL))
    )  # fmt: skip


def _bloom(width: int) -> Any:
    sizes = {"vocab_size": WORDS, "hidden_size": width, "n_layer": 2, "n_head": 4}
    return t.BloomForCausalLM(t.BloomConfig(**sizes))


def _mamba(width: int) -> Any:
    return t.MambaForCausalLM(
        t.MambaConfig(vocab_size=WORDS, hidden_size=width, num_hidden_layers=2, state_size=8)
    )


def _t5(width: int) -> Any:
    return t.T5ForConditionalGeneration(
        t.T5Config(vocab_size=WORDS, d_model=width, d_kv=width // 4, d_ff=width * 2, num_layers=2,
                   num_heads=4, decoder_start_token_id=0)
    )  # fmt: skip


def _bart(width: int) -> Any:
    return t.BartForConditionalGeneration(
        t.BartConfig(vocab_size=WORDS, d_model=width, encoder_layers=2, decoder_layers=2,
                     encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=width,
                     decoder_ffn_dim=width, max_position_embeddings=64,
                     decoder_start_token_id=2, **SPECIAL)
    )  # fmt: skip


def _bert(width: int) -> Any:
    return t.BertModel(t.BertConfig(**_sizes(width)))


def _roberta(width: int) -> Any:
    return t.RobertaModel(t.RobertaConfig(**_sizes(width, **SPECIAL)))


def _deberta(width: int) -> Any:
    return t.DebertaV2Model(t.DebertaV2Config(**_sizes(width, type_vocab_size=0)))


def _vit(width: int) -> Any:
    sizes = _sizes(width)
    del sizes["vocab_size"]
    return t.ViTForImageClassification(t.ViTConfig(**sizes, image_size=32, patch_size=8))


def _resnet() -> Any:
    return t.ResNetForImageClassification(
        t.ResNetConfig(embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], num_labels=3,
                       layer_type="basic")
    )  # fmt: skip


def _whisper(width: int) -> Any:
    return t.WhisperForConditionalGeneration(
        t.WhisperConfig(vocab_size=WORDS, d_model=width, num_mel_bins=16, max_source_positions=32,
                        max_target_positions=32, encoder_layers=2, encoder_attention_heads=4,
                        encoder_ffn_dim=width * 2, decoder_layers=2, decoder_attention_heads=4,
                        decoder_ffn_dim=width * 2, decoder_start_token_id=1, **SPECIAL)
    )  # fmt: skip


def _video(width: int) -> Any:
    sizes = _sizes(width)
    del sizes["vocab_size"]
    return t.VideoMAEForVideoClassification(
        t.VideoMAEConfig(**sizes, image_size=32, patch_size=8, num_frames=4)
    )


_LLAMA = {"lin0": "q_proj", "lin1": "down_proj", "emb": "embed_tokens", "norm": "input_layernorm",
          "norm1": "post_attention_layernorm", "head": "lm_head"}  # fmt: skip
_BERT = {"lin0": "query", "lin1": "attention.output.dense", "emb": "word_embeddings",
         "norm": "attention.output.LayerNorm", "norm1": "output.LayerNorm"}  # fmt: skip
_OPT = {"lin0": "q_proj", "lin1": "fc2", "emb": "embed_tokens", "norm": "self_attn_layer_norm",
        "norm1": "final_layer_norm", "head": "lm_head"}  # fmt: skip
_GPT2 = {"conv1d-transformers": "c_attn", "lin0": "c_attn", "lin1": "c_fc", "emb": "wte",
         "norm": "ln_1", "norm1": "ln_2", "head": "lm_head"}  # fmt: skip

BASES: tuple[Base, ...] = (
    Base("llama-64", "decoder", lambda: _llama(64), _LLAMA),
    Base("llama-80", "decoder", lambda: _llama(80), _LLAMA),
    Base("gpt2-64", "decoder", lambda: _gpt2(64), _GPT2),
    Base("gpt2-60", "decoder", lambda: _gpt2(60), _GPT2),
    Base("gptj-48", "decoder", lambda: _gptj(48),
         {"lin0": "q_proj", "lin1": "fc_in", "emb": "wte", "norm": "ln_1", "head": "lm_head"}),
    Base("opt-64", "decoder", lambda: _opt(64), _OPT),
    Base("opt-40", "decoder", lambda: _opt(40), _OPT),
    Base("qwen2-tied-64", "decoder", lambda: _qwen2(64), _LLAMA),
    Base("qwen2-tied-96", "decoder", lambda: _qwen2(96), _LLAMA),
    Base("gemma3-64", "decoder", lambda: _gemma3(64), _LLAMA),
    Base("phi3-64", "decoder", lambda: _phi3(64), _LLAMA | {"lin0": "qkv_proj"}),
    Base("mixtral-64", "decoder", lambda: _mixtral(64), _LLAMA | {"lin1": "o_proj"}),
    Base("gpt-oss-64", "decoder", lambda: _gpt_oss(64), _LLAMA | {"lin1": "o_proj"}),
    Base("bloom-64", "decoder", lambda: _bloom(64),
         {"lin0": "query_key_value", "lin1": "dense_h_to_4h", "emb": "word_embeddings",
          "norm": "input_layernorm", "norm1": "post_attention_layernorm", "head": "lm_head"}),
    Base("bloom-40", "decoder", lambda: _bloom(40),
         {"lin0": "query_key_value", "lin1": "dense_h_to_4h", "emb": "word_embeddings",
          "norm": "input_layernorm", "norm1": "post_attention_layernorm", "head": "lm_head"}),
    Base("mamba-64", "decoder", lambda: _mamba(64),
         {"lin0": "in_proj", "lin1": "x_proj", "emb": "embeddings", "conv1d": "conv1d"}),
    Base("t5-64", "encoder-decoder", lambda: _t5(64),
         {"lin0": "q", "lin1": "wo", "emb": "shared", "norm": "layer_norm"}),
    Base("bart-48", "encoder-decoder", lambda: _bart(48), _OPT | {"emb": "shared"}),
    Base("bert-64", "encoder", lambda: _bert(64), _BERT),
    Base("roberta-48", "encoder", lambda: _roberta(48), _BERT),
    Base("deberta-v2-64", "encoder", lambda: _deberta(64), _BERT | {"lin0": "query_proj"}),
    Base("vit-64", "image", lambda: _vit(64),
         {"lin0": "q_proj", "lin1": "fc1", "norm": "layernorm_before", "conv2d": "projection"}),
    Base("resnet", "image", _resnet, {"conv2d": "convolution", "lin0": "classifier.1"}),
    Base("whisper-64", "speech", lambda: _whisper(64),
         {"lin0": "q_proj", "lin1": "fc2", "emb": "embed_tokens", "conv1d": "conv1"}),
    Base("videomae-64", "video", lambda: _video(64),
         {"lin0": "query", "lin1": "intermediate.dense", "conv3d": "projection"}),
)  # fmt: skip

NAMED = {base.name: base for base in BASES}
