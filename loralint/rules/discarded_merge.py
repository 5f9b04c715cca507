"""LOR305."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Action, Project, Save
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import (
    actions,
    adapters,
    is_after,
    is_peft_model,
    same_model,
    steps,
)


@rule("LOR305", "discarded-merge", severity="error")
def discarded_merge(project: Project) -> Iterator[Finding]:
    """The result of `merge_and_unload()` is thrown away before a save, or `unload()` stands for it.

    ## Why is this bad?

    `merge_and_unload()` returns the merged model. The PEFT model that it was called on has no
    adapter left, and saving that writes an adapter file without a single tensor. `unload()` takes
    the adapter off and does not merge it: what is saved then is the base.

    ## Example

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model.merge_and_unload()
    model.save_pretrained("out/merged")
    ```

    ## Use instead

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model = model.merge_and_unload()
    model.save_pretrained("out/merged")
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Without a save behind it in the same function a discarded merge is not reported: the base's
    modules are merged in place, so generating with it is right, as is ms-swift's
    `Swift.merge_and_unload(model)`. `unload()` after `merge_adapter()` is right, and after training
    (`get_peft_model`) it may be meant, as when the residual model of PiSSA or CorDA is saved: it is
    reported for adapters that were loaded.

    ## References

    - [PEFT issue 1579](https://github.com/huggingface/peft/issues/1579)
    """
    for action in (*actions(project, "merge"), *actions(project, "unload")):
        save = _save(project, action)
        if save is not None:
            where = wording.value(save.site.target)
            message = f"{_what(action)}, and {where} gets {_saved(action)}"
            note = Related("the model is saved here", save.place)
            fix = fixes.shown("write model = model.merge_and_unload(), and save that")
            yield Finding(message, action.place, (note,), fix, call=action.text)


def _save(project: Project, action: Action) -> Save | None:
    """The save that gets the wrong model."""
    if action.callee not in ("merge_and_unload", "unload") or not is_peft_model(project, action):
        return None
    if action.kind == "unload" and not _is_mistaken(project, action):
        return None
    return next((save for save in project.saves if _gets(project, save, action)), None)


def _is_mistaken(project: Project, action: Action) -> bool:
    """Whether an adapter that was loaded is taken off, and was not merged before."""
    merged = any(same_model(project, one, action) for one in project.actions_of("merge"))
    return bool(adapters(project, action)) and not merged


def _gets(project: Project, save: Save, action: Action) -> bool:
    if not is_after(save, action) or save.site.artifact in ("tokenizer", "processor", "config"):
        return False
    if not action.discarded:
        return action.kind == "unload" and action.index in save.actions
    direct = _receiver(save.site.text) == _receiver(action.text)
    return direct and same_model(project, save, action) and not _goes_through(project, save)


def _receiver(text: str) -> str:
    """What a method is called on: saving `model.base_model` saves the modules that are merged."""
    return text.partition("(")[0].rpartition(".")[0]


def _goes_through(project: Project, save: Save) -> bool:
    return bool(steps(project, save, "merge", "unload"))


def _what(action: Action) -> str:
    if action.kind == "unload":
        return "unload() takes the adapter off without merging it"
    return "the merged model that merge_and_unload() returns is thrown away"


def _saved(action: Action) -> str:
    return "an adapter without tensors" if action.discarded else "the base alone"
