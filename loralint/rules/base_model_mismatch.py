"""LOR202."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.models import Kinship, kinship
from loralint.rules.judgement.pinning import hub_ids
from loralint.rules.judgement.sides import at_inference, differing, pairs_of, unlike, why
from loralint.rules.judgement.values import differ


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
    hold a copy of the model, so a local path against a Hub id is silent.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    """
    others: Iterator[tuple[Pair, Kinship]] = differing(project, pairs_of(project), _other)
    for pair, kind in unlike(others):
        fix = fixes.shown(f"load {wording.ids(pair.train)}, as {pair.train.place} does")
        yield at_inference(pair, _message(pair, kind), fix)


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
    return pair.merge or all(_is_unsloth(load) for load in (pair.train, pair.infer))


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
