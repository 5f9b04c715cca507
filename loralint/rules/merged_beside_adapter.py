"""LOR404."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes

_MODEL = re.compile(r"(model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)(\.index\.json)?")


@rule("LOR404", "merged-beside-adapter", severity="error")
def merged_beside_adapter(project: Project) -> Iterator[Finding]:
    """A whole model lies in an adapter's folder: the adapter is applied on top of it.

    ## Why is this bad?

    `AutoModelForCausalLM.from_pretrained(folder)` finds the model's weights, loads them, finds
    adapter_config.json, and loads the adapter onto them. If the model is the merged one, the
    adapter counts twice, without a warning.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "a/b",
      "peft_type": "LORA",
      "r": 16,
      "revision": "v1"
    }
    ```

    ```json out/config.json
    {"model_type": "llama"}
    ```

    ```header out/model.safetensors
    {"model.embed_tokens.weight": ["F32", [8, 8]]}
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

    ```json merged/config.json
    {"model_type": "llama"}
    ```

    ```header merged/model.safetensors
    {"model.embed_tokens.weight": ["F32", [8, 8]]}
    ```

    ## Fix safety

    There is no fix: move one of the two into a folder of its own.

    ## Known problems

    The unmerged base beside its adapter is loaded correctly, and reported all the same: a header
    does not tell the two apart. A model that brings its own adapter (`has_lora_adapter` in
    config.json, as Granite Speech has it) is silent.

    ## References

    - [transformers issue 43781](https://github.com/huggingface/transformers/issues/43781)
    - [PEFT issue 1381](https://github.com/huggingface/peft/issues/1381)
    """
    for adapter in project.adapters:
        found = _model(adapter)
        if found:
            message = (
                f"a whole model ({found}) lies beside this adapter: from_pretrained on this folder"
                " loads it and applies the adapter on top, a second time if it is the merged one"
            )
            fix = fixes.shown("keep the merged model and the adapter in two folders")
            place = adapter.place(found)
            yield Finding(message, place, fix=fix, subject=adapter.base or "")


def _model(adapter: Adapter) -> str:
    """The weights of a model that transformers would load from the folder; "" for none."""
    own = adapter.model.get("has_lora_adapter") is True
    if "config.json" not in adapter.beside or own:
        return ""
    return next((name for name in sorted(adapter.beside) if _MODEL.fullmatch(name)), "")
