"""LOR303."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import Absent, Known, Value
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import (
    adapters,
    importers,
    in_file,
    is_after,
    loads,
    same_model,
    trains,
)
from loralint.rules.judgement.values import only


@rule("LOR303", "inactive-adapter", severity="warning")
def inactive_adapter(project: Project) -> Iterator[Finding]:
    """A second adapter is loaded and never activated: the first one answers.

    ## Why is this bad?

    `PeftModel.load_adapter` loads the weights under a name and leaves the active adapter as it is.
    Without `set_adapter` the model goes on answering with the first adapter, without a warning.

    ## Example

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/german", adapter_name="german")
    result = model.load_adapter("out/french", adapter_name="french")
    model.generate(max_new_tokens=20)
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/german", adapter_name="german")
    result = model.load_adapter("out/french", adapter_name="french")
    model.set_adapter("french")
    model.generate(max_new_tokens=20)
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    It is reported only where the same function goes on to generate with the model or to merge it,
    and nothing in the file or in one that imports it activates, combines or trains adapters, or
    names them in a call (`adapter_names=`).

    It has not been seen in public code so far.

    ## References

    - [PEFT: load adapters](https://huggingface.co/docs/peft/package_reference/peft_model)
    """
    for load in loads(project):
        first = _first(project, load)
        use = _use(project, load) if first is not None else None
        if first is not None and use is not None and not _activates(project, load):
            name = only(load.option("adapter_name"))
            message = (
                f"the adapter {wording.code(name)} is loaded but never made active:"
                f" {use.text.partition('(')[0]}() uses {_active(first)} ({use.place})"
            )
            note = Related("the model is used here", use.place)
            fix = fixes.shown(f'call set_adapter("{name}") before the model is used')
            yield Finding.at(load, message, related=(note,), fix=fix)


def _first(project: Project, load: Load) -> Load | None:
    """The adapter that is active where a second one is loaded under another name."""
    if load.site.loader != "peft.PeftModel.load_adapter":
        return None
    name = only(load.option("adapter_name"))
    for first in adapters(project, load):
        known = first.site.loader.startswith("peft.PeftModel")
        if known and isinstance(name, str) and name not in (_name(first), None):
            return first if _name(first) is not None else None
    return None


def _name(first: Load) -> str | None:
    """The name of the first adapter; None where it cannot be known."""
    given: Value = first.option("adapter_name")
    if isinstance(given, Absent):
        return "default"
    return str(given.value) if isinstance(given, Known) else None


def _active(first: Load) -> str:
    return wording.code(_name(first))


def _use(project: Project, load: Load) -> Action | None:
    """What the same function does with the model afterwards."""
    for use in project.actions:
        runs = use.kind in ("infer", "merge") and is_after(use, load)
        if runs and same_model(project, use, load):
            return use if "adapter_names" not in use.options else None
    return None


def _activates(project: Project, load: Load) -> bool:
    path = load.site.path
    return trains(project, path) or any(
        True
        for each in (path, *importers(project, path))
        for _ in in_file(project, each, "set-adapter")
    )
