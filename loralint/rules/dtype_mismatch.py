"""LOR205."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from loralint.project import Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.sides import at_inference, differing, pairs_of, unlike, why
from loralint.rules.judgement.values import differ, texts


@rule("LOR205", "dtype-mismatch", severity="warning", default=False)
def dtype_mismatch(project: Project) -> Iterator[Finding]:
    """The base is loaded in another dtype, or computes in another one, than it was trained in.

    ## Why is this bad?

    bfloat16 and float16 round differently. The effect is small beside that of another revision or
    another quantisation, but it is there, and a comparison of logits will show it.

    ## Example

    ```python train.py
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", dtype=torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", dtype=torch.float16)
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Use instead

    ```python train.py
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", dtype=torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", dtype=torch.bfloat16)
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    The fix is shown only.

    ## Known problems

    Only two dtypes that are both written are compared: what a load without `dtype` takes depends
    on the version of transformers. A merge is never reported. The rule is off unless selected.
    """
    for option, words in _OPTIONS:
        found = differing(project, pairs_of(project), partial(_difference, option=option))
        for pair, _ in unlike(found):
            yield _finding(pair, option, words)


_OPTIONS = (("dtype", "loaded in"), ("bnb_4bit_compute_dtype", "computed in"))


def _difference(pair: Pair, option: str) -> str | None:
    return option if not pair.merge and _differs(pair, option) else None


def _differs(pair: Pair, option: str) -> bool:
    train, infer = pair.train.option(option), pair.infer.option(option)
    written = texts(train) and texts(infer)  # None leaves it to the library
    return bool(written) and differ(train, infer) and "auto" not in (*texts(train), *texts(infer))


def _finding(pair: Pair, option: str, words: str) -> Finding:
    train, infer = pair.train.option(option), pair.infer.option(option)
    message = (
        f"the base is {words} {wording.value(train)} in training ({pair.train.place}) and in"
        f" {wording.value(infer)} here {why(pair)}: the adapter's results will differ a little"
    )
    fix = fixes.shown(f"use {wording.value(train)}, as {pair.train.place} does")
    return at_inference(pair, message, fix)
