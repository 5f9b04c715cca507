"""LOR311."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import actions, adapters, loads, steps
from loralint.source import Place


@rule("LOR311", "double-wrapped-adapter", severity="error")
def double_wrapped_adapter(project: Project) -> Iterator[Finding]:
    """A PEFT model is wrapped again: `PeftModel.from_pretrained(get_peft_model(…), …)`.

    ## Why is this bad?

    Around a model that is a PEFT model already, the names of all tensors get a second
    `base_model.model.`. An adapter that is loaded there meets none of its tensors and is fresh, and
    one that is trained and saved there does not fit the base any more. PEFT only warns.

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
    reported.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    """
    for load in loads(project):
        if load.onto_adapter and load.site.loader.endswith(".from_pretrained"):
            yield _finding(project, load, "PeftModel.from_pretrained loads an adapter onto")
    for wrap in actions(project, "wrap"):
        if wrap.onto_adapter and wrap.callee == "peft.get_peft_model":
            yield _finding(project, wrap, "get_peft_model wraps")


def _finding(project: Project, outer: Load | Action, what: str) -> Finding:
    inner = _inner(project, outer)
    notes = (Related("it is wrapped here already", inner),) if inner is not None else ()
    where = f" ({inner})" if inner is not None else ""
    message = (
        f"{what} what is a PEFT model already{where}: the names of the tensors get a second"
        " prefix, and the adapter's no longer fit"
    )
    fix = fixes.shown("wrap the base itself, or use load_adapter/add_adapter for a second adapter")
    call = outer.text if isinstance(outer, Action) else outer.site.text
    return Finding(message, outer.place, notes, fix, call=call)


def _inner(project: Project, outer: Load | Action) -> Place | None:
    for step in steps(project, outer, "wrap"):
        return step.place
    for load in adapters(project, outer):
        return load.place
    return None
