"""LOR102."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Value
from loralint.project import Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import adapter_revision, are, hub_loads
from loralint.rules.judgement.values import by_default, only


@rule("LOR102", "default-branch-revision", severity="warning")
def default_branch_revision(project: Project) -> Iterator[Finding]:
    """A revision is given that pins nothing: `main`, `master`, `HEAD`, an empty string or `None`.

    ## Why is this bad?

    The default branch is what a loader takes when it is told nothing. Writing it down looks like
    a pin, and is none: the next push to the repository changes what is loaded.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="main")
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    ```

    An option with the default `"main"` is reported, because that is what runs unless somebody
    says otherwise; an option whose default is `None` only forwards what its user says.

    ## Fix safety

    Putting the branch's commit of today in its place may change which weights are
    loaded tomorrow, which is the point. `loralint pin` does it.

    ## Known problems

    A repository may have a branch called `master` that is not its default branch.

    ## References

    - [Hugging Face: `from_pretrained`, parameter `revision`](https://huggingface.co/docs/transformers/main_classes/model)
    """
    for load, ids in hub_loads(project):
        revision = adapter_revision(load) if load.site.artifact == "adapter" else load.site.revision
        if are(revision, frozenset({"default-branch"})):
            message = f"{_written(revision)} pins nothing: {wording.named(load, ids)} moves with it"
            yield Finding.at(load, message, subject=ids[0], fix=fixes.shown(_FIX))


_FIX = f"give the commit instead ({wording.PIN})"


def _written(revision: Value) -> str:
    text = only(revision)
    if text is None or text == "":
        shown = f"`revision={text!r}`"
    else:
        shown = f"the default branch {wording.value(revision)}"
        return shown
    return f"{shown} by default" if by_default(revision) else shown
