"""LOR002."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Project
from loralint.rules.base import Finding, rule


@rule("LOR002", "unused-suppression", severity="warning")
def unused_suppression(project: Project) -> Iterator[Finding]:
    """A suppression comment hides nothing.

    ## Why is this bad?

    A comment that says "this load is known to be unpinned" beside a load that is pinned misleads
    its reader, and it will hide the next real finding on that line.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )  # loralint: ignore[missing-revision] we follow upstream
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    ```

    ## Fix safety

    The fix deletes the comment, or the selectors in it that hide nothing. It is safe.

    ## Known problems

    Only codes that are selected are judged: a suppression of a rule that is off today may be
    needed tomorrow.
    """
    # Only the engine knows which findings a comment has hidden, so it judges this rule.
    yield from ()
