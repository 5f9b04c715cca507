"""The files of a repository: what each is for, and how its content is named.

A file that git itself holds is named by its blob id, one in large file storage by its SHA-256: so
the Hub and its cache say it, and neither has to be downloaded or read again for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha1
from typing import Literal

Part = Literal["config", "code", "tokenizer", "weights"]

_PATTERNS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    ("code", re.compile(r".*\.py")),
    (
        "tokenizer",
        re.compile(
            r"(tokenizer|special_tokens|added_tokens|vocab|merges|spiece|sentencepiece|chat_template"
            r"|tekken|bpe|qwen\.tiktoken)[\w.-]*\.(json|jsonl|txt|model|bpe|jinja|tiktoken)"
            r"|.*\.(tiktoken|spm)|.*\.model",
        ),
    ),
    (
        "weights",
        re.compile(
            r".*\.(safetensors|bin|pt|pth|ckpt|gguf|ggml|h5|msgpack|onnx|ot)(\.index\.json)?"
        ),
    ),
    ("config", re.compile(r"[\w.-]*(config|processor|modules|params)[\w.-]*\.(json|yaml|yml)")),
)
_OURS = re.compile(
    r"training_args\.bin|optimizer\..*|scheduler\.(bin|pt)|rng_state.*|events\.out.*"
)

LARGEST_SMALL = 16 * 1024 * 1024
"""Bytes of a file that git may hold itself; what is larger lies in large file storage."""


def part_of(path: str) -> Part | None:
    """What a file decides of the model; None for one that decides nothing."""
    name = path.rpartition("/")[2]
    if _OURS.fullmatch(name):
        return None
    return next((part for part, pattern in _PATTERNS if pattern.fullmatch(name)), None)


def blob_id(content: bytes) -> str:
    """What git calls a file of this content."""
    # No use as a signature is made of it: it names what the Hub itself names so.
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def named(digest: str) -> str | None:
    """A hash as the lock file has it, from what the Hub and its cache call a blob."""
    if re.fullmatch(r"[0-9a-f]{40}", digest):
        return f"git:{digest}"
    return f"sha256:{digest}" if re.fullmatch(r"[0-9a-f]{64}", digest) else None


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> dict[Part, list[str]]:
    """The files that matter and differ between two commits, by what they decide."""
    found: dict[Part, list[str]] = {}
    for name in sorted(old.keys() | new.keys()):
        part = part_of(name)
        if part is not None and old.get(name) != new.get(name):
            found.setdefault(part, []).append(name)
    return found
