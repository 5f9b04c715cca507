"""LOR102."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Value
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import (
    adapter_revision,
    are,
    by_place,
    hub_loads,
    is_one,
    named,
)
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
    says otherwise; an option whose default is `None` only forwards what its user says. In a recipe
    the finding stands on the key of the revision, once for all that takes it.

    ## Fix safety

    Putting the branch's commit of today in its place may change which weights are
    loaded tomorrow, which is the point. `loralint pin` does it.

    ## Known problems

    A repository may have a branch called `master` that is not its default branch.

    ## References

    - [Hugging Face: `from_pretrained`, parameter `revision`](https://huggingface.co/docs/transformers/main_classes/model)
    """
    for given in by_place(_unpinned(project)):
        moves = "moves" if is_one(given) else "move"
        message = f"{_written(_revision(given.load))} pins nothing: {named(given)} {moves} with it"
        subject = given.loads[0][1][0]
        text = given.load.site.text
        yield Finding(message, given.place, given.related, fixes.shown(_FIX), subject, text)


def _unpinned(project: Project) -> Iterator[tuple[Load, tuple[str, ...]]]:
    for load, ids in hub_loads(project):
        if are(_revision(load), frozenset({"default-branch"})):
            yield load, ids


def _revision(load: Load) -> Value:
    return adapter_revision(load) if load.site.artifact == "adapter" else load.site.revision


_FIX = f"give the commit instead ({wording.PIN})"


def _written(revision: Value) -> str:
    text = only(revision)
    if text is None or text == "":
        shown = f"`revision={text!r}`"
    else:
        shown = f"the default branch {wording.value(revision)}"
        return shown
    return f"{shown} by default" if by_default(revision) else shown
