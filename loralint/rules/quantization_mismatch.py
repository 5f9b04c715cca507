"""LOR204."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from loralint.diagnostics import Severity
from loralint.facts import Default, Value
from loralint.project import Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.models import bits, double, method
from loralint.rules.judgement.sides import at_inference, differing, once, pairs_of, unlike, why
from loralint.rules.judgement.values import by_default, differ, only, scalars
from loralint.text import either


@rule("LOR204", "quantization-mismatch", severity="warning")
def quantization_mismatch(project: Project) -> Iterator[Finding]:
    """The adapter is trained on a base that is quantised differently from the one it is used on.

    ## Why is this bad?

    An adapter that was trained on 4-bit weights has learnt to work with their rounding errors.
    With fp4 in place of nf4 the output moves by about half of what the adapter itself does. A bare
    `load_in_4bit=True` is fp4.

    ## Example

    ```python train.py
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer

    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", quantization_config=nf4)
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=True)
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", quantization_config=config)
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Use instead

    ```python train.py
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer

    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", quantization_config=nf4)
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", quantization_config=config)
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    The fix is shown only: how a model is served is a decision.

    ## Known problems

    Training in 4-bit and serving in full precision is common and mostly harmless: it is reported
    with `--strict` only. A merge into full precision is never reported. Double quantisation on one
    side only moves the output by a fiftieth of what the adapter does: that is a remark.

    ## References

    - [QLoRA](https://arxiv.org/abs/2305.14314)
    """
    yield from once(_found(project))


def _found(project: Project) -> Iterator[tuple[Pair, object, Finding]]:
    strict = project.config.strict

    def judge(pair: Pair) -> _Difference | None:
        return None if pair.merge else _difference(pair, strict=strict)

    for pair, difference in unlike(differing(project, pairs_of(project), judge)):
        message = f"the base is {difference.words} {why(pair)}: {difference.effect}"
        fix = fixes.shown(f"quantise as {pair.train.place} does")
        yield (
            pair,
            difference.severity,
            replace(at_inference(pair, message, fix), severity=difference.severity),
        )


@dataclass(frozen=True, slots=True)
class _Difference:
    """How the weights of the two sides differ, and what that does."""

    words: str
    effect: str = "the adapter works on other weights than it was trained on"
    severity: Severity = "warning"


def _difference(pair: Pair, *, strict: bool) -> _Difference | None:
    train, infer = method(pair.train), method(pair.infer)
    if train is None or infer is None:
        return None
    if differ(train, infer):
        is_served_in_full = only(infer) == "none"
        default = wording.hint(train, infer)
        shown = f"{_words(train)} in training ({pair.train.place}) and"
        told = f"{shown} {_words(infer)} here{default}"
        return None if is_served_in_full and not strict else _Difference(told)
    return _doubly(pair) if bits(only(train)) == 4 and bits(only(infer)) == 4 else None


def _doubly(pair: Pair) -> _Difference | None:
    train, infer = double(pair.train), double(pair.infer)
    if not differ(train, infer) or any(map(_is_default_of_a_tool, (train, infer))):
        return None
    default = ", by default" if by_default(train, infer) else ""
    first, second = ("with", "without") if only(train) else ("without", "with")
    words = (
        f"quantised {first} double quantisation in training ({pair.train.place}) and {second} it"
        f" here{default}"
    )
    return _Difference(words, "the weights differ a little from those of the training", "info")


def _is_default_of_a_tool(double: Value) -> bool:
    """Whether a tool quantises doubly or not by itself, and its author never said so."""
    return isinstance(double, Default) and double.origin is None


def _words(given: Value) -> str:
    return either(_word(name) for name in scalars(given) or ())


def _word(name: object) -> str:
    if name == "none":
        return "in full precision"
    width = bits(name)
    return f"{width}-bit ({name})" if width else f"quantised with {name}"
