"""LOR206."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from loralint.diagnostics import Fix
from loralint.facts import Value
from loralint.project import Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.remote_code import is_known_to_bring_code, is_native, trust
from loralint.rules.judgement.sides import (
    at_inference,
    differing,
    pairs_of,
    trained_here,
    unlike,
    why,
)
from loralint.rules.judgement.values import by_default, is_off, is_true, same


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
    difference: families that transformers has itself (Llama, Gemma, Mistral, Qwen 2 and 3 …) are
    not reported. An error is what is known to bring code (phi, falcon, ChatGLM, InternLM …); where
    nobody knows it is a warning. Where the local cache of the Hub holds the model, its config.json
    decides: code is what `auto_map` names.
    """
    for pair, *others in _by_place(project):
        train, infer = trust(pair.train), trust(pair.infer)
        certain = is_known_to_bring_code(project, pair.infer, pair.train)
        message = _message(pair, train, infer, certain)
        notes = (trained_here(each) for each in others)
        found = at_inference(pair, message, _fix(pair, train), *notes)
        yield found if certain else replace(found, severity="warning")


def _by_place(project: Project) -> Iterator[list[Pair]]:
    """The pairs that differ, those together that say the same of one load."""
    groups: dict[object, list[Pair]] = {}
    opposed = partial(_opposed, project)
    for pair, said in unlike(differing(project, pairs_of(project), opposed)):
        groups.setdefault((pair.infer.place, said), []).append(pair)
    yield from groups.values()


def _opposed(project: Project, pair: Pair) -> tuple[Value, Value] | None:
    """What the two sides say, where it is certain that it is not the same and that it matters."""
    train, infer = trust(pair.train), trust(pair.infer)
    if is_native(project, pair.infer, pair.train) or same(train, infer):
        return None
    return (train, infer) if _are_opposed(train, infer) else None


def _fix(pair: Pair, train: Value) -> Fix:
    if is_true(train):
        return fixes.shown(f"set trust_remote_code=True, as {pair.train.place} does")
    return fixes.shown(f"leave trust_remote_code out, as {pair.train.place} does, or train with it")


def _are_opposed(one: Value, other: Value) -> bool:
    return (is_true(one) and is_off(other)) or (is_off(one) and is_true(other))


def _message(pair: Pair, train: Value, infer: Value, certain: bool) -> str:
    with_code, without = ("training", "inference") if is_true(train) else ("inference", "training")
    default = ", by default" if by_default(train, infer) else ""
    condition = "" if certain else "if the repository brings code, "
    return (
        f"{with_code} sets trust_remote_code and {without} does not{default} {why(pair)}:"
        f" {condition}other classes have other module names, and the adapter's tensors may silently"
        " not load"
    )
