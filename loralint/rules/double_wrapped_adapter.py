"""LOR311."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related, Severity
from loralint.facts import ABSENT, Reason, Unknown, leaves
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import actions, adapters, loads, steps
from loralint.rules.judgement.versions import asked_from, pinned_below
from loralint.source import Place


@rule("LOR311", "double-wrapped-adapter", severity="error")
def double_wrapped_adapter(project: Project) -> Iterator[Finding]:
    """A PEFT model is wrapped again: `PeftModel.from_pretrained(get_peft_model(…), …)`.

    ## Why is this bad?

    Around a model that is a PEFT model already, the names of all tensors get a second
    `base_model.model.`. An adapter that is loaded there meets none of its tensors and is fresh, and
    one that is trained and saved there does not fit the base any more. PEFT only warns.

    A trainer of TRL that is given a PEFT model and a `peft_config` is the same mistake. Up to 0.24
    it merges the first adapter into the base in memory (or, for some trainers, ignores the
    configuration) and trains a second one, whose adapter_config.json names the plain base: at
    inference the first adapter is gone. Since 1.0 it raises. Where the first one is fresh
    (`get_peft_model` and then a trainer with `peft_config`, as many tutorials have it) nothing is
    lost before 1.0, and 1.0 says so itself: that is a remark, silent where the requirements keep
    TRL below 1, and a warning where they ask for 1.0.

    ## Example

    ```python serve.py
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16))
    model = PeftModel.from_pretrained(model, "out/phi-2")
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    There is no automatic fix. For a second adapter beside the first use `model.load_adapter(…)` or
    `model.add_adapter(…)`; for one on top of it merge the first one (`merge_and_unload()`) before.

    ## Known problems

    The model must be a PEFT model whichever way the code goes; one that a condition wraps is not
    reported. Nor is a `peft_config` that may be None.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    - [TRL: sft_trainer.py](https://github.com/huggingface/trl/blob/main/trl/trainer/sft_trainer.py)
    """
    for load in loads(project):
        if load.onto_adapter and load.site.loader.endswith(".from_pretrained"):
            yield _finding(project, load, "PeftModel.from_pretrained loads an adapter onto")
    for wrap in actions(project, "wrap"):
        if wrap.onto_adapter and wrap.callee == "peft.get_peft_model":
            yield _finding(project, wrap, "get_peft_model wraps")
    for trainer in actions(project, "train"):
        if trainer.onto_adapter and _wraps_itself(project, trainer):
            trained = any(adapters(project, trainer))
            if trained or not pinned_below(project, trainer.path, "trl", 1):
                yield _by_trainer(project, trainer, trained=trained)


def _finding(project: Project, outer: Load | Action, what: str) -> Finding:
    inner = _inner(project, outer)
    message = (
        f"{what} what is a PEFT model already{_in_brackets(inner)}: the names of the tensors get a"
        " second prefix, and the adapter's no longer fit"
    )
    fix = fixes.shown("wrap the base itself, or use load_adapter/add_adapter for a second adapter")
    call = outer.text if isinstance(outer, Action) else outer.site.text
    return Finding(message, outer.place, _wrapped_at(inner), fix, call=call)


def _by_trainer(project: Project, trainer: Action, *, trained: bool) -> Finding:
    inner = _inner(project, trainer)
    name = trainer.callee.rpartition(".")[2]
    effect = (
        "TRL up to 0.24 saves the second adapter alone, for a base without the first"
        if trained
        else "TRL wraps by itself, so up to 0.24 one of the two is made for nothing"
    )
    message = (
        f"{name} is given peft_config and what is a PEFT model already{_in_brackets(inner)}:"
        f" {effect}; since 1.0 it raises"
    )
    fix = fixes.shown(
        "leave peft_config out to train the adapter that is there; for a second one save the merged"
        " model first, and load that"
        if trained
        else "leave get_peft_model out, or peft_config"
    )
    loud: Severity = "warning" if asked_from(project, trainer.path, "trl", 1) else "info"
    severity: Severity = "error" if trained else loud
    related = _wrapped_at(inner)
    return Finding(message, trainer.place, related, fix, call=trainer.text, severity=severity)


def _wraps_itself(project: Project, trainer: Action) -> bool:
    """Whether a trainer of TRL's is certainly given a configuration, and not perhaps None."""
    given = leaves(trainer.options.get("peft_config", ABSENT))
    made = all(isinstance(leaf, Unknown) and leaf.reason in _OBJECTS for leaf in given)
    is_config = bool(trainer.configs or steps(project, trainer, "lora-config"))
    return trainer.callee.startswith(_TRL) and made and is_config


_TRL = ("trl.", "unsloth.")
_OBJECTS = (Reason.OBJECT, Reason.RESULT)


def _in_brackets(place: Place | None) -> str:
    return f" ({place})" if place is not None else ""


def _wrapped_at(place: Place | None) -> tuple[Related, ...]:
    return (Related("it is wrapped here already", place),) if place is not None else ()


def _inner(project: Project, outer: Load | Action) -> Place | None:
    for step in steps(project, outer, "wrap"):
        return step.place
    for load in adapters(project, outer):
        return load.place
    return None
