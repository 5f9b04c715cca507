"""Families of models by their names: whose classes transformers has, and which bring code.

The names are those under which their publishers, and the many who train them further, put them on
the Hub. A family stands in neither list unless it is clear: repositories in the first have no
`auto_map` in their config.json (`trust_remote_code` does nothing there), those in the second have.
"""

from __future__ import annotations

import re

_NATIVE = (
    # Llama, and what keeps its name
    r"(meta-)?(code|tiny|open_)?llama[-_]?[234]?[.\d]*[-_].*|.+[-_](meta-)?llama[-_]?[23]([-_.].*)?",
    r"vicuna-.*|llava-.*-hf|deepseek-(r1-distill|llm|math)-.*|deepseek-coder-\d.*|yi-(1\.5-)?\d+b.*",
    # Gemma, Mistral, and Qwen from 1.5 on
    r"(code|pali|med|shield|embedding)?gemma[-\d].*",
    r"(mi[sx]tral|ministral|devstral|magistral|mathstral|codestral)-.*|.+-mi[sx]tral-\d+(x\d+)?b.*"
    r"|zephyr-\d+b-.*",
    r"(code)?qwen(1\.5|2|2\.5|3|3\.5)([-_.].*)?|qwq-.*|qvq-.*",
    # others that generate
    r"gpt2(-\w+)?|distilgpt2|gpt-neo(x)?-.*|gpt-j-.*|gpt-oss-.*|pythia-.*|opt-\d.*|bloom(z?-.*)?"
    r"|starcoder2-.*|falcon3-.*|olmo-2-.*|granite-.*|smollm\d?-.*|smolvlm\d?-.*|aya-.*|xglm-.*"
    r"|cerebras-gpt-.*|lfm2-.*",
    r"(flan-|m|um|by)?t5-.*|flan-ul2|m?bart-.*|pegasus-.*|m2m100_.*|nllb-.*",
    # encoders, images and sound
    r"(distil|mobile|albert-|camem|sci)?(ro|de|al|xlm-ro)?bert(a)?(-.*|_.*)?|modernbert-.*|electra-.*"
    r"|mpnet-.*|all-(minilm|mpnet|distilroberta)-.*|(multilingual-)?e5-(small|base|large)[\w.-]*"
    r"|bge-(small|base|large|m3)[\w.-]*|esm2_.*",
    r"whisper-.*|wav2vec2-.*|hubert-.*|wavlm-.*|clip-vit-.*|siglip2?-.*|(vit|deit|beit|swin)-.*"
    r"|convnext-.*|dinov[23]-.*|detr-.*|segformer-.*|blip2?-.*|idefics[23]?-.*",
)

_BRINGING_CODE = (
    r"phi-(1|1_5|2|3|3\.5)([-_].*)?|falcon-(rw-|7b|40b|180b).*|qwen-(vl|audio|\d).*",
    r"(chat|code)glm.*|glm-4v?-9b.*|cogvlm.*|internlm.*|internvl.*|baichuan.*|mpt-.*|minicpm.*"
    r"|xverse-.*|deepseek-(moe|v2|v3|vl|coder-v2).*|kimi-.*|moonlight-.*|llama-3_[13]-nemotron-.*",
    r"nomic-(embed|bert)-.*|coderankembed|jina-(embeddings|bert|reranker|clip)-v.*|nv-embed-.*"
    r"|gte-.+-en-v1\.5|gte-multilingual-.*|snowflake-arctic-embed-m-(long|v2\.0)|dnabert-2-.*",
    r"florence-2-.*|molmo-.*|moondream.*|rmbg-.*|birefnet.*|replit-code-.*",
)

MIRROR = "bnb-4bit"
"""How the names of unsloth's 4-bit mirrors end."""

_MIRRORED = re.compile(
    r"(meta-llama|mistralai|google|qwen|tinyllama|unsloth|deepseek-ai|huggingfaceh4|nousresearch"
    r"|teknium|microsoft)/(?!qwen-\d).*(llama|mi[sx]tral|gemma|qwen|phi-[34]|zephyr|hermes)[-\w.]*",
    re.IGNORECASE,
)


def has_mirror(name: str) -> bool:
    """Whether unsloth has a 4-bit mirror of a model of this name, by who publishes it."""
    return _MIRRORED.fullmatch(name) is not None


_IS_NATIVE = re.compile("|".join(_NATIVE), re.IGNORECASE)
_BRINGS_CODE = re.compile("|".join(_BRINGING_CODE), re.IGNORECASE)


def is_native_family(name: str) -> bool:
    """Whether transformers has the classes of a model of this name, and the model brings none."""
    own = _last(name)
    return _IS_NATIVE.fullmatch(own) is not None and _BRINGS_CODE.fullmatch(own) is None


def brings_code(name: str) -> bool:
    """Whether a model of this name is known to bring code of its own."""
    return _BRINGS_CODE.fullmatch(_last(name)) is not None


def _last(name: str) -> str:
    return name.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
