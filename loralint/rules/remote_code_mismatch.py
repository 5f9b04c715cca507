"""LOR206."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from loralint.diagnostics import Fix
from loralint.facts import Value, leaves
from loralint.project import Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.sides import at_inference, distinct_pairs, trained_here, why
from loralint.rules.judgement.values import by_default, is_off, is_true, same, texts


@rule("LOR206", "remote-code-mismatch", severity="error")
def remote_code_mismatch(project: Project) -> Iterator[Finding]:
    """`trust_remote_code` is set on one side only: other classes, other module names.

    ## Why is this bad?

    A repository with code of its own can be loaded with that code or with the class that
    transformers has for the architecture. The two name their modules differently (`Wqkv` against
    `q_proj`, `k_proj`, `v_proj`), so an adapter that was trained on one finds few or none of its
    modules in the other.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", trust_remote_code=True)
    model = get_peft_model(base, LoraConfig(r=16, target_modules=["Wqkv"]))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16, target_modules=["q_proj"]))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    There is no automatic fix: `trust_remote_code=True` runs code from the Hub.

    ## Known problems

    For a repository without code of its own the flag does nothing, and neither does the
    difference. Of a family of which that is known (Llama, Gemma, Mistral, Qwen 2 and 3 …) it is a
    warning. Drop the flag where it is not needed.
    """
    for pair, *others in _by_place(project):
        train = pair.train.option("trust_remote_code")
        infer = pair.infer.option("trust_remote_code")
        native = is_native(pair.infer) or is_native(pair.train)
        message = _message(pair, train, infer, native)
        fix = fixes.shown(_LEAVE_OUT) if native else _fix(pair, train)
        found = at_inference(pair, message, fix, *(trained_here(each) for each in others))
        yield replace(found, severity="warning") if native else found


_LEAVE_OUT = "leave trust_remote_code out on both sides"


def _by_place(project: Project) -> Iterator[list[Pair]]:
    """The pairs that differ, those together that say the same of one load."""
    groups: dict[object, list[Pair]] = {}
    for pair in distinct_pairs(project):
        train = pair.train.option("trust_remote_code")
        infer = pair.infer.option("trust_remote_code")
        if not same(train, infer) and _are_opposed(train, infer):
            groups.setdefault((pair.infer.place, train, infer), []).append(pair)
    yield from groups.values()


def _fix(pair: Pair, train: Value) -> Fix:
    if is_true(train):
        return fixes.shown(f"set trust_remote_code=True, as {pair.train.place} does")
    return fixes.shown(f"leave trust_remote_code out, as {pair.train.place} does, or train with it")


def _are_opposed(one: Value, other: Value) -> bool:
    return (is_true(one) and is_off(other)) or (is_off(one) and is_true(other))


def _message(pair: Pair, train: Value, infer: Value, native: bool) -> str:
    with_code, without = ("training", "inference") if is_true(train) else ("inference", "training")
    default = ", by default" if by_default(train, infer) else ""
    stated = f"{with_code} sets trust_remote_code and {without} does not{default} {why(pair)}"
    if native:
        return f"{stated}: transformers has the classes itself, so the flag should change nothing"
    return (
        f"{stated}: other classes have other module names, and the adapter's tensors may silently"
        " not load"
    )


_FAMILIES = re.compile(
    r"(meta-)?(code|tiny)?llama-?[23]?[.\d]*-.*|gemma-[\w.-]+|mi[sx]tral-.*|qwen(1\.5|2|2\.5|3)-.*"
    r"|gpt2(-\w+)?|gpt-neo(x)?-.*|pythia-.*|opt-\d.*|bloomz?-.*|(flan-)?t5-.*|smollm\d?-.*"
    r"|(distil)?(ro)?bert(a)?-.*",
    re.IGNORECASE,
)


def is_native(load: Load) -> bool:
    """Whether everything that a load may load is known to need no code from the Hub.

    A folder is judged by its name. An id that nobody knows beside others does not count.
    """
    names = [name for leaf in leaves(load.site.repo_id) for name in texts(leaf)]
    return bool(names) and all(_FAMILIES.fullmatch(_last(name)) for name in names)


def _last(name: str) -> str:
    return name.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
