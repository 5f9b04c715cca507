"""LOR110."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Fix, Related
from loralint.facts import Known
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import is_pinned, subject_of
from loralint.rules.judgement.recording import Unrecorded, unrecorded


@rule("LOR110", "unrecorded-revision", severity="warning")
def unrecorded_revision(project: Project) -> Iterator[Finding]:
    """The base is pinned, but the adapter is not told: adapter_config.json says `revision: null`.

    ## Why is this bad?

    PEFT writes the base's name into adapter_config.json by itself, and its revision only if
    `get_peft_model(…, revision=…)` or `LoraConfig(revision=…)` gets it. Whoever loads the adapter
    with `AutoPeftModel` then gets the default branch of the base, and the knowledge which revision
    it was trained on exists only in the training script.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    model = get_peft_model(base, LoraConfig(r=16, task_type="CAUSAL_LM"))
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    model = get_peft_model(
        base, LoraConfig(r=16, task_type="CAUSAL_LM"), revision="refs/pr/23"
    )
    ```

    ## Fix safety

    Safe: the revision is written into adapter_config.json and loads nothing. Where the project's
    requirements let in a PEFT before 0.12, whose `get_peft_model` takes no revision, the
    configuration gets it; where that is out of reach, nothing is changed.

    ## Known problems

    unsloth's `get_peft_model` takes no revision and is not reported.

    ## References

    - [PEFT issue 1567](https://github.com/huggingface/peft/issues/1567)
    - [PEFT pull request 1658](https://github.com/huggingface/peft/pull/1658)
    """
    for one in unrecorded(project):
        base = next((load for load in one.bases if is_pinned(load.site.revision)), None)
        if base is not None:
            yield _found(one, base)


def _found(one: Unrecorded, base: Load) -> Finding:
    message = (
        f"{wording.named(base)} is loaded at {wording.revision(base.site.revision)}"
        f" ({base.place}), but the adapter does not record it: adapter_config.json will say"
        " revision: null"
    )
    note = Related(f"{wording.named(base)} is pinned here", base.place)
    place, subject = one.place, subject_of(base)
    return Finding(message, place.place, (note,), _fix(one, base), subject, place.text)


def _fix(one: Unrecorded, base: Load) -> Fix:
    given = base.site.revision
    where = _where(one)
    if isinstance(given, Known):
        advice = f'pass revision="{given.value}"{where}, as {base.place} does'
        return fixes.made("safe", advice, one.changes(str(given.value)), "revision")
    return fixes.shown(f"pass revision={where}, as {base.place} does")


def _where(one: Unrecorded) -> str:
    """Who takes the revision, where that is not the call itself."""
    if one.holder == one.place:
        return ""
    return " to the LoRA configuration (get_peft_model takes it from PEFT 0.12 on)"
