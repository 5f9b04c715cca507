"""LOR103."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.config import Config
from loralint.config.selectors import highest
from loralint.facts import Value
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import (
    COMMIT_ONLY,
    REFERENCES,
    adapter_revision,
    are,
    hub_loads,
)

CODE, NAME = "LOR103", "mutable-revision"


def _demanded(config: Config) -> bool:
    """Whether a policy asks for commits, which turns the rule on for the repositories it names."""
    return any(policy == "commit" for _, policy in config.policies)


@rule(CODE, NAME, severity="warning", default=False, turned_on=_demanded)
def mutable_revision(project: Project) -> Iterator[Finding]:
    """A branch, a tag or a pull request is given where a commit would do.

    ## Why is this bad?

    Branches move, tags can be moved, and a pull request gets new commits until it is merged or
    closed. Only a commit is the same weights for ever. Even the `refs/pr/23` that would have saved
    the adapter of PEFT issue 1678 is a name, not a content.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="834565c23f9b28b96ccbeabe614dd906b6db551a"
    )
    ```

    The rule is off unless it is selected. A policy turns it on for the repositories it names:

    ```toml
    [tool.loralint.policies]
    "microsoft/*" = "commit"
    ```

    The policy `ref` says that a branch or tag is enough.

    ## Fix safety

    Only the Hub knows the commit that the name stands for today; `loralint pin` asks it.

    ## Known problems

    Repositories such as Pythia's publish checkpoints as branches (`step3000`) that never move.
    Give them the policy `ref`.
    """
    for load, ids in hub_loads(project):
        revision = adapter_revision(load) if load.site.artifact == "adapter" else load.site.revision
        if are(revision, REFERENCES | COMMIT_ONLY) and not are(revision, COMMIT_ONLY):
            wanting = _wanting(project.config, ids)
            if wanting:
                message = _message(load, wanting, revision)
                yield Finding.at(load, message, subject=wanting[0], fix=_FIX)


_FIX = fixes.shown(f"give the commit instead ({wording.PIN})")


def _wanting(config: Config, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The ids for which a name will not do."""
    chosen = highest((*(config.select or ()), *config.extend_select), CODE, NAME) or config.strict
    fine = ("ref",) if chosen else ("ref", None)
    return tuple(name for name in ids if config.policy(name) not in fine)


def _message(load: Load, ids: tuple[str, ...], revision: Value) -> str:
    what = f"{wording.named(load, ids)} is loaded at {wording.revision(revision)}"
    return f"{what}, a name that can be moved; only a commit stays what it is"
