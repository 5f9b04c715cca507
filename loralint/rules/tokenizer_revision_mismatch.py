"""LOR203."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import compare, is_local, subject_of
from loralint.rules.judgement.sides import apart, companions, pairs_of, resting, why
from loralint.rules.judgement.values import is_given, same

_MODELS = ("base-model", "engine", "pipeline", "model")


@rule("LOR203", "tokenizer-revision-mismatch", severity="warning")
def tokenizer_revision_mismatch(project: Project) -> Iterator[Finding]:
    """Tokenizer and model, or the tokenizers of training and inference, are at two revisions.

    ## Why is this bad?

    A tokenizer gives each word a number, and the embeddings of the model give that number a
    meaning. If a revision adds special tokens or changes the chat template, prompts at inference
    look different from those of the training, and the answers become worse without an error.

    ## Example

    ```python serve.py
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    tokenizer = AutoTokenizer.from_pretrained("microsoft/phi-2", revision="refs/pr/24")
    ```

    ## Use instead

    ```python serve.py
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    tokenizer = AutoTokenizer.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    ```

    Only two given revisions are compared. A model that is pinned beside a tokenizer that is not is
    `partial-pin` (LOR211).

    ## Fix safety

    The fix is shown only: which of the two is right only the author knows.

    ## Known problems

    A tokenizer from another repository than the model's is compared with the other side's
    tokenizer only.

    It has not been seen in public code so far.
    """
    yield from _beside_the_model(project)
    yield from _across_the_pair(project)


def _beside_the_model(project: Project) -> Iterator[Finding]:
    for tokenizer in _loads(project):
        if tokenizer.site.artifact != "tokenizer":
            continue
        models = _its_models(project, tokenizer)
        if models and all(_differ(model, tokenizer) for model in models):
            yield _beside(*apart(project, models[0], tokenizer))


def _beside(model: Load, tokenizer: Load) -> Finding:
    message = (
        f"{wording.named(tokenizer)} is loaded at {_at(tokenizer)}, its model at"
        f" {_at(model)} ({model.place}): tokens and embeddings may not belong together"
    )
    return _finding(tokenizer, model, f"the model is loaded at {_at(model)}", message)


def _loads(project: Project) -> tuple[Load, ...]:
    return project.instances or project.loads


def _its_models(project: Project, tokenizer: Load) -> list[Load]:
    """The models of the tokenizer's repository that are loaded in its file, in order."""
    path, repo_id = tokenizer.place.path, tokenizer.site.repo_id
    beside = (load for kind in _MODELS for load in project.placed.get((kind, path), ()))
    found = (load for load in beside if same(load.site.repo_id, repo_id))
    return sorted(found, key=lambda load: load.index)


def _across_the_pair(project: Project) -> Iterator[Finding]:
    for pair in pairs_of(project):
        trained = list(companions(project, pair.train, "tokenizer"))
        for tokenizer in companions(project, pair.infer, "tokenizer"):
            others = [one for one in trained if same(one.site.repo_id, tokenizer.site.repo_id)]
            if others and all(_differ(one, tokenizer) for one in others):
                yield _across(pair, *apart(project, others[0], tokenizer))


def _across(pair: Pair, other: Load, tokenizer: Load) -> Finding:
    message = (
        f"{wording.named(tokenizer)} is loaded at {_at(tokenizer)} here and at"
        f" {_at(other)} in training ({other.place}) {why(pair)}: prompts may be"
        " tokenized differently from those that the adapter has seen"
    )
    note = f"the tokenizer of the training is loaded at {_at(other)}"
    return resting(pair, _finding(tokenizer, other, note, message))


def _differ(one: Load, other: Load) -> bool:
    if one is other or is_local(one) or is_local(other):
        return False
    both = is_given(one.site.revision) and is_given(other.site.revision)
    return both and compare(one.site.revision, other.site.revision) == "different"


def _at(load: Load) -> str:
    return wording.revision(load.site.revision)


def _finding(tokenizer: Load, other: Load, note: str, message: str) -> Finding:
    fix = fixes.shown(f"use one revision, {_at(other)} as {other.place} does, for both")
    related = (Related(note, other.place),)
    subject = subject_of(tokenizer)
    return Finding.at(tokenizer, message, related=related, subject=subject, fix=fix)
