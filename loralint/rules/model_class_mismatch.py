"""LOR207."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT
from loralint.project import Load, Pair, PairKind, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.models import Head, class_of, head_of, head_of_task
from loralint.rules.judgement.sides import actions, at_inference, differing, once, pairs_of, why


@rule("LOR207", "model-class-mismatch", severity="warning")
def model_class_mismatch(project: Project) -> Iterator[Finding]:
    """The adapter is trained under one head and loaded under another.

    ## Why is this bad?

    `AutoModel` and `AutoModelForCausalLM` make different module trees: one has `layers.0`, the
    other `model.layers.0`. Keys that find no module are dropped. A classification head that was
    trained with the adapter has no place in a language model.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModel

    base = AutoModel.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    The head is also compared with the `task_type` of the LoraConfig that the training uses.

    ## Fix safety

    The fix is shown only.

    ## Known problems

    Heads are told by the names of classes. A class whose name says nothing is not compared.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    """
    yield from once(_found(project))


def _found(project: Project) -> Iterator[tuple[Pair, object, Finding]]:
    def judge(pair: Pair) -> tuple[object, Finding] | None:
        return _judged(project, pair)

    for pair, (what, found) in differing(project, pairs_of(project), judge):
        yield pair, what, found


def _judged(project: Project, pair: Pair) -> tuple[object, Finding] | None:
    train, infer = head_of(pair.train), head_of(pair.infer)
    if train is not None and infer is not None and train != infer:
        if pair.kind is PairKind.BASE_ID and {train, infer} <= _GENERATIVE:
            return None  # often the same class, and nothing but the name ties the sides
        return (train, infer), _other_class(pair, train, infer)
    found = _other_task(project, pair, infer) if infer is not None else None
    return (infer, found) if found is not None else None


def _other_class(pair: Pair, train: Head, infer: Head) -> Finding:
    message = (
        f"the adapter is trained on {_named(pair.train)} ({train}, {pair.train.place}) and loaded"
        f" onto {_named(pair.infer)} ({infer}) {why(pair)}: {_DANGER}"
    )
    fix = fixes.shown(f"load the base with {_named(pair.train)}, as {pair.train.place} does")
    return at_inference(pair, message, fix)


def _other_task(project: Project, pair: Pair, infer: Head) -> Finding | None:
    """The configuration of another task; silent where one of several may be this one's."""
    configs = actions(project, pair.train, "lora-config")
    tasks = [head_of_task(each.options.get("task_type", ABSENT)) for each in configs]
    if not configs or not all(task is not None and _conflict(task, infer) for task in tasks):
        return None
    config, trained = configs[0], tasks[0]
    shown = wording.value(config.options.get("task_type", ABSENT))
    message = (
        f"the adapter is trained with task_type={shown} ({config.place}) and its base is loaded"
        f" as {_named(pair.infer)} ({infer}) here {why(pair)}: {_DANGER}"
    )
    note = Related(f"task_type={shown} is set here", config.place)
    fix = fixes.shown(f"load the base with a class for {trained}")
    return at_inference(pair, message, fix, note)


_DANGER = "the module names differ, and tensors or the head may silently not load"
_GENERATIVE = frozenset({"causal language model", "conditional generation"})


def _conflict(trained: Head, infer: Head) -> bool:
    """Whether a task can not be this head's: vision models are generative under either name."""
    if trained == "no head":  # FEATURE_EXTRACTION is used on any model
        return False
    return trained != infer and not {trained, infer} <= _GENERATIVE


def _named(load: Load) -> str:
    return wording.value(class_of(load))
