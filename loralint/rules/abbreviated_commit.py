"""LOR104."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Value
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import are, is_local, is_waived, subject_of
from loralint.rules.judgement.values import by_default, texts


@rule("LOR104", "abbreviated-commit", severity="error")
def abbreviated_commit(project: Project) -> Iterator[Finding]:
    """A revision looks like a commit and is none: 7 or more hex digits, but not 40.

    ## Why is this bad?

    The Hub takes 40 lower-case hex digits for a commit and everything else for the name of a
    branch or tag. A short commit that GitHub would complete is looked up as a branch: the load
    fails, or, where somebody has created a branch of that name (`20230401`, `deadbeef`), it loads
    something that can be moved.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="ef38235")
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    ```

    ## Fix safety

    The commit can be completed if the Hub or the local cache knows exactly one that
    begins with these digits.

    ## Known problems

    A branch that really is named with hex digits only is reported; the policy `any` silences it.

    ## References

    - `huggingface_hub.constants.REGEX_COMMIT_OID`
    """
    for load in project.loads:
        if is_local(load) or is_waived(project, load):
            continue
        for keyword, revision in _revisions(load):
            if are(revision, frozenset({"abbreviated"})):
                message = f"{keyword}={wording.value(revision)} {_why(revision)}"
                yield Finding.at(load, message, subject=subject_of(load), fix=fixes.shown(_FIX))


_FIX = "write all 40 digits of the commit"
_COMMIT_LENGTH = 40


def _revisions(load: Load) -> Iterator[tuple[str, Value]]:
    yield "revision", load.site.revision
    yield "code_revision", load.option("code_revision")
    yield "adapter_kwargs.revision", load.option("adapter_kwargs.revision")


def _why(revision: Value) -> str:
    found = [str(text) for text in texts(revision)] or ["0" * 8]
    text = found[0]
    prefix = "looks like a commit and is none"
    if text.isdigit():
        return f"{prefix}: only a branch or tag of that name can be loaded, and it can be moved"
    if len(text) > _COMMIT_LENGTH:
        return f"{prefix}: it has {len(text)} digits, a commit has 40"
    default = "by default " if by_default(revision) else ""
    return (
        f"{prefix} ({len(text)} of 40 digits): {default}the load fails, or takes whatever the"
        " Hub finds under that name, and no cache or lock file can compare it"
    )
