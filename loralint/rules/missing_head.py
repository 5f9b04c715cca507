"""LOR408."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.project import Adapter, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import WEIGHTS, by_run

_HEADED = {
    "SEQ_CLS": "classifier or score",
    "TOKEN_CLS": "classifier or score",
    "QUESTION_ANS": "qa_outputs",
}
_CLASS = re.compile(r"For(Sequence|Token|Image|Audio|Video)Classification$|ForQuestionAnswering$")
_ADAPTER = re.compile(
    r"\.(lora_|hada_|lokr_|ia3_|oft_|boft_|vera_|vblora_|fourierft_|hra_|token_adapter)"
    r"|prompt_|rank_pattern"
)
_TRAINED_HEAD = re.compile(
    r"mnli|nli|sst|squad|rm\b|reward|classif|sentiment|emotion|toxic|ner\b|conll|imagenet|finetun",
    re.IGNORECASE,
)
"""Words in names of models that come with a head that was trained."""


@rule("LOR408", "missing-head", severity="error")
def missing_head(project: Project) -> Iterator[Finding]:
    """The adapter of a classifier was saved without its classification head.

    ## Why is this bad?

    A head on a plain base model is made up of random numbers when it is loaded. PEFT saves it with
    the adapter if `task_type` says what the model is for, or `modules_to_save` names it. Where it
    is not in the file, the adapter loads with another random head each time, and the only sign is
    the same "newly initialized" that is logged when everything is right.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "a/b",
      "peft_type": "LORA",
      "r": 16,
      "revision": "v1",
      "task_type": "SEQ_CLS",
      "modules_to_save": ["classifier", "score"]
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
      "revision": "v1",
      "task_type": "SEQ_CLS",
      "modules_to_save": ["classifier", "score"]
    }
    ```

    ```header out/adapter_model.safetensors
    {
      "base_model.model.model.layers.0.q_proj.lora_A.weight": ["F32", [16, 64]],
      "base_model.model.model.layers.0.q_proj.lora_B.weight": ["F32", [64, 16]],
      "base_model.model.score.weight": ["F32", [2, 64]]
    }
    ```

    ## Fix safety

    There is no fix: the head is gone, and the model has to be trained again.

    ## Known problems

    Without a `task_type` the class of the base decides (`auto_mapping`), and a base whose name
    tells of a head that was trained before is silent: its head comes with it.

    It has not been seen in public code so far.

    ## References

    - [PEFT issue 577](https://github.com/huggingface/peft/issues/577)
    """
    for adapter, others in by_run(project, _missing):
        key, message = _missing(adapter) or ("", "")
        text = f"{message}{others}: it is random again at every load"
        fix = fixes.shown('train with task_type="SEQ_CLS" (or the like) or modules_to_save=[…]')
        yield Finding(text, adapter.place(key), fix=fix, subject=adapter.base or "")


def _missing(adapter: Adapter) -> tuple[str, str] | None:
    """The key that tells that there should be a head, and what is wrong; None if nothing is."""
    names = [tensor.name for tensor in adapter.tensors or ()]
    if not names or not all(_ADAPTER.search(name) for name in names):
        return None
    task = adapter.config.get("task_type")
    if isinstance(task, str):
        head = _HEADED.get(task)
        message = f'task_type is "{task}", but {WEIGHTS} holds no head ({head})'
        return ("task_type", message) if head else None
    return _by_class(adapter)


def _by_class(adapter: Adapter) -> tuple[str, str] | None:
    mapping = adapter.config.get("auto_mapping")
    name = mapping.get("base_model_class") if isinstance(mapping, dict) else None
    if not isinstance(name, str) or not _CLASS.search(name):
        return None
    if _TRAINED_HEAD.search(adapter.base or "") or adapter.inside:
        return None
    return "auto_mapping", f"the base is a {name}, but {WEIGHTS} does not hold its head"
