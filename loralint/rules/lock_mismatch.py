"""LOR210."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import RECORDED, Absent, Default, Known, Reason, Unknown, Value, leaves
from loralint.lockfile import Artifact
from loralint.project import Load, Locked, Project
from loralint.refs import DEFAULT_BRANCHES, is_commit
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import adapter_revision, certain_runs, full_id, judged_ids
from loralint.rules.judgement.values import is_none_by_default
from loralint.text import either


@rule("LOR210", "lock-mismatch", severity="error")
def lock_mismatch(project: Project) -> Iterator[Finding]:
    """The code asks for another commit than `loralint.lock` holds.

    ## Why is this bad?

    The lock file says which commit of each model the project stands on: what the adapters were
    trained on, and what everybody who checks the project out gets. Code that asks for something
    else loads other weights than the lock promises, and an adapter may silently not load.

    ## Example

    ```toml loralint.lock
    version = 1

    [[artifact]]
    id = "microsoft/phi-2"
    commit = "ef382358ec9e382308935a992d908de099b64c23"
    ref = "main"
    kind = "base-model"
    ```

    ```python serve.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    ```

    ## Use instead

    ```toml loralint.lock
    version = 1

    [[artifact]]
    id = "microsoft/phi-2"
    commit = "ef382358ec9e382308935a992d908de099b64c23"
    ref = "main"
    kind = "base-model"
    ```

    ```python serve.py
    import loralint
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision=loralint.revision("microsoft/phi-2")
    )
    ```

    The commit itself, written as text, is as good.

    ## Fix safety

    The fix is shown only: whether the code or the lock is right is yours to say. `loralint lock`
    follows the code, `loralint pin --from-lock` the lock.

    ## Known problems

    A load that gives no revision is compared by the name of the branch alone, and a repository
    that the lock does not hold is not reported: `loralint lock --check` tells when it is stale.
    What an adapter folder records is `adapter-base-drift`'s business.

    ## References

    - [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678)
    """
    for load in project.loads:
        if load.site.loader != RECORDED:
            for run in tuple(certain_runs(project, load)) or (load,):
                yield from _of(project, run)


def _of(project: Project, load: Load) -> Iterator[Finding]:
    given = leaves(adapter_revision(load))
    unlocked = [leaf for leaf in given if _is_unlocked(leaf)]
    if unlocked:
        yield _not_locked(load, unlocked[0])
        return
    ids, locked = judged_ids(project, load), project.locked_for(load.site.path)
    if len(ids) != 1 or locked is None:
        return
    kind = "dataset" if load.site.artifact == "dataset" else "model"
    held = locked.of(full_id(load, ids[0]), kind)
    if held and all(_differs(leaf, held) for leaf in given):
        yield _mismatch(load, ids[0], locked, held)


def _is_unlocked(leaf: Value) -> bool:
    return isinstance(leaf, Unknown) and leaf.reason is Reason.NOT_LOCKED


def _differs(leaf: Value, held: tuple[Artifact, ...]) -> bool:
    """Whether a revision certainly is none of those that are held."""
    ref = _asked(leaf)
    if ref is None:
        return False
    if is_commit(ref):
        return all(one.commit != ref for one in held)
    return all(one.ref and _plain(one.ref) != ref for one in held)


def _asked(leaf: Value) -> str | None:
    """The commit or ref that a load asks for; None where it cannot be known."""
    if isinstance(leaf, Absent):
        return "main"
    if isinstance(leaf, (Known, Default)) and not is_none_by_default(leaf):
        return _plain(leaf.value)
    return None


def _plain(ref: object) -> str:
    return "main" if ref is None or ref in DEFAULT_BRANCHES else str(ref)


def _mismatch(load: Load, name: str, locked: Locked, held: tuple[Artifact, ...]) -> Finding:
    asked = wording.revision(adapter_revision(load))
    holds = either(_in_words(one) for one in held)
    message = (
        f"{wording.named(load, (name,))} is loaded at {asked}, and {locked.path} holds {holds}"
    )
    related = tuple(Related(f"{name} is locked here", locked.place(one)) for one in held)
    return Finding.at(load, message, subject=name, related=related, fix=fixes.shown(_FIX))


def _in_words(one: Artifact) -> str:
    ref = f" (`{one.ref}`)" if one.ref else ""
    return f"{wording.code(one.commit)}{ref}"


def _not_locked(load: Load, leaf: Value) -> Finding:
    reason = leaf.words if isinstance(leaf, Unknown) else ""
    message = f"{wording.named(load)} takes its revision from the lock file, which fails: {reason}"
    return Finding.at(
        load, message, subject=wording.ids(load), fix=fixes.shown("run `loralint lock`")
    )


_FIX = "run `loralint lock` if the code is right, `loralint pin --from-lock` if the lock is"
