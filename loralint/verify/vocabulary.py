"""Bases whose token embeddings the training has resized."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from loralint.verify.folder import AdapterFolder

_EMBEDDINGS = re.compile(r"(embed_tokens|wte|word_embeddings|embed_in|lm_head|embed_out)"
                         r"(\.base_layer)?\.weight$")  # fmt: skip


def wanted_rows(base: Any, folder: AdapterFolder) -> int | None:
    """How many rows the embeddings need so that the adapter's own fit; None to leave them.

    As AutoPeftModel does: the tokenizer that was saved beside the adapter has more tokens than the
    base has rows. The file's own embeddings then say how many rows there were, padding included.
    """
    embedding = getattr(base, "get_input_embeddings", lambda: None)()
    rows = getattr(getattr(embedding, "weight", None), "shape", (None,))[0]
    tokens = _tokens(folder.path)
    if rows is None or tokens is None or tokens <= rows:
        return None
    saved = {shape[0] for name, shape in folder.shapes.items()
             if _EMBEDDINGS.search(name) and len(shape) == 2}  # fmt: skip
    fitting = [one for one in saved if one >= tokens]
    return min(fitting) if fitting else tokens


def _tokens(path: Path) -> int | None:
    """How many tokens the tokenizer of the folder has, read as plain JSON."""
    try:
        text = (path / "tokenizer.json").read_text(encoding="utf-8")
        document = json.loads(text)
        vocabulary = document["model"]["vocab"]
        ids = {one["id"] for one in document.get("added_tokens", [])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    known = vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
    return len(ids | set(known))
