"""LOR313."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import ABSENT
from loralint.project import Action, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import actions, loads
from loralint.rules.judgement.values import is_true


@rule("LOR313", "ignored-mismatched-sizes", severity="warning")
def ignored_mismatched_sizes(project: Project) -> Iterator[Finding]:
    """`ignore_mismatched_sizes=True` where an adapter is loaded.

    ## Why is this bad?

    An adapter whose tensors have other sizes than the model's was trained on another base, or with
    another rank. That is an error, and the flag turns it into a warning: the tensors are dropped
    and fresh ones stay in their place.

    ## Example

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2", ignore_mismatched_sizes=True)
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    There is no automatic fix: without the flag the load may fail, and then it should.

    ## Known problems

    At the load of a base model the flag is how a new classification head is made, and is not
    reported. Who loads a part of an adapter on purpose can silence the finding.

    It has not been seen in public code so far.

    ## References

    - [PEFT pull request 1620](https://github.com/huggingface/peft/pull/1620)
    """
    for load in loads(project):
        if load.site.artifact == "adapter" and is_true(load.option("ignore_mismatched_sizes")):
            yield Finding.at(load, _MESSAGE, fix=_FIX)
    for action in actions(project, "load-state"):
        if _is_lax(action):
            yield Finding(_MESSAGE, action.place, fix=_FIX, call=action.text)


_MESSAGE = (
    "ignore_mismatched_sizes=True drops the tensors of an adapter that does not fit and keeps"
    " fresh ones"
)
_FIX = fixes.shown("leave the flag out: an adapter of other sizes belongs to another base")


def _is_lax(action: Action) -> bool:
    given = action.options.get("ignore_mismatched_sizes", ABSENT)
    return action.callee == "peft.set_peft_model_state_dict" and is_true(given)
