"""LOR318."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from loralint.catalog import PEFT_KEYED_PIPELINES
from loralint.diagnostics import Related
from loralint.project import Load, Project, Save
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import is_peft_model, loads
from loralint.rules.judgement.adapters import WEIGHTS
from loralint.rules.judgement.pinning import subject_of
from loralint.rules.judgement.values import texts
from loralint.source import Place


@rule("LOR318", "adapter-format-mismatch", severity="error")
def adapter_format_mismatch(project: Project) -> Iterator[Finding]:
    """A folder that PEFT saved is given to diffusers' `load_lora_weights`, or the other way round.

    ## Why is this bad?

    `save_pretrained` of a PEFT model writes tensors whose names begin with `base_model.model.`. The
    pipeline looks for `unet.`, `transformer.` and `text_encoder.`, finds none, logs a line and goes
    on: the picture is the base's, bit for bit (measured with diffusers 0.42.1). The other way,
    `PeftModel.from_pretrained` finds no adapter_config.json in what `save_lora_weights` wrote.

    ## Example

    ```python train.py
    from diffusers import UNet2DConditionModel
    from peft import LoraConfig, get_peft_model

    unet = UNet2DConditionModel.from_pretrained("acme/sd", subfolder="unet")
    unet = get_peft_model(unet, LoraConfig(r=16, target_modules=["to_q", "to_v"]))
    unet.save_pretrained("out/pixel-art")
    ```

    ```python draw.py
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained("acme/sd")
    pipe.load_lora_weights("out/pixel-art")
    ```

    ## Use instead

    ```python train.py
    from diffusers import UNet2DConditionModel
    from peft import LoraConfig, get_peft_model

    unet = UNet2DConditionModel.from_pretrained("acme/sd", subfolder="unet")
    unet = get_peft_model(unet, LoraConfig(r=16, target_modules=["to_q", "to_v"]))
    unet.save_pretrained("out/pixel-art")
    ```

    ```python draw.py
    from diffusers import StableDiffusionPipeline
    from peft import PeftModel

    pipe = StableDiffusionPipeline.from_pretrained("acme/sd")
    pipe.unet = PeftModel.from_pretrained(pipe.unet, "out/pixel-art")
    ```

    For a file that `load_lora_weights` reads, train with `unet.add_adapter(config)` in place of
    `get_peft_model` and save by `save_lora_weights`: the state dict of a PEFT model keeps
    `base_model.model.`, and then loading raises.

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Pipelines that read PEFT's names as well (FLUX.2, Krea 2, ERNIE-Image, ACE-Step) are not
    reported, nor is a pipeline of which neither class nor id is known. Where several scripts save
    to one place, all of them have to save in the wrong form.

    ## References

    - [diffusers: LoRA](https://huggingface.co/docs/diffusers/api/loaders/lora)
    - [PEFT: checkpoint format](https://huggingface.co/docs/peft/developer_guides/checkpoint)
    """
    for load in loads(project):
        if load.site.loader.endswith(_INTO_PIPELINE) and _reads_own_names_only(project, load):
            wrote = _written(project, load, _is_pefts) or _lies_in_tree(project, load)
            if wrote is not None:
                yield _for_pipeline(load, wrote)
        elif load.site.loader.startswith("peft.Peft"):
            wrote = _written(project, load, _is_diffusers)
            if wrote is not None:
                yield _for_peft(load, wrote)


_Test: TypeAlias = Callable[[Project, Save], bool]
_INTO_PIPELINE = ".load_lora_weights"
_PREFIX = "base_model.model."
_SAVED_BY_DIFFUSERS = re.compile(r"\.save_lora_weights\(")
_SAVED = re.compile(r"\.save_pretrained\(")


def _for_pipeline(load: Load, wrote: Place) -> Finding:
    message = (
        f"{wording.named(load)} is in PEFT's form ({wrote}), of which load_lora_weights knows no"
        " tensor: it logs a line, and the pipeline draws with its base alone"
    )
    advice = (
        "put it onto the component by PeftModel.from_pretrained(pipe.unet, …), or train with"
        " unet.add_adapter(…) and save by save_lora_weights(…)"
    )
    return _finding(load, wrote, message, advice)


def _for_peft(load: Load, wrote: Place) -> Finding:
    message = (
        f"{wording.named(load)} is in diffusers' form ({wrote}), without adapter_config.json: PEFT"
        " cannot load it"
    )
    advice = "load it by the pipeline's load_lora_weights, or save the PEFT model itself"
    return _finding(load, wrote, message, advice)


def _finding(load: Load, wrote: Place, message: str, advice: str) -> Finding:
    note = Related("it is saved here", wrote)
    fix = fixes.shown(advice)
    return Finding.at(load, message, related=(note,), subject=subject_of(load), fix=fix)


def _written(project: Project, load: Load, fits: _Test) -> Place | None:
    """Where an adapter is saved, if all that save it there do so in one form."""
    saved = [one for one in project.saved_as(load) if one.site.artifact == "adapter"]
    wrong = [one for one in saved if fits(project, one)]
    return wrong[0].place if wrong and len(wrong) == len(saved) else None


def _is_pefts(project: Project, save: Save) -> bool:
    by_peft = is_peft_model(project, save)
    return by_peft and _SAVED.search(save.site.text) is not None


def _is_diffusers(project: Project, save: Save) -> bool:
    return _SAVED_BY_DIFFUSERS.search(save.site.text) is not None


def _lies_in_tree(project: Project, load: Load) -> Place | None:
    """The adapter_config.json of a folder of the project whose weights have PEFT's names."""
    if any(text != WEIGHTS for text in texts(load.option("weight_name"))):
        return None
    for adapter in project.adapters:
        used = any(use.adapter.index == load.index for use in adapter.uses)
        names = [tensor.name for tensor in adapter.tensors or ()]
        if used and names and all(name.startswith(_PREFIX) for name in names):
            return adapter.place("peft_type")
    return None


def _reads_own_names_only(project: Project, load: Load) -> bool:
    """Whether the pipeline is known, and none of those that read PEFT's names as well."""
    found = list(project.inputs_of(load))
    named = [" ".join((*texts(one.option("class")), *texts(one.site.repo_id))) for one in found]
    plain = [re.sub(r"[-_. ]", "", name.lower()) for name in named]
    return bool(plain) and all(
        name and name not in _ANY and not any(word in name for word in PEFT_KEYED_PIPELINES)
        for name in plain
    )


_ANY = frozenset({"diffusionpipeline", "autopipelinefortext2image", "autopipelineforimage2image"})
"""Classes that are what the id says, where the id is not known."""
