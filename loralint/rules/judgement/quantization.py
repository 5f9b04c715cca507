"""How a load quantises the weights."""

from __future__ import annotations

from loralint.facts import Absent, Known, Value
from loralint.project import Load
from loralint.rules.judgement.siblings import is_quantised
from loralint.rules.judgement.values import is_off, is_true, texts

_BITS = {"nf4": 4, "fp4": 4, "int8": 8, "none": 16}
_UNSLOTH = "unsloth."


def method(load: Load) -> Value | None:
    """nf4, fp4, int8, none or another method's name; None where it cannot be known."""
    if any(is_quantised(name) for name in texts(load.site.repo_id)):
        return None  # the repository's own config.json says how
    given = load.option("quantization")
    if not isinstance(given, Absent):
        return given
    if load.site.loader.startswith("peft."):
        return None  # AutoPeft hands everything on to a load of its own
    if is_true(load.option("load_in_4bit")):
        return Known("nf4") if load.site.loader.startswith(_UNSLOTH) else _four_bit(load)
    if is_true(load.option("load_in_8bit")):
        return Known("int8")
    plain = all(is_off(load.option(name)) for name in ("load_in_4bit", "load_in_8bit"))
    return Known("none") if plain else None


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
