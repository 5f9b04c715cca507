"""Bases whose token embeddings the training has resized."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loralint.diagnostics import Diagnostic
from loralint.verify.asking import input_rows
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, AdapterFolder

_EMBEDDINGS = re.compile(r"(embed_tokens|wte|word_embeddings|embed_in|lm_head|embed_out)"
                         r"(\.base_layer)?\.weight$")  # fmt: skip


def is_table(name: str) -> bool:
    """Whether a tensor has a row for each token, by its name."""
    return _EMBEDDINGS.search(name) is not None


def wanted_rows(base: Any, folder: AdapterFolder) -> int | None:
    """How many rows the embeddings need so that the adapter's own fit; None to leave them.

    As AutoPeftModel does: the tokenizer that was saved beside the adapter has more tokens than the
    base has rows. The file's own embeddings then say how many rows there were, padding included.
    """
    rows = input_rows(base)
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


def unsaved_rows(case: Case, base: Any, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """Rows for added tokens that neither side has; `base` has not been resized yet."""
    rows = wanted_rows(base, folder)
    if rows is None or any(_EMBEDDINGS.search(name) or "token_adapter" in name
                           for name in folder.shapes):  # fmt: skip
        return
    there = input_rows(base) or 0
    yield finding(
        "LOR501",
        f"the tokenizer beside the adapter has {rows:,} tokens and {case.base} {there:,} rows of"
        f" embeddings, and the adapter saves none: {rows - there:,} rows are drawn anew at every"
        " load",
        case.file(WEIGHTS),
        help="name the embeddings in modules_to_save or trainable_token_indices when training",
        subject=case.base or "",
    )
