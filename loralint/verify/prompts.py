"""Prompt learning: its file has no names of modules, so its configuration must fit the base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loralint.diagnostics import Diagnostic
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import CONFIG, AdapterFolder

_SIZES = {"token_dim": "hidden_size", "num_layers": "num_hidden_layers"}
"""Keys of adapter_config.json, and what the base's configuration calls the same size."""

PROMPTS = ("PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "CPT")


def wrong_sizes(case: Case, folder: AdapterFolder, base: Any) -> Iterator[Diagnostic]:
    """Sizes that the prompts were made for and the base does not have."""
    if folder.peft_type not in PROMPTS:
        return
    text = base.config.get_text_config() if hasattr(base.config, "get_text_config") else base.config
    wrong = [
        f"{key} is {recorded}, and the base's {name} is {found}"
        for key, name in _SIZES.items()
        if isinstance(recorded := folder.config.get(key), int)
        and isinstance(found := getattr(text, name, None), int)
        and recorded != found
        and (key != "token_dim" or recorded != _shared(text, found))
    ]
    if wrong:
        yield finding(
            "LOR503",
            f"the virtual tokens do not have the sizes of {case.base}: {'; '.join(wrong)}",
            case.file(CONFIG),
            details=wrong,
            help="load the base that the prompts were trained on",
            subject=case.base or "",
        )


def _shared(text: Any, size: int) -> int:
    """The size where several heads share keys and values, which prefixes stand for."""
    heads = getattr(text, "num_attention_heads", None)
    pairs = getattr(text, "num_key_value_heads", None)
    return size // heads * pairs if heads and pairs else size
