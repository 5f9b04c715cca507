"""LOR110."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Fix, Related
from loralint.facts import ABSENT, Known
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import hub_ids, is_pinned, is_waived, subject_of


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

    Safe: the revision is written into adapter_config.json and loads nothing.

    ## Known problems

    unsloth's `get_peft_model` takes no revision and is not reported.

    ## References

    - [PEFT issue 1567](https://github.com/huggingface/peft/issues/1567)
    - [PEFT pull request 1658](https://github.com/huggingface/peft/pull/1658)
    """
    wrapped: set[int] = set()
    for taker in project.actions:
        if taker.kind not in ("wrap", "train"):
            continue
        configs = [one for one in _configs(project, taker) if one.index not in wrapped]
        is_place = taker.callee.endswith("get_peft_model")
        if is_place or configs:
            wrapped.update(config.index for config in configs)
            place = taker if is_place else configs[0]
            yield from _judge(project, taker, place, (taker, *configs))


def _configs(project: Project, taker: Action) -> list[Action]:
    """The LoRA configurations that a call is given."""
    given = (project.actions[index] for index in taker.actions)
    return [action for action in given if action.kind == "lora-config"]


def _judge(
    project: Project, taker: Action, place: Action, told: tuple[Action, ...]
) -> Iterator[Finding]:
    if taker.callee.startswith("unsloth.") or any(_names_revision(action) for action in told):
        return
    for base in _bases(project, taker):
        message = (
            f"{wording.named(base)} is loaded at {wording.revision(base.site.revision)}"
            f" ({base.place}), but the adapter does not record it: adapter_config.json will say"
            " revision: null"
        )
        note = Related(f"{wording.named(base)} is pinned here", base.place)
        subject = subject_of(base)
        yield Finding(message, place.place, (note,), _fix(place, base), subject, place.text)
        return


def _names_revision(action: Action) -> bool:
    return action.options.get("revision", ABSENT) != ABSENT


def _bases(project: Project, place: Action) -> Iterator[Load]:
    """The pinned base models from the Hub that flow into the call."""
    for load in project.inputs_of(place):
        fits = load.site.artifact == "base-model" and hub_ids(load)
        if fits and is_pinned(load.site.revision) and not is_waived(project, load):
            yield load


def _fix(place: Action, base: Load) -> Fix:
    given = base.site.revision
    if isinstance(given, Known):
        value = f'"{given.value}"'
        advice = f"pass revision={value}, as {base.place} does"
        return fixes.add_argument(place, "revision", value, "safe", advice)
    return fixes.shown(f"pass revision=, as {base.place} does")
