"""LOR304."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import ABSENT
from loralint.project import Action, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import actions, is_peft_model
from loralint.rules.judgement.values import is_off, origin, scalars, texts


@rule("LOR304", "non-strict-adapter-load", severity="error")
def non_strict_adapter_load(project: Project) -> Iterator[Finding]:
    """An adapter's file goes into `load_state_dict(…, strict=False)`: nothing is loaded.

    ## Why is this bad?

    In the file a tensor is called `….lora_A.weight`, in the model `….lora_A.default.weight`. With
    `strict=False` every key is unexpected and silently dropped: the adapter stays as it was made.
    (With the strict default the call raises an error, as it should.)

    ## Example

    ```python serve.py
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16))
    state = load_file("out/phi-2/adapter_model.safetensors")
    model.load_state_dict(state, strict=False)
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    There is no automatic fix. `set_peft_model_state_dict(model, state)` puts the adapter's name
    into the keys, where the model has to be made by hand.

    ## Known problems

    The file is known by PEFT's own name for it (`adapter_model.safetensors`, `adapter_model.bin`)
    or by `load_peft_weights`. A state dict whose keys are rewritten first is not reported.
    """
    for action in actions(project, "load-state"):
        lax = action.callee.endswith("load_state_dict") and _is_lax(action)
        if lax and _reads_adapter(action) and _is_model(project, action):
            message = (
                "load_state_dict(…, strict=False) drops every tensor of an adapter's file: its"
                " keys lack the adapter's name (`.default.`), so nothing is loaded"
            )
            fix = fixes.shown("load the folder with PeftModel.from_pretrained")
            yield Finding(message, action.place, fix=fix, call=action.text)


_FILES = ("adapter_model.safetensors", "adapter_model.bin")


def _is_lax(action: Action) -> bool:
    strict = action.options.get("strict", ABSENT)
    return is_off(strict) and scalars(strict) is not None


def _reads_adapter(action: Action) -> bool:
    decides = origin(action.source)
    names = (*texts(action.source), decides.text if decides is not None else "")
    return any(name.endswith(_FILES) for name in names)


def _is_model(project: Project, action: Action) -> bool:
    return is_peft_model(project, action) or bool(action.inputs)
