"""What a model class puts on top of the base: the head that an adapter was trained under."""

from __future__ import annotations

import re
from typing import Literal

from loralint.facts import Known, Value
from loralint.project import Load
from loralint.rules.judgement.values import only

Head = Literal[
    "causal language model", "conditional generation", "sequence classification",
    "token classification", "question answering", "masked language model", "no head",
]  # fmt: skip

_HEADS: tuple[tuple[str, Head], ...] = (
    (r"ForSequenceClassification$", "sequence classification"),
    (r"ForTokenClassification$", "token classification"),
    (r"ForQuestionAnswering$", "question answering"),
    (r"ForMaskedLM$", "masked language model"),
    (
        r"For(ConditionalGeneration|Seq2SeqLM|Vision2Seq|ImageTextToText|SpeechSeq2Seq"
        r"|MultimodalLM)$",
        "conditional generation",
    ),
    (r"ForCausalLM(WithValueHead)?$|LMHeadModel$", "causal language model"),
    (r"^AutoModel$", "no head"),
)

_TASKS: dict[str, Head] = {
    "CAUSAL_LM": "causal language model",
    "SEQ_2_SEQ_LM": "conditional generation",
    "SEQ_CLS": "sequence classification",
    "TOKEN_CLS": "token classification",
    "QUESTION_ANS": "question answering",
    "FEATURE_EXTRACTION": "no head",
}


def class_of(load: Load) -> Value:
    """The class that a load makes: the linker says it, or the loader's own name."""
    given = load.option("class")
    if only(given) is not None:
        return given
    parts = load.site.loader.split(".")
    return Known(parts[-2] if len(parts) > 2 else "")


def head_of(load: Load) -> Head | None:
    """The head of a load's class; None where its name does not tell."""
    name = str(only(class_of(load)) or "")
    return next((head for pattern, head in _HEADS if re.search(pattern, name)), None)


def head_of_task(task: Value) -> Head | None:
    """The head that a `task_type` stands for."""
    return _TASKS.get(str(only(task)).rpartition(".")[2])
