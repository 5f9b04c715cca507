"""LOR104."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Value
from loralint.project import Load, Project
from loralint.refs import RevisionKind
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import are, by_place, hub_ids, is_local, is_waived, subject_of
from loralint.rules.judgement.values import by_default, texts


@rule("LOR104", "abbreviated-commit", severity="error")
def abbreviated_commit(project: Project) -> Iterator[Finding]:
    """A revision looks like a commit and is none: 7 or more hex digits, but not 40.

    ## Why is this bad?

    Only 40 lower-case hex digits are a commit to huggingface_hub. Anything shorter is a name that
    the Hub has to look up: a branch or tag that is called so (`20230401`, `deadbeef`) and can be
    moved, or the one commit that begins with these digits, as long as there is only one. What is
    cached or locked under such a name cannot be compared with anything, and a branch or tag of
    that name would be loaded in its place.

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
    - [huggingface_hub issue 197](https://github.com/huggingface/huggingface_hub/issues/197): since
      2023 the Hub completes a unique prefix
    """
    for given in by_place(_of_revisions(project)):
        written = f"{_keyword(given.load)}={wording.value(given.load.site.revision)}"
        message = f"{written} {_why(given.load.site.revision)}"
        text, subject = given.load.site.text, subject_of(given.load)
        yield Finding(message, given.place, given.related, fixes.shown(_FIX), subject, text)
    for load in _judged(project):
        for keyword in ("code_revision", "adapter_kwargs.revision"):
            revision = load.option(keyword)
            if are(revision, _SHORT):
                message = f"{keyword}={wording.value(revision)} {_why(revision)}"
                yield Finding.at(load, message, subject=subject_of(load), fix=fixes.shown(_FIX))


def _of_revisions(project: Project) -> Iterator[tuple[Load, tuple[str, ...]]]:
    for load in _judged(project):
        if are(load.site.revision, _SHORT):
            yield load, hub_ids(load)


def _judged(project: Project) -> Iterator[Load]:
    return (one for one in project.loads if not (is_local(one) or is_waived(project, one)))


def _keyword(load: Load) -> str:
    """The keyword or key that the revision is written under."""
    return load.site.revision_key.name if load.site.revision_at is not None else "revision"


_SHORT: frozenset[RevisionKind] = frozenset({"abbreviated"})
_FIX = "write all 40 digits of the commit"
_COMMIT_LENGTH = 40


def _why(revision: Value) -> str:
    found = [str(text) for text in texts(revision)] or ["0" * 8]
    text = found[0]
    prefix = "looks like a commit and is none"
    if text.isdigit():
        return f"{prefix}: only a branch or tag of that name can be loaded, and it can be moved"
    if len(text) > _COMMIT_LENGTH:
        return f"{prefix}: it has {len(text)} digits, a commit has 40"
    default = ", by default" if by_default(revision) else ""
    return (
        f"{prefix} ({len(text)} of 40 digits){default}: the Hub looks it up as a name, and a branch"
        " or tag of that name, or a second commit that begins so, changes what it finds"
    )
