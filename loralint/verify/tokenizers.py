"""What a tokenizer does, as hashes: vocabulary and pipeline, special tokens, chat template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loralint.contract import Tokenizer
from loralint.verify import hashing

STATE = ("truncation", "padding")
"""What a call may change in a tokenizer without making it another one."""


def fingerprint(tokenizer: Any) -> Tokenizer:
    """The fingerprint of a transformers tokenizer; a processor's is that of its tokenizer."""
    plain = getattr(tokenizer, "tokenizer", tokenizer)
    template = getattr(plain, "chat_template", None)
    return Tokenizer(
        tokenizer_class=type(plain).__name__,
        length=len(plain),
        vocabulary=_digest(_pipeline(plain)),
        special_tokens=_digest(_special(plain)),
        chat_template=None if template is None else _digest(template),
    )


def _pipeline(tokenizer: Any) -> Any:
    """Everything that turns text into ids; the vocabulary alone where there is no more to see."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return sorted(tokenizer.get_vocab().items())
    described = json.loads(backend.to_str())
    return {name: value for name, value in described.items() if name not in STATE}


def _special(tokenizer: Any) -> Any:
    named = {name: str(value) for name, value in tokenizer.special_tokens_map.items()}
    return [named, sorted(tokenizer.all_special_ids), sorted(tokenizer.all_special_tokens)]


def _digest(value: Any) -> str:
    return hashing.of_bytes(json.dumps(value, sort_keys=True).encode())


def load(places: list[tuple[str, dict[str, Any]]]) -> tuple[Any, str]:
    """The first tokenizer that loads, and why none does.

    A place is a folder or Hub id with the options of `from_pretrained`. A folder that holds no
    tokenizer is passed over.
    """
    from transformers import AutoTokenizer

    reason = "neither the adapter folder nor the base has a tokenizer"
    for place, options in places:
        if Path(place).is_dir() and not is_in(Path(place)):
            continue
        try:
            return AutoTokenizer.from_pretrained(place, **options), ""
        except Exception as error:  # whatever a tokenizer of somebody else's raises
            reason = f"the tokenizer of {place} does not load: {_first_line(error)}"
    return None, reason


def is_in(folder: Path) -> bool:
    """Whether a folder holds a tokenizer."""
    return any((folder / name).is_file() for name in ("tokenizer_config.json", "tokenizer.json"))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
