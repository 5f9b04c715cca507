"""LOR407."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from loralint.facts import TensorFact
from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import WEIGHTS, by_run

_TENSOR = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_(embedding_)?([AB])(?:\.\w+)?")
_PLAIN = re.compile(r"\^?(?:\w|\\?\.)+\$?")
_EXPERT = re.compile(r"expert|moe", re.IGNORECASE)


@rule("LOR407", "inconsistent-adapter-rank", severity="error")
def inconsistent_adapter_rank(project: Project) -> Iterator[Finding]:
    """The rank in adapter_config.json is not that of the tensors beside it.

    ## Why is this bad?

    PEFT builds the layers by the configuration and then loads the tensors into them. With another
    rank that fails, or, where mismatched sizes are ignored, gives fresh layers that do nothing.
    Configuration and weights come from two trainings, or one of them was edited.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "a/b",
      "peft_type": "LORA",
      "r": 8,
      "revision": "v1"
    }
    ```

    ```header out/adapter_model.safetensors
    {
      "base_model.model.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]],
      "base_model.model.model.layers.0.q_proj.lora_B.weight": ["F32", [64, 16]]
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

    Which of the two is right only the author knows; the fix is shown and not applied.

    ## Known problems

    Experts that are stored in one tensor have a multiple of the rank, which is taken for right.
    `rank_pattern` is read as PEFT reads it; block-diagonal LoRA is not judged.

    It has not been seen in public code so far.

    ## References

    - [PEFT: LoraConfig](https://huggingface.co/docs/peft/package_reference/lora)
    """
    for adapter, others in by_run(project, _fault):
        name, found, wanted, count = _fault(adapter) or ("", 0, 0, 0)
        more = f" (and {count - 1} more tensors)" if count > 1 else ""
        message = (
            f"adapter_config.json asks for rank {wanted}, and `{name}` of {WEIGHTS} has rank"
            f" {found}{more}{others}: they do not belong together, and loading fails"
        )
        fix = fixes.shown("put the configuration of the training that wrote the weights beside it")
        yield Finding(message, adapter.place("r"), fix=fix, subject=adapter.base or "")


def _fault(adapter: Adapter) -> tuple[str, int, int, int] | None:
    """The first tensor of another rank, its rank, the rank asked for, and how many there are."""
    if adapter.config.get("peft_type") != "LORA" or adapter.config.get("use_bdlora"):
        return None
    found = [
        (tensor.name, rank, wanted)
        for tensor in adapter.tensors or ()
        for rank, wanted in _ranks(adapter, tensor)
        if rank and not _fits(adapter, tensor.name, rank, wanted)
    ]
    return (*found[0], len(found)) if found else None


def _ranks(adapter: Adapter, tensor: TensorFact) -> Iterator[tuple[int, int]]:
    """The rank of a tensor and the one that it should have; nothing for other tensors."""
    match = _TENSOR.fullmatch(tensor.name)
    wanted = _wanted(adapter.config, match[1]) if match is not None else None
    if match is not None and wanted is not None and len(tensor.shape) >= 2:
        yield tensor.shape[0 if match[3] == "A" else 1], wanted


def _wanted(config: Mapping[str, object], module: str) -> int | None:
    """The rank of a module, by `rank_pattern` or `r`; None where that cannot be told."""
    patterns = config.get("rank_pattern")
    rank = config.get("r")
    for pattern, value in patterns.items() if isinstance(patterns, dict) else ():
        if _PLAIN.fullmatch(pattern) is None:  # a pattern of somebody's is never run
            return None
        if _names(pattern, module):
            rank = value
            break
    return rank if isinstance(rank, int) and not isinstance(rank, bool) and rank > 0 else None


def _names(pattern: str, module: str) -> bool:
    """Whether a key of `rank_pattern` names a module: PEFT lets anything stand before a dot."""
    plain = pattern.strip("^$").replace("\\.", ".")
    return module == plain or (not pattern.startswith("^") and module.endswith(f".{plain}"))


def _fits(adapter: Adapter, name: str, rank: int, wanted: int) -> bool:
    if rank == wanted:
        return True
    fused = bool(adapter.config.get("target_parameters")) or _EXPERT.search(name) is not None
    return fused and rank % wanted == 0
