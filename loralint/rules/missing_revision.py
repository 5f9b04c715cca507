"""LOR101."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Fix
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import (
    ABSENT_ONLY,
    WEIGHTS_AND_MORE,
    are,
    drops_revision,
    hub_loads,
    is_dropped,
    is_mirrored,
    omitted_once,
)


@rule("LOR101", "missing-revision", severity="warning")
def missing_revision(project: Project) -> Iterator[Finding]:
    """A Hub model, tokenizer, processor, configuration or file is loaded with no revision.

    ## Why is this bad?

    Without a revision the loader takes whatever the repository's default branch holds on the day.
    An adapter is a set of differences to one exact base model: when the base moves, the adapter's
    tensors fit other weights, or no longer fit at all. In
    [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678) the modules of
    `microsoft/phi-2` were renamed between two revisions; every tensor of the adapter was dropped,
    and nothing failed.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    ```

    A `revision` that comes from an option whose default is `None` counts as given: whoever runs
    the script decides. A recipe or command that names its model again as the tokenizer is reported
    for the model only: one revision holds for both.

    ## Fix safety

    The commit cannot be known without asking the Hub or its local cache, so the fix is shown and
    not applied; `loralint pin` asks.

    ## Known problems

    unsloth loads a 4-bit mirror of its own for many names, and drops the revision then: such a load
    is reported with or without one. Name the mirror itself and its commit, or pass
    `use_exact_model_name=True`.

    Only ids that are certainly Hub ids are reported. A load whose id comes from the caller is
    silent here, as is a loader that takes no revision (`llama_cpp.Llama.from_pretrained`);
    `unpinnable-load` (LOR111) is for them. Local folders, `local_files_only=True`
    and repositories with the policy `any` are never reported.

    ## References

    - [Hugging Face: `from_pretrained`, parameter `revision`](https://huggingface.co/docs/transformers/main_classes/model)
    - [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678)
    """
    for load, ids in omitted_once(_bare(project)):
        yield Finding.at(load, _message(load, ids), subject=ids[0], fix=_fix(project, load, ids))


def _bare(project: Project) -> Iterator[tuple[Load, tuple[str, ...]]]:
    for load, ids in hub_loads(project):
        bare = are(load.site.revision, ABSENT_ONLY) or is_mirrored(load) or is_dropped(load)
        if bare and load.site.artifact in WEIGHTS_AND_MORE and not drops_revision(load):
            yield load, ids


def _message(load: Load, ids: tuple[str, ...]) -> str:
    what = wording.named(load, ids)
    if is_dropped(load):
        return (
            f"the revision that {what} is given is dropped: in 4 bits unsloth loads its own mirror,"
            " and what runs is whatever that holds that day"
        )
    branch = wording.branch(load)
    mirror = " (or unsloth's 4-bit mirror of it)" if is_mirrored(load) else ""
    return (
        f"{what} is loaded with no revision: what runs is whatever {branch}{mirror} holds that day"
    )


def _fix(project: Project, load: Load, ids: tuple[str, ...]) -> Fix:
    if is_mirrored(load) or is_dropped(load):
        return fixes.shown(_EXACT)
    what = "the commit" if len(ids) == 1 else "the commit of each"
    advice = wording.give(load, f"{what} you mean")
    return fixes.shown(f"{advice}{wording.by_pin(project, load)}")


_EXACT = (
    "name the 4-bit mirror itself (`unsloth/…-bnb-4bit`) and its commit, or pass"
    " use_exact_model_name=True and revision= with the commit you mean"
)
