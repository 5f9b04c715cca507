"""LOR405."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import PICKLE, WEIGHTS

_CONFIG = "adapter_config.json"
_APART = 60 * 1_000_000_000
"""A checkout or a copy writes all files of a folder within a minute, in an order of its own."""


@rule("LOR405", "stale-adapter-weights", severity="error")
def stale_adapter_weights(project: Project) -> Iterator[Finding]:
    """An old adapter_model.safetensors beside a newer adapter_model.bin is what gets loaded.

    ## Why is this bad?

    PEFT looks for adapter_model.safetensors first. A later
    `save_pretrained(folder, safe_serialization=False)` writes adapter_model.bin beside it and does
    not remove it, so every load takes the weights of the earlier training, without a warning.

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
    {"@age": 86400, "base_model.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]]}
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

    There is no fix: which of the two is meant only the author knows.

    ## Known problems

    Only the times of the files tell, and a checkout or a copy sets them anew: then nothing is
    reported. Reported is what a save leaves behind: adapter_model.bin and adapter_config.json were
    written together, and the safetensors file more than a minute before.

    It has not been seen in public code so far.

    ## References

    - `peft.utils.save_and_load.load_peft_weights`
    """
    for adapter in project.adapters:
        if _is_stale(adapter):
            message = (
                f"{WEIGHTS} is older than {PICKLE}, which the last save wrote, and is what PEFT"
                " loads: the newer weights are never used"
            )
            fix = fixes.shown(f"remove {WEIGHTS}, or save again without safe_serialization=False")
            yield Finding(message, adapter.place(WEIGHTS), fix=fix, subject=adapter.base or "")


def _is_stale(adapter: Adapter) -> bool:
    try:
        config, old, new = (adapter.beside[name] for name in (_CONFIG, WEIGHTS, PICKLE))
    except KeyError:
        return False
    # PEFT writes the weights and then the configuration; a checkout the configuration first.
    together = new.changed <= config.changed + _APART // 10
    return old.changed + _APART < new.changed and together
