"""LOR111."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import ABSENT, Default, OriginKind, Value
from loralint.project import Load, Project
from loralint.refs import DEFAULT_BRANCHES
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.folders import is_meant_as_folder
from loralint.rules.judgement.pinning import (
    DOWNLOAD_FIRST,
    WEIGHTS_AND_MORE,
    certain_runs,
    drops_revision,
    hub_ids,
    is_unpinned,
    subject_of,
)
from loralint.rules.judgement.values import is_true, origin


@rule("LOR111", "unpinnable-load", severity="warning", default=False)
def unpinnable_load(project: Project) -> Iterator[Finding]:
    """The repo id comes from the caller, the revision cannot; or the loader takes none.

    ## Why is this bad?

    A script that takes `--model` and no `--revision` cannot be run on the base model that an
    adapter was trained on, once that model has moved. Its users have no way to pin.

    ## Example

    ```python train.py
    import argparse

    from transformers import AutoModelForCausalLM

    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    args = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(args.model)
    ```

    ## Use instead

    ```python train.py
    import argparse

    from transformers import AutoModelForCausalLM

    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--revision")
    args = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(args.model, revision=args.revision)
    ```

    ## Fix safety

    There is no automatic fix: a new option is the author's decision.

    ## Known problems

    The rule speaks once a script, of the first such load. Of loaders that take no revision only
    those are reported that swallow one in silence, such as `llama_cpp.Llama.from_pretrained`.
    What is plainly meant as a folder is silent: an adapter by `--adapter_path`, a path that is put
    together, an option whose help text says so.
    """
    told: set[str] = set()
    for load in project.loads:
        if load.site.path in told or not _is_unpinnable(project, load):
            continue
        told.add(load.site.path)
        if drops_revision(load):
            yield _of_loader(load)
            continue
        if next(certain_runs(project, load), None) is not None:
            continue  # LOR101 speaks of those
        who = wording.outside(load.site.repo_id)
        message = f"{who} decides which {wording.noun(load)} is loaded, and nothing can say at"
        fix = fixes.shown("take the revision from outside too and pass it to every load of this id")
        yield Finding.at(load, f"{message} which revision", subject=who, fix=fix)


def _of_loader(load: Load) -> Finding:
    """A loader that has no place for a revision, whoever gives the id."""
    callee = wording.callee(load)
    message = f"{wording.named(load)} is loaded by {callee}, which takes no revision: what runs is"
    branch = f" whatever {wording.branch(load)} holds that day"
    fix = fixes.shown(DOWNLOAD_FIRST)
    return Finding.at(load, f"{message}{branch}", subject=subject_of(load), fix=fix)


def _is_unpinnable(project: Project, load: Load) -> bool:
    site = load.site
    if drops_revision(load):
        return bool(hub_ids(load)) or _comes_from_outside(site.repo_id)
    fits = site.artifact in WEIGHTS_AND_MORE or site.artifact == "adapter"
    is_free = _is_fixed(site.revision) and not is_true(load.option("local_files_only"))
    is_outside = fits and is_free and _comes_from_outside(site.repo_id)
    return is_outside and not load.local and not is_meant_as_folder(project, load)


def _is_fixed(revision: Value) -> bool:
    """Whether it is the default branch whoever runs the code: left out, or `main` written down.

    A function's own default that no caller of the project changes is written down as well.
    """
    if revision == ABSENT or is_unpinned(revision):
        return True
    decides = origin(revision)
    is_own = decides is not None and decides.kind is OriginKind.PARAMETER
    return is_own and isinstance(revision, Default) and revision.value in DEFAULT_BRANCHES


def _comes_from_outside(repo_id: Value) -> bool:
    """A default that is an id is judged by LOR101 already."""
    if isinstance(repo_id, Default):
        return repo_id.value is None and origin(repo_id) is not None
    return origin(repo_id) is not None
