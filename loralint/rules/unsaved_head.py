"""LOR308."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.catalog import UNCOVERED_HEADS
from loralint.diagnostics import Related
from loralint.facts import ABSENT, Absent, Value
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import WRAPPING, actions, steps
from loralint.rules.judgement.models import class_of
from loralint.rules.judgement.values import is_off, only, texts
from loralint.text import listed


@rule("LOR308", "unsaved-head", severity="error")
def unsaved_head(project: Project) -> Iterator[Finding]:
    """A new classification head is wrapped without `task_type` or `modules_to_save`.

    ## Why is this bad?

    The head of a classifier is made at random. `get_peft_model` freezes it like every weight of
    the base and leaves it out of the adapter's file, unless `task_type` says that it is a
    classifier's or `modules_to_save` names it. The training log looks normal; after reloading the
    adapter sits under another random head, and what the message about a missing `score` says is
    what it says in the right case too.

    `task_type="SEQ_CLS"` covers what is called `classifier` or `score`. DeBERTa has a new `pooler`
    in front of it, XLNet, XLM, BART and T5 call their heads otherwise: these are lost with the task
    type given (measured with PEFT 0.21.2), unless `modules_to_save` names them. And
    `modules_to_save=names.append("lm_head")` is None, since `list.append` returns None.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    base = AutoModelForSequenceClassification.from_pretrained("microsoft/phi-2", num_labels=3)
    model = get_peft_model(base, LoraConfig(r=16, target_modules=["q_proj", "v_proj"]))
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, TaskType, get_peft_model
    from transformers import AutoModelForSequenceClassification

    base = AutoModelForSequenceClassification.from_pretrained("microsoft/phi-2", num_labels=3)
    config = LoraConfig(
        r=16, target_modules=["q_proj", "v_proj"], task_type=TaskType.SEQ_CLS
    )
    model = get_peft_model(base, config)
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    The load must say that the head is new (`num_labels`, `id2label`, `label2id`): a checkpoint
    that was fine-tuned for the task brings its head along. `FEATURE_EXTRACTION` is taken for
    meant. Image and audio classifiers, for which there is no `task_type`, need `modules_to_save`.
    Of a family whose head has a name of its own the plain checkpoints are known by their names.

    It has not been seen in public code so far.

    ## References

    - [PEFT issue 577](https://github.com/huggingface/peft/issues/577)
    """
    yield from _without_task(project)
    yield from _beside_the_classifier(project)
    yield from _emptied(project)


def _without_task(project: Project) -> Iterator[Finding]:
    for taker in actions(project, "wrap"):
        for config in _configs(project, taker):
            head = next((load for load in project.inputs_of(taker) if _is_new_head(load)), None)
            if head is not None and _forgets(config) and _is_only_config(project, taker):
                message = (
                    f"the head of {wording.code(only(class_of(head)))} ({head.place}) is new, and"
                    f" {_why(config)}: it is neither trained nor saved with the adapter"
                )
                note = Related("the head is made here", head.place)
                fix = fixes.shown(_advice(head))
                yield Finding(message, config.place, (note,), fix, call=config.text)


def _beside_the_classifier(project: Project) -> Iterator[Finding]:
    """New layers that the task type does not cover."""
    for taker in actions(project, "wrap"):
        heads = [load for load in project.inputs_of(taker) if _is_new_head(load)]
        for config in _configs(project, taker):
            lost = _uncovered(heads[0], config) if heads else ()
            if lost and _is_only_config(project, taker):
                names = listed(lost)
                message = (
                    f"{names} of {wording.ids(heads[0])} ({heads[0].place}) is new as well, and"
                    " task_type covers what is called `classifier` or `score` alone: it is neither"
                    " trained nor saved with the adapter"
                )
                note = Related("the head is made here", heads[0].place)
                saved = ", ".join(f'"{name}"' for name in _all_new(heads[0]))
                fix = fixes.shown(f"pass modules_to_save=[{saved}]")
                yield Finding(message, config.place, (note,), fix, call=config.text)


def _uncovered(head: Load, config: Action) -> tuple[str, ...]:
    """The new layers of a classifier that a configuration certainly leaves out, as code."""
    if _forgets(config) or str(only(_task(config))).rpartition(".")[2] != "SEQ_CLS":
        return ()
    saved = config.options.get("modules_to_save", ABSENT)
    if not is_off(saved) and not texts(saved):
        return ()
    named = {name for text in texts(saved) for name in _NAMES.findall(text)}
    return tuple(wording.code(name) for name in _new_layers(head) if name not in named)


def _new_layers(head: Load) -> tuple[str, ...]:
    """The layers that transformers makes anew and PEFT does not know as a classifier's."""
    class_, ids = str(only(class_of(head)) or ""), texts(head.site.repo_id)
    if not class_.endswith("ForSequenceClassification"):
        return ()
    for checkpoint, family, layers in UNCOVERED_HEADS:
        plain = [re.fullmatch(checkpoint, name.rpartition("/")[2].lower()) for name in ids]
        own = re.match(rf"{family}\w*For|AutoModelFor", class_)
        if plain and all(plain) and own:
            return layers
    return ()


def _all_new(head: Load) -> tuple[str, ...]:
    layers = _new_layers(head)
    return ("classifier", *layers) if layers == ("pooler",) else layers


def _emptied(project: Project) -> Iterator[Finding]:
    """`modules_to_save=names.append(…)`: nothing is saved of what is asked for."""
    for config in actions(project, "lora-config"):
        given = _APPENDED.search(config.text)
        if given is not None and is_off(config.options.get("modules_to_save", ABSENT)):
            message = (
                f"list.{given[1]}() returns None: modules_to_save is empty, and none of what it is"
                " meant to name is trained or saved"
            )
            fix = fixes.shown("pass the list itself: modules_to_save=[*names, …]")
            yield Finding(message, config.place, (), fix, call=config.text)


_APPENDED = re.compile(r"\bmodules_to_save\s*=\s*[^=]*?\.(append|extend|insert)\(")
_NAMES = re.compile(r"\w+")
_CLASSIFIER = re.compile(r"For(Sequence|Token|Image|Audio|Video)Classification$")
_TASKS = {"ForSequenceClassification": "SEQ_CLS", "ForTokenClassification": "TOKEN_CLS"}
_NEW = {"num_labels", "id2label", "label2id"}
_KEEPS = {"SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION"}


def _configs(project: Project, taker: Action) -> list[Action]:
    """The LoRA configurations of a `get_peft_model`."""
    if taker.callee not in WRAPPING or taker.onto_adapter:
        return []
    return [one for one in steps(project, taker, "lora-config") if "LoraConfig" in one.callee]


def _is_only_config(project: Project, taker: Action) -> bool:
    return len(_configs(project, taker)) == 1 and len(taker.inputs) == 1


def _is_new_head(load: Load) -> bool:
    words = {word for text in texts(load.option("keywords")) for word in text.split()}
    classifier = _CLASSIFIER.search(str(only(class_of(load)) or ""))
    return bool(classifier and words & _NEW) and load.site.artifact == "base-model"


def _forgets(config: Action) -> bool:
    """Whether the configuration certainly says nothing that keeps the head."""
    saved = config.options.get("modules_to_save", ABSENT)
    return is_off(saved) and (is_off(_task(config)) or _other_task(config))


def _task(config: Action) -> Value:
    return config.options.get("task_type", ABSENT)


def _other_task(config: Action) -> bool:
    task = only(_task(config))
    return isinstance(task, str) and task.rpartition(".")[2] not in _KEEPS


def _why(config: Action) -> str:
    task = _task(config)
    named = "no task_type" if isinstance(task, Absent) else f"task_type is {wording.value(task)}"
    return f"{named} and no modules_to_save says so"


def _advice(head: Load) -> str:
    name = str(only(class_of(head)))
    task = next((task for end, task in _TASKS.items() if name.endswith(end)), "")
    return f"pass task_type=TaskType.{task}" if task else "name the head in modules_to_save"
