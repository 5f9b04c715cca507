"""LOR306."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT, Value
from loralint.project import Load, Project, Save
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import adapters, is_peft_model, same_model, saves, steps
from loralint.rules.judgement.values import only, origin
from loralint.source import Place


@rule("LOR306", "merged-into-adapter-dir", severity="error")
def merged_into_adapter_dir(project: Project) -> Iterator[Finding]:
    """The merged model is saved where the adapter lies: at the next load it is applied twice.

    ## Why is this bad?

    `AutoModelForCausalLM.from_pretrained(folder)` loads the model in the folder and, because an
    adapter_config.json lies beside it, the adapter on top. The model holds the adapter already, so
    it is applied a second time, without a warning.

    ## Example

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model = model.merge_and_unload()
    model.save_pretrained("out/phi-2")
    ```

    ## Use instead

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model = model.merge_and_unload()
    model.save_pretrained("out/phi-2-merged")
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Only equal paths count: as text, or as one option or parameter that both calls name. Code that
    removes adapter_config.json afterwards is reported all the same.

    ## References

    - [PEFT issue 1381](https://github.com/huggingface/peft/issues/1381)
    - [transformers issue 43781](https://github.com/huggingface/transformers/issues/43781)
    """
    for save in saves(project):
        lies = _adapter_at(project, save) if _is_merged(project, save) else None
        if lies is not None:
            message = (
                f"the merged model goes to {wording.value(save.site.target)}, where its adapter"
                f" lies ({lies}): AutoModel applies the adapter a second time"
            )
            note = Related("the adapter lies here", lies)
            fix = fixes.shown("save the merged model into a folder of its own")
            yield Finding(message, save.place, (note,), fix, call=save.site.text)


_PLAIN = re.compile(r"\.(save_pretrained|push_to_hub)\(")


def _is_merged(project: Project, save: Save) -> bool:
    """Whether a merged model is saved as it is; unsloth's own methods decide what they save."""
    merges = (one for one in steps(project, save, "merge") if one.callee == "merge_and_unload")
    merged = any(is_peft_model(project, merge) for merge in merges)
    return merged and _PLAIN.search(save.site.text) is not None


def _adapter_at(project: Project, save: Save) -> Place | None:
    """Where the adapter is loaded from, or saved to, if that is the target too."""
    for load in adapters(project, save):
        same = _same(load.site.repo_id, save.site.target, load.site.text, save.site.text)
        if same and _is_alone(project, save, load):
            return load.place
    for other in project.saves:
        beside = other.site.artifact == "adapter" and other.site.path == save.site.path
        if beside and same_model(project, other, save) and _goes_to(other, save):
            return other.place
    return None


def _goes_to(one: Save, other: Save) -> bool:
    return _same(one.site.target, other.site.target, one.site.text, other.site.text)


def _is_alone(project: Project, save: Save, load: Load) -> bool:
    """Whether the adapter is not one of several that a condition chooses from."""
    return len(adapters(project, save)) == 1 and load.option("subfolder") == ABSENT


def _same(one: Value, other: Value, *calls: str) -> bool:
    """Whether two places are one: as text, or by who decides them, under one name."""
    first, second = only(one), only(other)
    if isinstance(first, str) and isinstance(second, str):
        return _path(first) == _path(second)
    decides = origin(one)
    if decides is None or decides != origin(other):
        return False
    name = decides.last
    return bool(name) and all(name in _NAMES.findall(call) for call in calls)


_NAMES = re.compile(r"\w+")


def _path(text: str) -> str:
    return text.removeprefix("./").rstrip("/")
