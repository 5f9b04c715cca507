"""Canonical names: what a class or function of the ecosystem is called, wherever it came from."""

from __future__ import annotations

from functools import lru_cache

PACKAGES = frozenset(
    """transformers peft diffusers sentence_transformers vllm unsloth trl datasets huggingface_hub
    tokenizers timm open_clip auto_gptq gptqmodel awq optimum ctransformers llama_index langchain
    langchain_community langchain_huggingface modelscope swift adapters accelerate setfit mlx_lm
    mlx_vlm sglang keras_hub keras_nlp ipex_llm bigdl""".split()
)
"""Packages whose names the catalogue knows; a vendored copy of one counts as the package."""


@lru_cache(maxsize=16384)
def canonical(name: str) -> str:
    """`transformers.models.llama.LlamaModel.from_pretrained` without the modules between."""
    package, *rest = name.split(".")
    if not rest:
        return package
    classes = [position for position, part in enumerate(rest) if part[:1].isupper()]
    first = classes[0] if classes else len(rest) - 1
    return ".".join((package, *rest[first:]))


def class_of(name: str) -> str:
    """The class in a canonical name, or the function: what is compared between two sides."""
    parts = name.split(".")
    return next((part for part in parts[1:] if part[:1].isupper()), parts[-1])
