"""LOR301."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT
from loralint.project import Action, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import (
    actions,
    encloses,
    in_file,
    is_after,
    same_model,
    steps,
    trains,
)
from loralint.rules.judgement.values import is_true


@rule("LOR301", "fresh-adapter-at-inference", severity="error")
def fresh_adapter_at_inference(project: Project) -> Iterator[Finding]:
    """`get_peft_model` or `add_adapter` makes a fresh adapter in code that only generates.

    ## Why is this bad?

    Both make a new adapter with random `lora_A` and zero `lora_B`, also where the configuration
    comes from a trained adapter: no weights are read. The model then answers exactly as its base
    does, without an error or a warning, and merging it changes nothing. PEFT calls this a common
    error; it was one of the two ways in which issue 1678 lost its adapter.

    ## Example

    ```python serve.py
    from peft import PeftConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = get_peft_model(base, PeftConfig.from_pretrained("out/phi-2"))
    model.generate(max_new_tokens=20)
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model.generate(max_new_tokens=20)
    ```

    ## Fix safety

    There is no automatic fix: only the author knows where the adapter lies.

    ## Known problems

    It is reported only where the wrapped model itself is seen to generate or to be merged, and
    nothing in the file, or in a file with other loads that imports it, trains or loads weights. In
    a file that trains, only a model is reported that is made behind the training of a configuration
    that was saved, and goes straight to its use.
    unsloth's `get_peft_model` is not reported: given an adapter, unsloth has loaded it by then.
    Tests are not, nor benchmarks (by their path), which may measure an untrained adapter.

    ## References

    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    - [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678)
    """
    for wrap in actions(project, "wrap"):
        use = _use(project, wrap) if _is_fresh(wrap) else None
        if use is not None and (
            not _may_hold_weights(project, wrap, use) or _is_made_anew(project, wrap, use)
        ):
            message = (
                f"{wrap.callee.rpartition('.')[2]} makes a new adapter here{_config(wrap)}, and"
                f" {use.text.partition('(')[0]}() uses it untrained ({use.place}): no adapter's"
                " weights are loaded"
            )
            note = Related("the fresh adapter is used here", use.place)
            fix = fixes.shown("load the trained adapter with PeftModel.from_pretrained")
            yield Finding(message, wrap.place, (note,), fix, call=wrap.text)


def _is_fresh(wrap: Action) -> bool:
    """Whether a wrap adds weights to a model that has been loaded, by PEFT or transformers."""
    added = wrap.callee == "add_adapter" and wrap.inputs
    wraps = wrap.callee in ("peft.get_peft_model", "peft.PeftModel") or bool(added)
    return wraps and "bench" not in wrap.path.lower()


def _use(project: Project, wrap: Action) -> Action | None:
    """The first action that generates with, or merges, the wrapped model."""
    for use in (*project.actions_of("infer"), *project.actions_of("merge")):
        through = wrap.index in use.actions
        beside = wrap.discarded and is_after(use, wrap) and same_model(project, use, wrap)
        if (through or beside) and not _is_baseline(use):
            return use
    return None


def _is_baseline(use: Action) -> bool:
    return use.text.startswith("trainer.")


def _may_hold_weights(project: Project, wrap: Action, use: Action) -> bool:
    """Whether something may train the adapter or fill it."""
    for path in dict.fromkeys((wrap.path, use.path)):
        fills = any(True for _ in in_file(project, path, "load-state"))
        if fills or trains(project, path) or _loads_adapter(project, path):
            return True
    return bool(steps(project, use, "load-state"))


def _is_made_anew(project: Project, wrap: Action, use: Action) -> bool:
    """Whether a model is made of a saved configuration, and nothing trains or fills it."""
    if not wrap.configs or not is_after(use, wrap) or not encloses(wrap.standing, use.standing):
        return False
    changes = [one for kind in _CHANGING for one in in_file(project, wrap.path, kind)]
    filled = any(wrap.index in load.actions for load in project.loads)
    return not filled and not any(_may_reach(one, wrap) for one in changes)


_CHANGING = ("train", "load-state", "quantise-prepare")


def _may_reach(change: Action, wrap: Action) -> bool:
    """Whether what trains or fills a model may do so with this one."""
    if wrap.index in change.actions or is_after(change, wrap):
        return True
    elsewhere = change.function != wrap.function
    return elsewhere and not change.inputs and not change.actions


def _loads_adapter(project: Project, path: str) -> bool:
    """Whether the file loads an adapter anywhere: then the fresh one may be meant as a control."""
    return any(load.site.artifact == "adapter" for load in project.loads_in(path))


def _config(wrap: Action) -> str:
    if wrap.configs:
        return " from a saved configuration"
    frozen = is_true(wrap.options.get("inference_mode", ABSENT))
    return " for inference" if frozen else ""
