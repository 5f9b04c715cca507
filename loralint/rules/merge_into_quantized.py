"""LOR307."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loralint.diagnostics import Related
from loralint.facts import Known
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import actions, adapters, bases, is_peft_model
from loralint.rules.judgement.models import bits_of_copy
from loralint.rules.judgement.values import by_default, scalars, texts
from loralint.text import either


@rule("LOR307", "merge-into-quantized", severity="warning")
def merge_into_quantized(project: Project) -> Iterator[Finding]:
    """An adapter is merged into 4- or 8-bit weights.

    ## Why is this bad?

    The merged weights are rounded to 4 or 8 bits again, and a trained adapter changes them by less
    than a step of that rounding: for small adapters a tenth to a third of the effect survives.
    PEFT warns of rounding errors, once for each layer.

    ## Example

    ```python merge.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    base = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", quantization_config=BitsAndBytesConfig(load_in_4bit=True)
    )
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model = model.merge_and_unload()
    ```

    ## Use instead

    ```python merge.py
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", dtype=torch.bfloat16)
    model = PeftModel.from_pretrained(base, "out/phi-2")
    model = model.merge_and_unload()
    ```

    ## Fix safety

    There is no automatic fix: the unquantised base needs more memory.

    ## Known problems

    A copy that bitsandbytes has quantised already is known by its name (`…-bnb-4bit`). A base that
    a condition quantises is not reported, nor are unsloth's `save_pretrained_merged`
    and its kin, which read the 16-bit weights again. Who trained on nf4 and wants exactly those
    weights merges into the dequantised base; that is silent too.

    ## References

    - [PEFT issue 2321](https://github.com/huggingface/peft/issues/2321)
    """
    for merge in actions(project, "merge"):
        if merge.callee in ("merge_and_unload", "merge_adapter") and is_peft_model(project, merge):
            base = _quantised(project, merge)
            if base is not None:
                message = (
                    f"the adapter is merged into weights in {_bits(base)} ({base.place}): most of a"
                    " small adapter's effect is lost to rounding"
                )
                note = Related("the base is quantised here", base.place)
                fix = fixes.shown("load the base in bfloat16 or float16 for the merge")
                yield Finding(message, merge.place, (note,), fix, call=merge.text)


_WORDS = {"nf4": "4 bits", "fp4": "4 bits", "int8": "8 bits"}


_PLAIN = Known("none")
"""What a call asks for that says nothing: then the repository's config.json decides."""


def _quantised(project: Project, merge: Action) -> Load | None:
    """The base, if it is certainly quantised; with several all must be."""
    found = [*bases(project, merge), *filter(_loads_base, adapters(project, merge))]
    every = [_as_called(project, load) for load in found]
    return every[0] if every and all(_bits(load) for load in every) else None


def _as_called(project: Project, load: Load) -> Load:
    """A load with the id that its one caller gives, standing where it is written."""
    callers = project.instances_of.get(load.index, ())
    return replace(callers[0], via=None) if len(callers) == 1 else load


def _loads_base(adapter: Load) -> bool:
    """Whether what loads an adapter loads its base, too, and hands its keywords on."""
    return adapter.site.loader.startswith("peft.AutoPeft")


def _bits(load: Load) -> str:
    given = load.option("quantization")
    words = [_WORDS.get(str(each), "") for each in scalars(given) or ()]
    if given == _PLAIN and load.site.loader.startswith("transformers."):
        given = load.site.repo_id
        words = [_copied_in(name) for name in texts(given)]
    if not words or not all(words):
        return ""
    return either(words) + (" by default" if by_default(given) else "")


def _copied_in(repo_id: str) -> str:
    """The bits of a copy whose weights bitsandbytes has quantised already, by its name."""
    width = bits_of_copy(repo_id)
    return f"{width} bits" if width else ""
