"""LOR302."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Absent
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import actions, is_after, is_peft_model, is_shown, loads


@rule("LOR302", "ignored-load-result", severity="warning")
def ignored_load_result(project: Project) -> Iterator[Finding]:
    """`load_adapter` or `set_peft_model_state_dict` whose result nobody looks at.

    ## Why is this bad?

    `PeftModel.from_pretrained` warns of tensors that are missing in the adapter. `load_adapter`
    and `set_peft_model_state_dict` do not: they return the missing and unexpected keys, and if the
    result is dropped an adapter that does not fit the model at all is loaded without a sound.

    ## Example

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/german")
    model.load_adapter("out/french", adapter_name="french")
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/german")
    result = model.load_adapter("out/french", adapter_name="french")
    if result.missing_keys or result.unexpected_keys:
        raise RuntimeError(f"the adapter does not fit: {result}")
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    For `load_adapter` it is a remark: several adapters are usually loaded so, onto the base that
    all of them were trained on. A state dict is reported where it is read from a file, and not
    where it was taken from a model in memory. Where the same function reads the adapter back
    (`get_peft_model_state_dict`), it compares by itself, and nothing is reported.

    The model must be known to be a PEFT model: transformers has a `load_adapter` of its own, which
    logs what does not fit and is not reported. Models that come in as a parameter are not judged,
    nor is the last line of a notebook's cell, whose result is shown, nor are tests.

    ## References

    - [PEFT pull request 2118](https://github.com/huggingface/peft/pull/2118)
    """
    for load in loads(project):
        if load.discarded and _is_pefts(project, load) and _is_unseen(project, load):
            yield Finding.at(load, _message(load), fix=_FIX, severity="info")
    for action in actions(project, "load-state"):
        if action.discarded and _is_known(project, action) and _is_unseen(project, action):
            yield Finding(_message(action), action.place, fix=_FIX, call=action.text)


_FIX = fixes.shown("keep the result and raise if missing_keys or unexpected_keys is not empty")


def _is_pefts(project: Project, load: Load) -> bool:
    return load.site.loader == "peft.PeftModel.load_adapter" and is_peft_model(project, load)


def _is_known(project: Project, action: Action) -> bool:
    is_read = not isinstance(action.source, Absent)
    is_setting = action.callee == "peft.set_peft_model_state_dict"
    return is_setting and is_read and is_peft_model(project, action)


def _is_unseen(project: Project, step: Load | Action) -> bool:
    """Whether nobody looks at what was loaded: neither a notebook nor what reads it back."""
    read = project.actions_of("read-state")
    return not is_shown(project, step) and not any(is_after(each, step) for each in read)


def _message(place: Load | Action) -> str:
    name = "set_peft_model_state_dict" if isinstance(place, Action) else "load_adapter"
    return (
        f"the result of {wording.code(name)} is dropped: it is the only sign of tensors that do"
        " not fit"
    )
