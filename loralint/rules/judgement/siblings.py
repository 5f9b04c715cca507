"""How two repo ids are akin: a quantised copy, a mirror, an instruct-tuned sibling."""

from __future__ import annotations

import re
from typing import Literal

Kinship = Literal["same", "quantised", "mirror", "tuned", "none"]

_QUANTISED = re.compile(
    r"([-_.](unsloth|dynamic))?[-_.]("
    r"bnb[-_]?(4|8)[-_]?bits?|(4|8)[-_]?bits?|int(4|8)|gptq.*|awq.*|gguf.*|exl2.*|hqq.*|fp8.*|nf4"
    r"|w\da\d+.*|mlx.*)$",
    re.IGNORECASE,
)
_TUNED = re.compile(r"[-_.](instruct|it|chat|base|pt|sft|dpo|rlhf)(?=$|[-_.])", re.IGNORECASE)


def kinship(one: str, other: str) -> Kinship:
    """What two repositories have to do with each other, by their names."""
    if one.casefold() == other.casefold():
        return "same"
    first, second = _name(one), _name(other)
    if one.replace("/", "-").casefold() == second or other.replace("/", "-").casefold() == first:
        return "mirror"
    if _bare(first) == _bare(second):
        return "mirror" if first == second else "quantised"
    if _TUNED.sub("", _bare(first)) == _TUNED.sub("", _bare(second)):
        return "tuned"
    return "none"


def is_quantised(repo_id: str) -> bool:
    """Whether a repository holds weights that are quantised already, by its name."""
    return _QUANTISED.search(_name(repo_id)) is not None


def _name(repo_id: str) -> str:
    return repo_id.rpartition("/")[2].casefold().removeprefix("meta-")


def _bare(name: str) -> str:
    return _QUANTISED.sub("", name)
