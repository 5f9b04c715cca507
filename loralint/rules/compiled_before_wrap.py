"""LOR314."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import actions, function_of, loads, steps


@rule("LOR314", "compiled-before-wrap", severity="error")
def compiled_before_wrap(project: Project) -> Iterator[Finding]:
    """The base is compiled before it is wrapped: the adapter's keys get `_orig_mod.`.

    ## Why is this bad?

    `torch.compile` puts the model into another module, and every name of a tensor gets
    `_orig_mod.`. An adapter that is made on top is saved under such names and does not fit the
    base when it is loaded; one that is loaded on top finds none of its tensors. PEFT only warns, at
    the load, and writes no name of the base into adapter_config.json.

    ## Example

    ```python train.py
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = torch.compile(AutoModelForCausalLM.from_pretrained("microsoft/phi-2"))
    model = get_peft_model(base, LoraConfig(r=16))
    ```

    ## Use instead

    ```python train.py
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = torch.compile(get_peft_model(base, LoraConfig(r=16)))
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    `model.compile()`, which compiles in place, is right and not reported. A compilation that a
    condition guards is reported: where it happens, the adapter is lost. It is not where another
    function compiles that is told by a parameter whether to (`def load(name, compile=False)`).

    ## References

    - [PEFT: torch.compile](https://huggingface.co/docs/peft/developer_guides/torch_compile)
    """
    for wrap in actions(project, "wrap"):
        if wrap.callee in ("peft.get_peft_model", "peft.PeftModel"):
            yield from _judge(project, wrap, "get_peft_model wraps")
    for load in loads(project):
        if load.site.artifact == "adapter" and load.site.loader.startswith("peft."):
            yield from _judge(project, load, "an adapter is loaded onto")


def _is_told(project: Project, compiled: Action) -> bool:
    """Whether a parameter of the function says whether it compiles."""
    functions = project.files[compiled.path].functions
    own = next((each for each in functions if each.name == compiled.function), None)
    return own is not None and any("compile" in each.name.lower() for each in own.parameters)


def _judge(project: Project, wrap: Action | Load, what: str) -> Iterator[Finding]:
    for compiled in steps(project, wrap, "compile"):
        if function_of(compiled) != function_of(wrap) and _is_told(project, compiled):
            continue
        message = (
            f"{what} a model that is compiled already ({compiled.place}): its tensors are called"
            " _orig_mod.…, and the adapter's names do not fit the base"
        )
        note = Related("the model is compiled here", compiled.place)
        fix = fixes.shown("wrap first, then compile")
        call = wrap.text if isinstance(wrap, Action) else wrap.site.text
        yield Finding(message, wrap.place, (note,), fix, call=call)
        return
