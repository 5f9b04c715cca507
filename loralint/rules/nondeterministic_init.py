"""LOR310."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import ABSENT
from loralint.project import Action, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import actions
from loralint.rules.judgement.values import texts

_RANDOM = "pissa_niter_"
_CONVERSION = "path_initial_model_for_weight_conversion"


@rule("LOR310", "nondeterministic-init", severity="warning")
def nondeterministic_init(project: Project) -> Iterator[Finding]:
    """`init_lora_weights="pissa_niter_…"` rewrites the base anew, and otherwise, at every load.

    ## Why is this bad?

    PiSSA takes its part out of the base's weights and trains that. With `niter` the decomposition
    is a random approximation, and PEFT repeats it whenever the adapter is loaded: the residual
    that is left in the base is another one each time. The adapter's own tensors are right to the
    bit, and the model is wrong.

    ## Example

    ```python train.py
    from peft import LoraConfig

    config = LoraConfig(r=16, init_lora_weights="pissa_niter_16")
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig

    config = LoraConfig(r=16, init_lora_weights="pissa")
    ```

    ## Fix safety

    There is no automatic fix. Where the exact decomposition is too slow, save the trained adapter
    with `path_initial_model_for_weight_conversion=`: that makes an ordinary LoRA adapter of it.

    ## Known problems

    A project that converts anywhere is not reported. The exact inits that rewrite the base
    (`pissa`, `olora`) give the same model at each load (measured), as long as the base is the same
    in every bit and not quantised otherwise, and are not reported.

    ## References

    - [PEFT: PiSSA](https://huggingface.co/docs/peft/developer_guides/lora)
    """
    if _converts(project):
        return
    for config in actions(project, "lora-config"):
        given = config.options.get("init_lora_weights", ABSENT)
        if texts(given) and all(text.startswith(_RANDOM) for text in texts(given)):
            message = (
                f"init_lora_weights={wording.value(given)} splits the base at random, and anew at"
                " every load: the adapter meets another base each time"
            )
            fix = fixes.shown(f'use "pissa", or save with {_CONVERSION}=')
            yield Finding(message, config.place, fix=fix, call=config.text)


def _converts(project: Project) -> bool:
    """Whether an adapter is saved as an ordinary one, or the residual base beside it."""
    saves = (save for save in project.saves)
    return any(_CONVERSION in dict(save.site.options) for save in saves) or any(
        _is_residual(action) for action in project.actions_of("unload")
    )


def _is_residual(action: Action) -> bool:
    return not action.discarded
