"""LOR320."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Load, Project, Save
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import adapters, bases, loads, steps
from loralint.rules.judgement.pinning import subject_of
from loralint.rules.judgement.values import origin, texts


@rule("LOR320", "adapter-on-its-merge", severity="error")
def adapter_on_its_merge(project: Project) -> Iterator[Finding]:
    """The adapter is put onto the model that it was merged into: it is applied twice.

    ## Why is this bad?

    The merged model holds the adapter already. The adapter's file fits it, since merging changes no
    name and no shape, so it is applied a second time, without a warning.

    ## Example

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/adapter")
    model.merge_and_unload().save_pretrained("out/merged")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("out/merged")
    model = PeftModel.from_pretrained(base, "out/adapter")
    ```

    ## Use instead

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/adapter")
    model.merge_and_unload().save_pretrained("out/merged")
    ```

    ```python serve.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("out/merged")
    ```

    ## Fix safety

    There is no automatic fix: either the merged model or the adapter on its base is meant.

    ## Known problems

    The merge and the adapter have to be seen to be saved, or loaded, under the same names. Another
    adapter on a merged model is right, and so is one that was trained on it.

    ## References

    - [PEFT: merging](https://huggingface.co/docs/peft/developer_guides/lora#merge-lora-weights-into-the-base-model)
    """
    for adapter in loads(project):
        if adapter.site.artifact == "adapter":
            for base in _under(project, adapter):
                merge = _merge_of(project, base, adapter)
                if merge is not None:
                    yield _finding(adapter, base, merge)


def _finding(adapter: Load, base: Load, merge: Save) -> Finding:
    message = (
        f"{wording.named(adapter)} is put onto {wording.value(base.site.repo_id)}, the model that"
        f" it was merged into ({merge.place}): it is applied twice"
    )
    notes = (
        Related("the model that it is put onto is loaded here", base.place),
        Related("the merged model is saved here", merge.place),
    )
    fix = fixes.shown("load the merged model alone, or put the adapter onto its own base")
    return Finding.at(adapter, message, related=notes, subject=subject_of(adapter), fix=fix)


def _under(project: Project, adapter: Load) -> list[Load]:
    """What an adapter is put onto; a command says all of it itself."""
    if adapter.inputs:
        direct = list(project.inputs_of(adapter))
        return direct if len(direct) == 1 and not steps(project, adapter, "wrap", "merge") else []
    site = adapter.site
    beside = [one for one in project.loads_in(site.path) if one.site.function == site.function]
    is_command = site.function.startswith("command ")
    models = [one for one in beside if one.site.artifact in ("base-model", "engine")]
    return models if is_command and len(models) == 1 else []


def _merge_of(project: Project, base: Load, adapter: Load) -> Save | None:
    """The save of the merged model that a base is, if this adapter was merged into it."""
    saved = [one for one in project.saved_as(base) if one.site.artifact == "model"]
    merges = [one for one in saved if _merges(project, one, adapter)]
    if not merges or len(merges) < len(saved) or _is_trained_on(project, adapter, base):
        return None
    return merges[0]


def _merges(project: Project, save: Save, adapter: Load) -> bool:
    """Whether what is saved is a model that certainly has this adapter in it."""
    if not steps(project, save, "merge") and not _is_merge(project, save):
        return False
    merged = adapters(project, save) or _beside(project, save)
    if merged:
        return all(_is_same(project, one, adapter) for one in merged)
    return any(_is_of_one_training(project, save, one) for one in project.saved_as(adapter))


def _is_merge(project: Project, save: Save) -> bool:
    """Whether a method, a recipe or a command merges by itself."""
    by_method = "_merged(" in save.site.text
    return by_method or any(one.site.stage == "merge" for one in _together(project, save))


def _together(project: Project, save: Save) -> list[Load]:
    """The loads of the recipe or command that saves."""
    site = save.site
    found = (one for one in project.loads_in(site.path) if one.site.function == site.function)
    return [one for one in found if one.site.stage]


def _beside(project: Project, save: Save) -> list[Load]:
    return [one for one in _together(project, save) if one.site.artifact == "adapter"]


def _is_of_one_training(project: Project, merge: Save, adapter: Save) -> bool:
    """Whether one wrapped model is saved as an adapter and, merged, as a model."""
    wraps = {step.index for step in steps(project, merge, "wrap")}
    is_adapter = adapter.site.artifact == "adapter"
    return is_adapter and any(step.index in wraps for step in steps(project, adapter, "wrap"))


def _is_same(project: Project, one: Load, other: Load) -> bool:
    """Whether two loads load one adapter: by who saves it, by its name, or by who decides it."""
    if set(project.sources.get(one.index, ())) & set(project.sources.get(other.index, ())):
        return True
    first, second = _names(one), _names(other)
    if first and second:
        return first == second
    decides = origin(one.site.repo_id)
    return decides is not None and decides == origin(other.site.repo_id)


def _names(load: Load) -> frozenset[str]:
    return frozenset(text.removeprefix("./").rstrip("/") for text in texts(load.site.repo_id))


def _is_trained_on(project: Project, adapter: Load, base: Load) -> bool:
    """Whether the adapter was trained on the merged model: in a second round, under one name."""
    saved = (one for one in project.saved_as(adapter) if one.site.artifact == "adapter")
    trained = (load for one in saved for load in bases(project, one))
    return any(_is_same(project, load, base) for load in trained)
