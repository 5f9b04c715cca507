"""LOR403."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import WEIGHTS


@rule("LOR403", "empty-adapter", severity="error")
def empty_adapter(project: Project) -> Iterator[Finding]:
    """The weights of an adapter hold no tensors, or tensors without elements.

    ## Why is this bad?

    Nothing of the training has been saved. A file without tensors loads with a warning, and the
    model is the plain base. It is what a save of a model leaves behind whose adapter had been
    merged or unloaded, and, with tensors of size 0, a save of one partition under DeepSpeed ZeRO-3
    or FSDP.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "a/b",
      "peft_type": "LORA",
      "r": 16,
      "revision": "v1"
    }
    ```

    ```header out/adapter_model.safetensors
    {}
    ```

    ## Use instead

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "a/b",
      "peft_type": "LORA",
      "r": 16,
      "revision": "v1"
    }
    ```

    ```header out/adapter_model.safetensors
    {
      "base_model.model.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]],
      "base_model.model.model.layers.0.q_proj.lora_B.weight": ["F32", [64, 16]]
    }
    ```

    ## Fix safety

    There is no fix: the weights have to be saved again.

    ## Known problems

    Only adapter_model.safetensors is looked into; a pickle (`.bin`) is never opened.

    It has not been seen in public code so far.

    ## References

    - [PEFT issue 2892](https://github.com/huggingface/peft/issues/2892)
    - [TRL issue 4416](https://github.com/huggingface/trl/issues/4416)
    """
    for adapter in project.adapters:
        message = _message(adapter)
        if message:
            place = adapter.place(WEIGHTS)
            yield Finding(message, place, fix=fixes.shown(_FIX), subject=adapter.base or "")


_FIX = (
    "save the adapter again, gathered from all processes, and from the model that still has it"
    " (before merge_and_unload)"
)


def _message(adapter: Adapter) -> str:
    if adapter.tensors is None:
        return ""
    if not adapter.tensors:
        return f"{WEIGHTS} holds no tensors: whoever loads this adapter gets the plain base model"
    empty = [each.name for each in adapter.tensors if 0 in each.shape]
    if not empty:
        return ""
    count, total = len(empty), len(adapter.tensors)
    return (
        f"{count} of the {total} tensors of {WEIGHTS} have no elements, `{empty[0]}` for one:"
        " what was trained has not been saved"
    )
