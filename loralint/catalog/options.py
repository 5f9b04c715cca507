"""What else decides the weights: the options of a load, by canonical name."""

from __future__ import annotations

import re

OPTIONS: dict[str, tuple[str, ...]] = {
    "trust_remote_code": ("trust_remote_code",),
    "dtype": ("dtype", "torch_dtype", "compute_dtype"),
    "load_in_4bit": ("load_in_4bit",),
    "load_in_8bit": ("load_in_8bit",),
    "code_revision": ("code_revision",),
    "tokenizer_revision": ("tokenizer_revision",),
    "tokenizer": ("tokenizer", "tokenizer_name"),
    "local_files_only": ("local_files_only",),
    "subfolder": ("subfolder",),
    "variant": ("variant",),
    "weight_name": ("weight_name",),
    "filename": ("filename",),
    "is_trainable": ("is_trainable",),
    "adapter_name": ("adapter_name", "lora_name"),
    "adapter_path": ("adapter_path",),
    "enable_lora": ("enable_lora",),
    "use_auth": ("token", "use_auth_token"),
    "config": ("config",),
    "num_labels": ("num_labels",),
    "ignore_mismatched_sizes": ("ignore_mismatched_sizes",),
    "low_cpu_mem_usage": ("low_cpu_mem_usage",),
    "use_safetensors": ("use_safetensors",),
    "use_exact_model_name": ("use_exact_model_name",),
    "full_finetuning": ("full_finetuning",),
    "repo_type": ("repo_type",),
    "local_dir": ("local_dir",),
}
"""Canonical name → the keywords that give it, the preferred one first."""

REMOVED: tuple[str, ...] = ("load_in_4bit", "load_in_8bit")
"""Keywords that newer versions of their library do not take any more."""

POSITIONS: dict[str, tuple[tuple[str, int], ...]] = {
    "peft.PeftModel.load_adapter": (("adapter_name", 1), ("is_trainable", 2)),
    "transformers.PreTrainedModel.load_adapter": (("adapter_name", 1), ("revision", 2)),
    "peft.PeftModel.from_pretrained": (("adapter_name", 2), ("is_trainable", 3)),
    "vllm.LoRARequest": (("adapter_name", 0),),
    "huggingface_hub.hf_hub_download": (("filename", 1),),
    "huggingface_hub.HfApi.hf_hub_download": (("filename", 1),),
    "transformers.cached_file": (("filename", 1),),
}
"""Options that are often given by position, by the name of the loader."""

QUANTIZATION_CONFIGS: dict[str, str] = {
    "GPTQConfig": "gptq",
    "BaseQuantizeConfig": "gptq",
    "AwqConfig": "awq",
    "HqqConfig": "hqq",
    "AqlmConfig": "aqlm",
    "QuantoConfig": "quanto",
    "EetqConfig": "eetq",
    "TorchAoConfig": "torchao",
    "FPQuantConfig": "fp-quant",
    "Mxfp4Config": "mxfp4",
    "FineGrainedFP8Config": "fp8",
    "FbgemmFp8Config": "fp8",
    "HiggsConfig": "higgs",
    "CompressedTensorsConfig": "compressed-tensors",
}
"""Configuration classes that name their method; BitsAndBytesConfig needs its flags read."""

BITSANDBYTES: tuple[tuple[str, str | bool], ...] = (
    ("load_in_8bit", False),
    ("load_in_4bit", False),
    ("bnb_4bit_quant_type", "fp4"),
    ("bnb_4bit_use_double_quant", False),
    ("bnb_4bit_compute_dtype", "float32"),
)
"""The fields of BitsAndBytesConfig that decide the weights, with its own defaults."""

SAME_TEMPLATES: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        "llama31 llama32 llama33",
        "phi3 phi35",
        "gemma gemma2",
        "gemmachatml gemma2chatml",
    )
)
"""Names of prompt templates of unsloth that stand for one text, without `-`, `_` and `.`."""

OPEN_TEMPLATES: tuple[str, ...] = ("tokenizer_default", "jinja", "auto", "fewshot")
"""How the names begin that leave the prompt template to the tokenizer or to another key.

`fewshot` is how LLaMA-Factory puts a benchmark's multiple-choice questions, for every model.
"""

SYSTEM_TEXTS = re.compile(
    r"(default_)?sys(tem)?_?(prompt|message|msg|instructions?)", re.IGNORECASE
)
"""How people call the text that stands before every conversation."""

PROMPT_TEXTS = re.compile(
    r"(alpaca|chat|instruction|user|chatml|inst|qa)_prompt(_(template|format|style))?"
    r"|prompt_(template|format|style)|(instruction|conversation)_template",
    re.IGNORECASE,
)
"""How people call the text that a question is put into."""

UNCOVERED_HEADS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"m?deberta(-v[23])?-(xsmall|small|base|large|xlarge|xxlarge)", "Deberta", ("pooler",)),
    (r"xlnet-(base|large)-cased", "XLNet", ("sequence_summary", "logits_proj")),
    (r"m?bart-(base|large)(-50|-cc25)?", "(M?)Bart", ("classification_head",)),
    (
        r"(flan-|m|u)?t5-(v1_1-)?(small|base|large|xl|xxl|3b|11b)",
        "U?M?T5",
        ("classification_head",),
    ),
    (r"xlm-(mlm|clm)-[\w-]+", "XLM", ("sequence_summary",)),
)
"""New layers of sequence classifiers that `task_type="SEQ_CLS"` does not cover.

The names of the checkpoints, of the classes, and of the layers. PEFT covers what is called
`classifier` or `score`. Measured with PEFT 0.21.2 and transformers 5.24.
"""

PEFT_KEYED_PIPELINES: tuple[str, ...] = ("flux2", "krea2", "ernieimage", "acestep")
"""What names the pipelines of diffusers whose `load_lora_weights` reads PEFT's tensor names, too.

Read at diffusers 0.42.1 (loaders/lora_pipeline.py, lora_conversion_utils.py); without `-`, `_`.
"""

DTYPES: dict[str, str] = {
    "half": "float16",
    "fp16": "float16",
    "bf16": "bfloat16",
    "float": "float32",
    "fp32": "float32",
    "double": "float64",
}
"""Other names of the dtypes."""
