"""LOR105."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Fix
from loralint.facts import ABSENT, Reason, Unknown, Value, leaves
from loralint.project import Load, Project
from loralint.refs import RevisionKind
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import (
    COMMIT_ONLY,
    REFERENCES,
    are,
    hub_loads,
    judged_ids,
    kinds,
)
from loralint.rules.judgement.remote_code import code_repository, is_native, trust
from loralint.rules.judgement.values import by_default, is_none_by_default, is_true


@rule("LOR105", "unpinned-remote-code", severity="error")
def unpinned_remote_code(project: Project) -> Iterator[Finding]:
    """`trust_remote_code=True` without a commit: someone else's next push runs on this machine.

    ## Why is this bad?

    With `trust_remote_code=True` the loader downloads Python files from the repository and runs
    them. Without a commit it runs whatever they are on that day. That is a security hole, and it
    breaks adapters: other code can mean other module names, and every tensor of the adapter
    misses its place. A branch or tag does not count, because it can be moved.

    ## Example

    ```python serve.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen-7B", trust_remote_code=True)
    ```

    ## Use instead

    ```python serve.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "Qwen/Qwen-7B",
        revision="ef3c5c9c57b252f3149c1408daf4d649ec8b6c85",
        trust_remote_code=True,
    )
    ```

    Some repositories keep their code in another one (`auto_map` in config.json names it).
    `revision` does not pin that one; `code_revision` does.

    ## Fix safety

    Only the Hub knows the commit. Read the code at that commit before you trust it.

    ## Known problems

    Whether a model brings code stands in its config.json (`auto_map`): it is read where the local
    cache of the Hub has the model, else the name of the family decides. Whether the code lives in a
    second repository is not looked up: only well-known ones are reported for a missing
    `code_revision`. The policy `ref` lets a branch or tag pass, `any` everything. Datasets are left
    out: datasets 4 no longer runs loading scripts.

    ## References

    - [Transformers: using models with custom code](https://huggingface.co/docs/transformers/custom_models)
    """
    seen: set[object] = set()
    for load, ids in (*hub_loads(project), *_behind_adapters(project)):
        if (load.place, ids) in seen or load.site.artifact == "dataset" or not is_true(trust(load)):
            continue
        message = _message(project, load, ids)
        if message:
            seen.add((load.place, ids))
            native = is_native(project, load)
            yield Finding.at(
                load,
                f"{message}{_NATIVE if native else ''}",
                subject=ids[0],
                fix=_LEAVE_OUT if native else _fix(load, ids),
                severity="warning" if native else None,
            )


_NATIVE = "; transformers has the classes of this family itself, so the flag can go"
_LEAVE_OUT = fixes.shown("leave trust_remote_code out")


def _behind_adapters(project: Project) -> Iterator[tuple[Load, tuple[str, ...]]]:
    """The bases that loaders of adapters load themselves: the recorded one, at its revision."""
    recorded = (use.base for adapter in project.adapters for use in adapter.uses)
    for base in (*recorded, *(pair.infer for pair in project.pairs)):
        if base.site.loader.startswith(_LOADS_BOTH):
            ids = judged_ids(project, base)
            if ids:
                yield base, ids


_LOADS_BOTH = ("peft.AutoPeft", "transformers.AutoModel", "transformers.pipeline")
_LOOSE: frozenset[RevisionKind] = REFERENCES | {"absent", "default-branch", "abbreviated"}


def _message(project: Project, load: Load, ids: tuple[str, ...]) -> str | None:
    pin = _code_pin(load)
    if all(_is_loose(leaf) for leaf in leaves(pin)) and not _is_enough(project, ids, pin):
        at = wording.revision(pin)
        default = "" if by_default(pin) else wording.hint(trust(load))
        danger = _SHORT if are(pin, frozenset({"abbreviated"})) else _DANGER
        return f"the code of {wording.named(load, ids)} runs here at {at}{default}: {danger}"
    foreign = code_repository(ids)
    if foreign and load.option("code_revision") == ABSENT and are(pin, COMMIT_ONLY):
        return (
            f"the code of {wording.named(load, ids)} lives in `{foreign}`, which `revision` does"
            f" not pin and `code_revision` does: {_DANGER}"
        )
    return None


_DANGER = "trust_remote_code=True runs whatever is pushed there next"
_SHORT = "that is no full commit, and a branch or tag of that name would run in its place"


def _code_pin(load: Load) -> Value:
    """What decides which code runs: `code_revision`, else `revision`."""
    code = load.option("code_revision")
    return load.site.revision if code == ABSENT else code


def _is_loose(leaf: Value) -> bool:
    mirrored = leaf == Unknown(Reason.MIRRORED)
    return mirrored or is_none_by_default(leaf) or kinds(leaf) <= _LOOSE


def _is_enough(project: Project, ids: tuple[str, ...], pin: Value) -> bool:
    """Whether the policy of every id lets a branch or tag pass."""
    lenient = all(project.config.policy(name) == "ref" for name in ids)
    return lenient and are(pin, REFERENCES)


def _fix(load: Load, ids: tuple[str, ...]) -> Fix:
    if by_default(load.site.revision):
        return fixes.shown(f"make a commit the default of {wording.outside(load.site.revision)}")
    what = "a commit whose code you have read"
    if code_repository(ids):
        return fixes.shown(f"pass code_revision= with {what}")
    return fixes.shown(wording.give(load, what))
