"""What names tell of models: copies, mirrors and siblings; heads of classes; quantisation."""

from __future__ import annotations

import re
from typing import Literal

from loralint.facts import Absent, Known, Value
from loralint.project import Load
from loralint.rules.judgement.values import is_off, is_true, only, texts

Kinship = Literal["same", "quantised", "mirror", "tuned", "none"]

_QUANTISED = re.compile(
    r"([-_.](unsloth|dynamic))?[-_.]("
    r"bnb[-_]?(4|8)[-_]?bits?|(4|8)[-_]?bits?|int(4|8)|gptq.*|awq.*|gguf.*|exl2.*|hqq.*|fp8.*|nf4"
    r"|w\da\d+.*|mlx.*)$",
    re.IGNORECASE,
)
_BITSANDBYTES = re.compile(r"[-_.]bnb[-_]?(4|8)[-_]?bits?$", re.IGNORECASE)
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


def bits_of_copy(repo_id: str) -> int | None:
    """The bits of a repository whose weights bitsandbytes has quantised, by its name."""
    found = _BITSANDBYTES.search(_name(repo_id))
    return int(found[1]) if found is not None else None


def _name(repo_id: str) -> str:
    return repo_id.rpartition("/")[2].casefold().removeprefix("meta-")


def _bare(name: str) -> str:
    return _QUANTISED.sub("", name)


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


_BITS = {"nf4": 4, "fp4": 4, "int8": 8, "none": 16}
_UNSLOTH = "unsloth."


def method(load: Load) -> Value | None:
    """nf4, fp4, int8, none or another method's name; None where it cannot be known."""
    if any(is_quantised(name) for name in texts(load.site.repo_id)):
        return None  # the repository's own config.json says how
    given = load.option("quantization")
    if not isinstance(given, Absent):
        return _as_engines_have_it(load, given)
    if load.site.loader.startswith("peft."):
        return None  # AutoPeft hands everything on to a load of its own
    if is_true(load.option("load_in_4bit")):
        return Known("nf4") if load.site.loader.startswith(_UNSLOTH) else _four_bit(load)
    if is_true(load.option("load_in_8bit")):
        return Known("int8")
    plain = all(is_off(load.option(name)) for name in ("load_in_4bit", "load_in_8bit"))
    return Known("none") if plain else None


def _as_engines_have_it(load: Load, given: Value) -> Value:
    """What engines call bitsandbytes: vLLM and SGLang quantise to nf4 with it, TGI to 8 bits."""
    name = only(given)
    if load.site.artifact != "engine" or not str(name).startswith("bitsandbytes"):
        return given
    _, dash, kind = str(name).partition("-")
    if dash:
        return Known(kind)
    return Known("int8" if load.site.loader.startswith(_TGI) else "nf4")


_TGI = ("text-generation", "lorax")


def _four_bit(load: Load) -> Value:
    """What bitsandbytes takes for 4-bit: fp4 unless it is told."""
    given = load.option("bnb_4bit_quant_type")
    return Known("fp4") if isinstance(given, Absent) else given


def double(load: Load) -> Value:
    """Whether the constants of the quantisation are quantised too; off unless it is said."""
    given = load.option("bnb_4bit_use_double_quant")
    return Known(False) if isinstance(given, Absent) else given


def bits(name: object) -> int | None:
    """How many bits a method leaves a weight; None for one that can have several."""
    return _BITS.get(str(name))
