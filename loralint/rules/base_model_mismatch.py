"""LOR202."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loralint.diagnostics import Related, Severity
from loralint.facts import ABSENT, Value
from loralint.project import Action, Load, Pair, Project
from loralint.refs import is_repo_id
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import actions, steps
from loralint.rules.judgement.models import Kinship, is_quantised, kinship, method
from loralint.rules.judgement.pinning import hub_ids, subject_of
from loralint.rules.judgement.sides import at_inference, differing, pairs_of, unlike, why
from loralint.rules.judgement.values import differ, only, texts


@rule("LOR202", "base-model-mismatch", severity="error")
def base_model_mismatch(project: Project) -> Iterator[Finding]:
    """The adapter is trained on one base model and loaded onto another.

    ## Why is this bad?

    PEFT never compares the base it is given with the one that adapter_config.json names. If the
    two have the same architecture, every tensor lands, nothing is reported, and the model answers
    differently from the one that was trained. An instruct-tuned sibling, a quantised copy and a
    mirror are other weights, too.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("mistralai/Mistral-7B-v0.1", revision="26bca36")
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/mistral")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("mistralai/Mistral-7B-Instruct-v0.1")
    model = PeftModel.from_pretrained(base, "out/mistral")
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("mistralai/Mistral-7B-v0.1")
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/mistral")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("mistralai/Mistral-7B-v0.1")
    model = PeftModel.from_pretrained(base, "out/mistral")
    ```

    ## Fix safety

    Which of the two is meant only the author knows; the fix is shown and not applied.

    ## Known problems

    A merge onto the full-precision original of a quantised copy is how it is done, and silent. So
    is unsloth, which replaces a name by its quantised mirror itself, on both sides. A folder may
    hold a copy of the model, so a local path against a Hub id is silent. A quantised copy on one
    side is a warning: the weights are near, and people do it on purpose.

    A LoraConfig that names another base than the one it is put onto is reported, too: as a warning,
    since `get_peft_model` writes the right name over it, and as an error where `add_adapter` keeps
    the wrong one.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    """
    others: Iterator[tuple[Pair, Kinship]] = differing(project, pairs_of(project), _other)
    for pair, kind in unlike(others):
        fix = fixes.shown(f"load {wording.ids(pair.train)}, as {pair.train.place} does")
        found = at_inference(pair, _message(pair, kind), fix)
        yield replace(found, at_most="warning") if kind == "quantised" else found
    yield from _recorded(project)


_WORDS: dict[Kinship, str] = {
    "quantised": "a quantised copy with other weights",
    "mirror": "a mirror of it, which can differ and is updated by somebody else",
    "tuned": "a sibling that was tuned differently, so every weight differs",
    "none": "another model",
    "same": "",
}


def _other(pair: Pair) -> Kinship | None:
    """How the two bases are akin, where that is worth saying."""
    kind = _kinship(pair)
    is_fine = kind == "same" or (kind == "quantised" and _is_usual(pair))
    return None if is_fine else kind


def _kinship(pair: Pair) -> Kinship | None:
    """How the two bases are akin; None where they are the same, or not certainly known."""
    train, infer = hub_ids(pair.train), hub_ids(pair.infer)
    if not train or not infer or not differ(pair.train.site.repo_id, pair.infer.site.repo_id):
        return None
    found = {kinship(one, other) for one in train for other in infer}
    if "same" in found:
        return "same"
    return found.pop() if len(found) == 1 else "none"


def _is_usual(pair: Pair) -> bool:
    """Whether a quantised copy on one side is how it is done: what is loaded is as near."""
    sides = (pair.train, pair.infer)
    plain = [each for each in sides if not any(is_quantised(name) for name in hub_ids(each))]
    methods = [method(each) for each in plain]
    quantised = bool(plain) and all(one and only(one) in _FOUR_BITS for one in methods)
    return pair.merge or quantised or all(map(_is_unsloth, sides))


_FOUR_BITS = ("nf4", "fp4")


def _is_unsloth(load: Load) -> bool:
    return load.site.loader.startswith("unsloth.")


def _message(pair: Pair, kind: Kinship) -> str:
    train, infer = pair.train, pair.infer
    default = wording.hint(train.site.repo_id, infer.site.repo_id)
    return (
        f"the adapter is trained on {wording.ids(train)} ({train.place}) and loaded onto"
        f" {wording.ids(infer)}{default}, {_WORDS[kind]} {why(pair)}:"
        " its tensors may load without an error and mean nothing"
    )


# --- a configuration that names another base ------------------------------------------------------


def _recorded(project: Project) -> Iterator[Finding]:
    """Configurations that name another base than the model which they are put onto."""
    for wrap in (*actions(project, "wrap"), *actions(project, "train")):
        for config in steps(project, wrap, "lora-config"):
            named = config.options.get("base_model_name_or_path", ABSENT)
            bases = list(project.inputs_of(wrap))
            if len(bases) == 1 and _is_another(named, bases[0]):
                yield _records_another(wrap, config, named, bases[0])


def _is_another(named: Value, base: Load) -> bool:
    names, ids = texts(named), hub_ids(base)
    others = [kinship(one, other) for one in names for other in ids if is_repo_id(one)]
    return bool(others) and "same" not in others and differ(named, base.site.repo_id)


def _records_another(wrap: Action, config: Action, named: Value, base: Load) -> Finding:
    keeps = wrap.callee == "add_adapter"
    effect = (
        "add_adapter keeps that name in adapter_config.json, and AutoPeft loads it"
        if keeps
        else "PEFT writes the name of the wrapped model over it"
    )
    message = (
        f"the configuration names the base {wording.value(named)} and is put onto"
        f" {wording.ids(base)} ({base.place}): {effect}"
    )
    note = Related("the base is loaded here", base.place)
    fix = fixes.shown("leave base_model_name_or_path out: it is filled in from the model")
    severity: Severity = "error" if keeps else "warning"
    subject = subject_of(base)
    return Finding(message, config.place, (note,), fix, subject, config.text, severity)
