"""LOR319."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Action, Project, Save
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import (
    actions,
    encloses,
    is_after,
    same_model,
    standing_of,
)


@rule("LOR319", "fused-before-save", severity="error")
def fused_before_save(project: Project) -> Iterator[Finding]:
    """A pipeline is saved after `fuse_lora()` and without `unload_lora_weights()`.

    ## Why is this bad?

    `fuse_lora()` adds the adapter to the weights and leaves the LoRA layers where they are. What is
    saved then has names such as `to_q.base_layer.weight`; at the next load diffusers looks for
    `to_q.weight`, does not find it, and leaves each layer that the adapter touched uninitialised,
    with a line in the log (measured with diffusers 0.42.1: the output is NaN).

    ## Example

    ```python merge.py
    from diffusers import StableDiffusionXLPipeline

    pipe = StableDiffusionXLPipeline.from_pretrained("acme/sdxl")
    pipe.load_lora_weights("out/pixel-art")
    pipe.fuse_lora()
    pipe.save_pretrained("out/fused")
    ```

    ## Use instead

    ```python merge.py
    from diffusers import StableDiffusionXLPipeline

    pipe = StableDiffusionXLPipeline.from_pretrained("acme/sdxl")
    pipe.load_lora_weights("out/pixel-art")
    pipe.fuse_lora()
    pipe.unload_lora_weights()
    pipe.save_pretrained("out/fused")
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Fusing and saving have to stand in one function, and on all ways that lead to the save.

    ## References

    - [diffusers: merge LoRAs](https://huggingface.co/docs/diffusers/using-diffusers/merge_loras)
    """
    for fuse in actions(project, "merge"):
        save = _save(project, fuse) if fuse.callee == "fuse_lora" else None
        if save is not None:
            message = (
                f"{wording.value(save.site.target)} gets the LoRA layers and no plain weights: what"
                f" fuse_lora() ({fuse.place}) touched is not initialised at the next load"
            )
            note = Related("the adapter is fused here", fuse.place)
            fix = fixes.shown("call unload_lora_weights() between fuse_lora() and the save")
            yield Finding(message, save.place, (note,), fix, call=save.site.text)


_WHOLE = re.compile(r"\.(save_pretrained|push_to_hub)\(")


def _save(project: Project, fuse: Action) -> Save | None:
    """The save that gets the fused pipeline, or a part of it, with its LoRA layers."""
    for save in project.saves:
        gets = is_after(save, fuse) and same_model(project, save, fuse)
        whole = _WHOLE.search(save.site.text) is not None
        always = encloses(fuse.standing, standing_of(project, save))
        if gets and whole and always and not _is_unloaded(project, fuse):
            return save
    return None


def _is_unloaded(project: Project, fuse: Action) -> bool:
    """Whether something may take the layers off: a call on this pipeline, or a helper's."""
    return any(
        same_model(project, one, fuse) or (not one.inputs and one.path == fuse.path)
        for one in project.actions_of("drop-lora")
    )
