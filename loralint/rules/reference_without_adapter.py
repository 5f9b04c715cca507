"""LOR321."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import BASE_REFERENCE, Known
from loralint.project import Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import loads
from loralint.rules.judgement.pinning import subject_of


@rule("LOR321", "reference-without-adapter", severity="info")
def reference_without_adapter(project: Project) -> Iterator[Finding]:
    """A preference run goes on with an adapter, and its reference is the base without it.

    ## Why is this bad?

    DPO and KTO keep the model near a reference. Where a run of LLaMA-Factory or ms-swift goes on
    training an adapter and names no reference, the reference is the same model with the adapter
    switched off: the base as it was before its supervised training, and not the model that the
    preferences were meant to start from. Nothing is said about it.

    ## Example

    ```yaml dpo.yaml
    model_name_or_path: meta-llama/Llama-3.1-8B
    adapter_name_or_path: saves/llama/sft
    stage: dpo
    do_train: true
    finetuning_type: lora
    template: llama3
    output_dir: saves/llama/dpo
    ```

    ## Use instead

    ```yaml dpo.yaml
    model_name_or_path: meta-llama/Llama-3.1-8B
    adapter_name_or_path: saves/llama/sft
    ref_model: meta-llama/Llama-3.1-8B
    ref_model_adapters: saves/llama/sft
    stage: dpo
    do_train: true
    finetuning_type: lora
    template: llama3
    output_dir: saves/llama/dpo
    ```

    With LLaMA-Factory `create_new_adapter: true` does it as well: the adapter is merged first, and
    the reference is the model with it. ms-swift takes `ref_adapters`.

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    A run that goes on with its own checkpoint over a base that was already tuned is right, and
    reported all the same. `orpo` and `simpo` need no reference. In Python nothing is reported: TRL
    1.x copies the adapter for the reference by itself.

    ## References

    - [LLaMA-Factory: `create_ref_model`](https://github.com/hiyouga/LLaMA-Factory/blob/main/src/llamafactory/train/trainer_utils.py)
    - [ms-swift: `ref_adapters`](https://swift.readthedocs.io/en/latest/Instruction/Command-line-parameters.html)
    """
    for load in loads(project):
        if load.option("reference") == Known(BASE_REFERENCE):
            message = (
                f"the preferences are compared with the base without {wording.named(load)}: no"
                " reference model is named, so it is this one with the adapter switched off"
            )
            fix = fixes.shown(_advice(load.site.loader))
            yield Finding.at(load, message, subject=subject_of(load), fix=fix)


def _advice(loader: str) -> str:
    if loader.startswith(("adapters", "swift")):
        return "name the adapter in ref_adapters, too"
    return "name the same model and adapter in ref_model and ref_model_adapters"
