"""Adapters that are all right: none may fail. The table is printed in docs/verification.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peft
import transformers
from peft import LoraConfig, TaskType

from tests.verify.zoo import VOCABULARY, Zoo

Q_V = ["q_proj", "v_proj"]
NOT_IN_NF4 = "the adapter on a base in nf4"
AS_ASKED = "the load as it was asked for"
MERGED = "the merged model"


@dataclass(frozen=True)
class Healthy:
    """An adapter and how it is verified.

    `options` are for loading the base, `given` is what is asked. `skipped` is what is said not to
    be proved, `warned` what the round trip warns of, in the words that are to be in the report.
    """

    name: str
    base: str
    config: Callable[[], Any]
    cls: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Any], Any] = lambda model: model
    after: Callable[[Path], None] = lambda path: None
    skipped: tuple[str, ...] = ()
    warned: str = ""

    def build(self, zoo: Zoo) -> Path:
        path = zoo.adapter(self.name.replace(" ", "-").replace("/", "-"), self.base, self.config(),
                           cls=self.cls, prepare=self.prepare, options=self.options)  # fmt: skip
        self.after(path)
        return path


def lora(**changes: Any) -> Callable[[], LoraConfig]:
    given = {"task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": Q_V}
    return lambda: LoraConfig(**(given | changes))


def resized(model: Any) -> Any:
    model.resize_token_embeddings(VOCABULARY + 4, mean_resizing=False)
    return model


def with_tokenizer(path: Path) -> None:
    """A tokenizer of as many tokens as the resized embeddings have rows."""
    from tokenizers import Tokenizer, models

    vocabulary = {f"t{number}": number for number in range(VOCABULARY + 4)}
    Tokenizer(models.WordLevel(vocabulary, unk_token="t0")).save(str(path / "tokenizer.json"))


def _task(kind: type, **given: Any) -> Callable[[], Any]:
    return lambda: kind(task_type=TaskType.CAUSAL_LM, **given)


HEALTHY: tuple[Healthy, ...] = (
    Healthy("LoRA", "llama", lora()),
    Healthy("LoRA, int8 base", "llama", lora(), given={"quantization": "int8"}),
    Healthy("LoRA, fp4 base", "llama", lora(), given={"quantization": "fp4"}),
    Healthy("LoRA, unquantised base", "llama", lora(), given={"quantization": "none"}),
    Healthy("LoRA, bfloat16 base", "llama-bf16", lora()),
    Healthy("rsLoRA", "llama", lora(use_rslora=True)),
    Healthy("DoRA", "llama", lora(use_dora=True)),
    Healthy("rank and alpha patterns", "llama",
            lora(rank_pattern={r"layers\.1\..*q_proj": 8}, alpha_pattern={"v_proj": 32})),
    Healthy("all-linear", "llama", lora(target_modules="all-linear")),
    Healthy("all-linear, spelt out", "llama", lora(target_modules=["q_proj", "k_proj", "v_proj",
            "o_proj", "gate_proj", "up_proj", "down_proj"])),
    Healthy("targets by regular expression", "llama", lora(target_modules=r".*\.1\..*_proj")),
    Healthy("layers_to_transform", "llama", lora(layers_to_transform=[1])),
    Healthy("layer_replication", "llama", lora(layer_replication=[[0, 2], [1, 2]]),
            warned="LOR514: merging changes the model"),
    Healthy("modules_to_save", "llama", lora(modules_to_save=["lm_head"])),
    Healthy("bias of the adapted modules", "gpt2",
            lora(target_modules=["c_attn"], bias="lora_only", fan_in_fan_out=True)),
    Healthy("trainable tokens", "llama", lora(trainable_token_indices=[3, 5])),
    Healthy("LoRA on embeddings", "llama", lora(target_modules=["embed_tokens", "q_proj"])),
    Healthy("resized embeddings, with the tokenizer", "llama",
            lora(modules_to_save=["embed_tokens", "lm_head"]), prepare=resized,
            after=with_tokenizer, skipped=(AS_ASKED,)),
    Healthy("convolution", "vit", lora(task_type=None, target_modules=["projection", "q_proj",
            "query"]), cls=transformers.AutoModelForImageClassification,
            given={"quantization": "none"}),
    Healthy("experts as parameters", "mixtral",
            lora(target_modules=["q_proj"], target_parameters=["mlp.experts.down_proj"])),
    Healthy("Conv1D of GPT-2", "gpt2", lora(target_modules=["c_attn"], fan_in_fan_out=True)),
    Healthy("sequence classification, 5 labels", "bert",
            lora(task_type="SEQ_CLS", target_modules=["query", "value"]),
            cls=transformers.AutoModelForSequenceClassification, options={"num_labels": 5}),
    Healthy("token classification", "bert",
            lora(task_type="TOKEN_CLS", target_modules=["query", "value"]),
            cls=transformers.AutoModelForTokenClassification, options={"num_labels": 3}),
    Healthy("feature extraction", "bert",
            lora(task_type="FEATURE_EXTRACTION", target_modules=["query"]),
            cls=transformers.AutoModel),
    Healthy("sequence to sequence", "t5", lora(task_type="SEQ_2_SEQ_LM", target_modules=["q", "v"]),
            cls=transformers.AutoModelForSeq2SeqLM),
    Healthy("PiSSA", "llama", lora(init_lora_weights="pissa"), skipped=(NOT_IN_NF4,)),
    Healthy("OLoRA", "llama", lora(init_lora_weights="olora")),
    Healthy("IA3", "llama", _task(peft.IA3Config, target_modules=["k_proj", "v_proj", "down_proj"],
            feedforward_modules=["down_proj"])),
    Healthy("AdaLoRA", "llama", _task(peft.AdaLoraConfig, target_modules=Q_V, total_step=10)),
    Healthy("LoHa", "llama", _task(peft.LoHaConfig, target_modules=Q_V, r=4),
            given={"quantization": "none"}),
    Healthy("LoKr", "llama", _task(peft.LoKrConfig, target_modules=Q_V, r=4),
            given={"quantization": "none"}),
    Healthy("VeRA", "llama", _task(peft.VeraConfig, target_modules=["q_proj"], r=8)),
    Healthy("OFT", "llama", _task(peft.OFTConfig, target_modules=Q_V, oft_block_size=8)),
    Healthy("prompt tuning", "llama", _task(peft.PromptTuningConfig, num_virtual_tokens=4),
            skipped=(MERGED,)),
    Healthy("prefix tuning", "llama", _task(peft.PrefixTuningConfig, num_virtual_tokens=4),
            skipped=(MERGED,)),
    Healthy("P-tuning", "llama", _task(peft.PromptEncoderConfig, num_virtual_tokens=4,
            encoder_hidden_size=32), skipped=(MERGED,)),
    Healthy("speech to text", "whisper", lora(task_type=None),
            cls=transformers.WhisperForConditionalGeneration),
    Healthy("speech to text, int8, as SEQ_2_SEQ_LM", "whisper", lora(task_type="SEQ_2_SEQ_LM"),
            cls=transformers.WhisperForConditionalGeneration, given={"quantization": "int8"}),
    Healthy("speech, CTC", "wav2vec2", lora(task_type=None), cls=transformers.Wav2Vec2ForCTC),
    Healthy("images and texts", "clip", lora(task_type=None), cls=transformers.CLIPModel),
    Healthy("vision-language, its language part", "llava",
            lora(target_modules=r".*language_model.*(q|v)_proj"),
            cls=transformers.LlavaForConditionalGeneration),
    Healthy("vision-language, its vision tower", "llava",
            lora(target_modules=r".*vision_tower.*(q|v)_proj"),
            cls=transformers.LlavaForConditionalGeneration),
    Healthy("vision-language, both parts", "llava", lora(),
            cls=transformers.LlavaForConditionalGeneration,
            skipped=("whether the adapter in `model.vision_tower` changes the output",
                     "the answers of `model.vision_tower` after reloading and merging")),
    Healthy("vision-language, a tower that takes no plain images", "qwen2-vl",
            lora(target_modules=r".*visual.*qkv"), cls=transformers.Qwen2VLForConditionalGeneration,
            skipped=("whether the adapter changes the output", "the reloaded model's answers",
                     MERGED)),
)  # fmt: skip
