"""Which Python files are worth parsing: those that use a name that matters.

A word in a docstring is no use of a name. What stands after a dot, before a parenthesis or a
comma, in an import, or as the whole of a string (`getattr(cls, "from_pretrained")`) is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from loralint.catalog import FILE_MARKERS
from loralint.discovery.kinds import COMMANDS as COMMAND_FILE, PROGRAM

COMMENTS = (b"loralint:", b"noqa: LOR", b"noqa:LOR")
"""A file with a suppression is read even if it has nothing to suppress: that is a finding."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Python cannot read such a file, and no name can be found in it: the front end will say so."""

LARGE = 1_000_000
"""Bytes above which a text is not split into words for nothing."""

_WORD = re.compile(rb"[A-Za-z_]\w*")


def _use(name: str) -> re.Pattern[bytes]:
    word = re.escape(name).encode()
    return re.compile(
        rb"\.%b(?![\w`])|\b%b\s*[(,]|[\"']%b[\"']|^[ \t]*(?:from|import)\b[^\n]*\b%b\b"
        % (word, word, word, word),
        re.MULTILINE,
    )


_MARKERS = tuple((name.encode(), _use(name)) for name in sorted(FILE_MARKERS))
_COMMON = tuple(
    (beside, name.encode(), _use(name))
    for beside, name in (
        (b"transformers", "pipeline"),
        (b"modelscope", "pipeline"),
        (b"hf-hub:", "create_model"),
    )
)
"""Too common words alone, each with what must stand beside it: scikit-learn has pipelines too."""


def matters(text: bytes) -> bool:
    """Whether a Python file uses one of the ecosystem's names."""
    # `in` is twenty times as fast as a pattern, and most files have none of the words.
    if any(word in text and use.search(text) for word, use in _MARKERS):
        return True
    if any(beside in text and word in text and use.search(text) for beside, word, use in _COMMON):
        return True
    if text.startswith(UTF_16):
        return True
    return any(comment in text for comment in COMMENTS)


COMMANDS = (b"%%bash", b"%%sh", b"%%script", b"!python", b"! python", b"%run",
            b"accelerate launch", b"torchrun", b"deepspeed", b"-cli", b"axolotl", b"trl sft",
            b"swift sft", b"hf download", b"lm_eval", b"lm-eval", b"sglang", b"text-generation",
            b"lorax")  # fmt: skip
"""What a notebook with none of the ecosystem's names may still run."""


_COMMAND = re.compile(
    rb"\.py\b|\bpython[\d.]*\b[^\n]*\s-m\s|accelerate|torchrun|deepspeed|vllm|sglang|lorax|\btrl\b"
    rb"|text-generation|llamafactory|axolotl|\bswift\b|megatron|lm[-_]eval|\bhf\s+download"
    rb"|huggingface-cli"
)
_SHELL = re.compile(rb"#!.*\b(ba|da|z|k)?sh\b")


def shell_matters(path: str, text: bytes) -> bool:
    """Whether a file with command lines runs something that may load a model."""
    name = path.rpartition("/")[2]
    if PROGRAM.fullmatch(name) and not COMMAND_FILE.fullmatch(name) and not _SHELL.match(text):
        return False
    return bool(_COMMAND.search(text)) or any(comment in text for comment in COMMENTS)


def notebook_matters(text: bytes) -> bool:
    """Whether a notebook has one of the ecosystem's names, wherever: its code is in JSON here."""
    if any(word in text for word, _ in _MARKERS) or any(each in text for each in COMMANDS):
        return True
    if any(beside in text and word in text for beside, word, _ in _COMMON):
        return True
    return text.startswith(UTF_16) or any(comment in text for comment in COMMENTS)


def mentions(text: bytes, names: frozenset[bytes]) -> bool:
    """Whether a text contains one of the identifiers."""
    if len(text) > LARGE and not any(name in text for name in names):
        return False  # a notebook full of images is one word after another
    return not names.isdisjoint(_WORD.findall(text))


def encoded(names: Iterable[str]) -> frozenset[bytes]:
    """Identifiers as they stand in a file."""
    return frozenset(name.encode() for name in names)
