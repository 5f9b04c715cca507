"""LOR209."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loralint.diagnostics import Related
from loralint.facts import ABSENT, Default, Known, Scalar, Value
from loralint.project import Action, Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import subject_of
from loralint.rules.judgement.sides import actions, pairs_of, resting, why
from loralint.rules.judgement.values import differ, only
from loralint.source import Place
from loralint.text import listed


@rule("LOR209", "lora-config-drift", severity="error")
def lora_config_drift(project: Project) -> Iterator[Finding]:
    """The LoRA configuration is written out again at load time, and is different.

    ## Why is this bad?

    adapter_config.json holds what the adapter was trained with. Whoever writes a `LoraConfig` again
    for the load replaces it. Another rank or other targets drop tensors; another `lora_alpha`,
    `use_rslora` or `use_dora` loads every tensor and scales it wrongly, without a word.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16, lora_alpha=32))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import LoraConfig, PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2", config=LoraConfig(r=16, lora_alpha=16))
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, LoraConfig(r=16, lora_alpha=32))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    Leave the configuration out: PEFT reads the one beside the weights. The fix is shown only.

    ## Known problems

    Of the fields of `LoraConfig` those are compared that change which tensors there are or how
    they are scaled: `r`, `lora_alpha`, `target_modules`, `use_rslora`, `use_dora`.

    It has not been seen in public code so far.
    """
    told: set[Place] = set()
    for pair in pairs_of(project):
        for restated in _restated(project, pair):
            drifts = [
                (trained, [field for field in _FIELDS if _drifts(trained, restated, field)])
                for trained in actions(project, pair.train, "lora-config")
            ]
            # of several configurations nobody knows which is meant: silent while one fits
            fits = any(not drift or each.place == restated.written for each, drift in drifts)
            if drifts and not fits and restated.taker.place not in told:
                told.add(restated.taker.place)
                yield _finding(pair, restated, *drifts[0])


_FIELDS: dict[str, Scalar] = {
    "r": 8,
    "lora_alpha": 8,
    "target_modules": None,
    "use_rslora": False,
    "use_dora": False,
}
"""What is compared, with PEFT's defaults; None where the default depends on the model."""


@dataclass(frozen=True, slots=True)
class _Restated:
    """A configuration on the inference side: what it says, where it is written, who takes it."""

    options: Mapping[str, Value]
    written: Place
    taker: Action | Load


def _restated(project: Project, pair: Pair) -> Iterator[_Restated]:
    if pair.adapter is not None:
        given = dict(pair.adapter.site.options)
        fields = {name[7:]: value for name, value in given.items() if name.startswith("config.")}
        if fields:
            yield _Restated(fields, pair.adapter.place, pair.adapter)
    for wrap in actions(project, pair.infer, "wrap"):
        for config in (project.actions[index] for index in wrap.actions):
            if config.kind == "lora-config":
                yield _Restated(config.options, config.place, wrap)


def _drifts(trained: Action, restated: _Restated, field: str) -> bool:
    return differ(_field(trained.options, field), _field(restated.options, field))


def _field(options: Mapping[str, Value], field: str) -> Value:
    given = options.get(field, ABSENT)
    default = _FIELDS[field]
    if given == ABSENT:
        return given if default is None else Known(default)
    return _in_order(given) if field == "target_modules" else given


def _in_order(value: Value) -> Value:
    """A list of targets (as JSON) in one order: PEFT takes them as a set."""
    text = only(value)
    if not isinstance(value, (Known, Default)) or not str(text).startswith("["):
        return value
    return type(value)(json.dumps(sorted(json.loads(str(text)), key=str)))


def _finding(pair: Pair, restated: _Restated, trained: Action, drift: list[str]) -> Finding:
    parts = [
        f"{field}={_shown(trained.options, field)} in training and"
        f" {_shown(restated.options, field)} here"
        for field in drift
    ]
    message = (
        f"the LoRA configuration is written again for the load and differs from {trained.place}:"
        f" {listed(parts)} {why(pair)}; the adapter is loaded wrongly or in part"
    )
    taker = restated.taker
    notes = [Related("the adapter is trained with this configuration", trained.place)]
    if restated.written != taker.place:
        notes.append(Related("the configuration is written again here", restated.written))
    fix = fixes.shown("leave the configuration out: PEFT reads the adapter's own")
    text = taker.site.text if isinstance(taker, Load) else taker.text
    subject = subject_of(pair.infer)
    return resting(pair, Finding(message, taker.place, tuple(notes), fix, subject, text))


def _shown(options: Mapping[str, Value], field: str) -> str:
    return wording.value(_field(options, field))
