"""LOR106."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Fix
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import ABSENT_ONLY, adapter_revision, are, hub_loads


@rule("LOR106", "unpinned-adapter", severity="warning")
def unpinned_adapter(project: Project) -> Iterator[Finding]:
    """An adapter is loaded from the Hub with no revision.

    ## Why is this bad?

    The owner of the repository can push a retrained adapter at any time, with another rank, other
    targets or another base model. The next start of the program loads it.

    ## Example

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    model = PeftModel.from_pretrained(base, "acme/phi-2-support")
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    model = PeftModel.from_pretrained(
        base, "acme/phi-2-support", revision="5d2a4f6f0c1b7a9f5d0f5cf0e8a9b2f2f6f0a1c3"
    )
    ```

    Here `revision` is the adapter's, never the base's. Where transformers loads the adapter
    (`AutoModelForCausalLM.from_pretrained("acme/phi-2-support")`, `model.load_adapter(…)`), the
    adapter's revision goes into `adapter_kwargs={"revision": …}`.

    ## Fix safety

    Only the Hub knows the commit; `loralint pin` asks it.

    ## Known problems

    `AutoPeftModelFor….from_pretrained` takes the base's revision from adapter_config.json, which
    this rule does not judge.

    ## References

    - [PEFT: `PeftModel.from_pretrained`](https://huggingface.co/docs/peft/package_reference/peft_model)
    """
    for load, ids in hub_loads(project):
        is_adapter = load.site.artifact == "adapter"
        if is_adapter and are(adapter_revision(load), ABSENT_ONLY):
            what = wording.named(load, ids)
            message = f"{what} is loaded with no revision: its owner's next push replaces it"
            yield Finding.at(load, message, subject=ids[0], fix=_fix(project, load))


def _fix(project: Project, load: Load) -> Fix:
    advice = wording.give(load, "the adapter's commit")
    return fixes.shown(f"{advice}{wording.by_pin(project, load)}")
