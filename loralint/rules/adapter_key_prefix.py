"""LOR406."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import TensorFact
from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import WEIGHTS, by_run

_PREFIX = "base_model.model."
_WRAPPERS = {
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FSDP",
    "_checkpoint_wrapped_module": "activation checkpointing",
}
_TUNED = ("LORA", "LOHA", "LOKR", "IA3", "ADALORA", "OFT", "BOFT", "VERA", "HRA", "FOURIERFT")
"""Methods whose tensors belong to modules of the base; prompts have no such names."""


@rule("LOR406", "adapter-key-prefix", severity="error")
def adapter_key_prefix(project: Project) -> Iterator[Finding]:
    """The tensors of an adapter have names that PEFT does not look for.

    ## Why is this bad?

    PEFT looks for `base_model.model.<module>.lora_A.weight`. A tensor by any other name is left
    out without a word, and the layer gets a fresh adapter that does nothing: only "Found missing
    adapter keys" is warned of. `_orig_mod.` comes from a model that was compiled before it was
    wrapped, a prefix twice from one that was wrapped twice, and none at all from a state dict that
    was saved by hand.

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
    {
      "base_model.model._orig_mod.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]],
      "base_model.model._orig_mod.model.layers.0.q_proj.lora_B.weight": ["F32", [64, 16]]
    }
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

    There is no fix: rename the tensors, or save again from the unwrapped model.

    ## Known problems

    transformers' own `load_adapter` adds or removes `base_model.model.`, so that names without it
    or with two of them load there, and only PEFT's `PeftModel` loses them. A model of one's own
    whose modules lie below `base_model.model` is taken for one that was wrapped twice.

    It has not been seen in public code so far.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    - [PEFT issue 2957](https://github.com/huggingface/peft/issues/2957)
    """
    for adapter, others in by_run(project, _fault):
        message, name = _fault(adapter) or ("", "")
        text = f"{WEIGHTS}: {message}{others}, as in `{name}`: PEFT does not find its tensors"
        fix = fixes.shown(f"rename the tensors to `{_PREFIX}<module>…`, or save the adapter again")
        yield Finding(text, adapter.place(WEIGHTS), fix=fix, subject=adapter.base or "")


def _fault(adapter: Adapter) -> tuple[str, str] | None:
    """What is wrong with the names, and the first of them."""
    if adapter.config.get("peft_type") not in _TUNED or not adapter.tensors:
        return None
    for tensor in adapter.tensors:
        fault = _wrapper(tensor.name)
        if fault:
            return fault, tensor.name
    return _prefix(adapter.tensors)


def _wrapper(name: str) -> str:
    found = next((part for part in name.split(".") if part in _WRAPPERS), None)
    if found is not None:
        return f"names hold `{found}.`, which {_WRAPPERS[found]} puts there"
    if name.startswith(f"module.{_PREFIX}"):
        return "names begin with `module.`, which DistributedDataParallel puts there"
    return ""


def _prefix(tensors: tuple[TensorFact, ...]) -> tuple[str, str] | None:
    names = [tensor.name for tensor in tensors]
    for name in names:
        if name.startswith(_PREFIX * 2):
            return f"names begin with `{_PREFIX}` twice", name
    if not any(name.startswith(_PREFIX) for name in names):
        return f"no name begins with `{_PREFIX}`", names[0]
    return None
