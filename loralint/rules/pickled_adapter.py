"""LOR409."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import PICKLE, WEIGHTS, by_run


@rule("LOR409", "pickled-adapter", severity="warning")
def pickled_adapter(project: Project) -> Iterator[Finding]:
    """The weights of an adapter are there as a pickle only.

    ## Why is this bad?

    A pickle is a program: whoever loads it runs what its author put there, unless the loader is
    told `weights_only=True`, as recent ones are. Its tensors cannot be looked at without opening
    it either, so nothing here checks whether the adapter fits. PEFT writes safetensors unless it
    is told `safe_serialization=False`.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "a/b",
      "peft_type": "LORA",
      "r": 16,
      "revision": "v1"
    }
    ```

    ```pickle out/adapter_model.bin
    {"base_model.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]]}
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
    {"base_model.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]]}
    ```

    ## Fix safety

    There is no fix: load the adapter where you trust it and save it again.

    ## Known problems

    None.

    ## References

    - [PEFT: checkpoint format](https://huggingface.co/docs/peft/developer_guides/checkpoint)
    - [Hugging Face: pickle scanning](https://huggingface.co/docs/hub/security-pickle)
    """
    for adapter, others in by_run(project, _pickled):
        message = (
            f"the weights of this adapter are a pickle ({PICKLE}) and not {WEIGHTS}{others}:"
            " loading one can run code, and nothing can be checked without"
        )
        fix = fixes.shown("load it where you trust it, and save_pretrained again")
        yield Finding(message, adapter.place(PICKLE), fix=fix, subject=adapter.base or "")


def _pickled(adapter: Adapter) -> bool | None:
    return (PICKLE in adapter.beside and WEIGHTS not in adapter.beside) or None
