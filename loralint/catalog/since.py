"""Since when a library takes what fixes write: a fix must run with whatever the project allows.

Read in the libraries' wheels; `tests/wheels` reads them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Release: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """A function or class that takes a keyword from some release of its package on."""

    callee: str
    keyword: str
    package: str
    release: Release


SINCE = (
    Since("get_peft_model", "revision", "peft", (0, 12)),
    Since("LoraConfig", "revision", "peft", (0, 4)),
    Since("BitsAndBytesConfig", "load_in_4bit", "transformers", (4, 30)),
    Since("SentenceTransformer", "revision", "sentence_transformers", (2, 3)),
    Since("CrossEncoder", "revision", "sentence_transformers", (2, 4)),
)


def since(callee: str, keyword: str) -> Since | None:
    """The row of a callee, by its last name; None of what has always been taken."""
    name = callee.rpartition(".")[2]
    return next((one for one in SINCE if (one.callee, one.keyword) == (name, keyword)), None)
