"""LOR107."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loralint.diagnostics import Related
from loralint.facts import ABSENT, Absent
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.one_revision import doubles
from loralint.rules.judgement.pinning import hub_ids, is_pinned, is_unpinned, subject_of
from loralint.rules.judgement.values import from_outside, is_given, is_none_by_default, origin


@rule("LOR107", "misplaced-revision", severity="error")
def misplaced_revision(project: Project) -> Iterator[Finding]:
    """A revision lands on another repository than the one it belongs to.

    ## Why is this bad?

    In `PeftModel.from_pretrained(base, adapter, revision=R)` the revision is the adapter's; the
    base keeps whatever it was loaded with. A commit exists in one repository only, so one revision
    that is given to two repositories is wrong for one of them: the load fails, or a branch of the
    same name exists in both and something else is loaded without a word.

    ## Example

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "acme/phi-2-support", revision="refs/pr/23")
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    model = PeftModel.from_pretrained(base, "acme/phi-2-support", revision="v1.2")
    ```

    Five shapes are found:

    - a pinned adapter on a base from the Hub that has no revision;
    - the base's revision given to the adapter;
    - one revision, by value or because one option decides it, given to two repositories: a policy
      and its reward model, a model and a tokenizer from elsewhere;
    - `AutoModelFor….from_pretrained(adapter_repo, revision=R)`, where R is used for the adapter
      and for the base that the adapter names;
    - `adapter_kwargs={"revision": R}` without a `revision` for the base, which then is the default
      branch even if adapter_config.json records another one.

    ## Fix safety

    There is no automatic fix: only the author knows what the revision was meant for.

    ## Known problems

    It is a warning where the second repository is an option that nobody has to give
    (`--config_name`, `--tokenizer_name` of the example scripts of transformers): what nobody gives
    is not loaded. Two repositories may carry the same tag on purpose. Branches that name a format
    (`fp16`, `onnx`) and branches of one organisation's models are left alone.

    ## References

    - [transformers issue 29849](https://github.com/huggingface/transformers/issues/29849)
    - [PEFT pull request 1658](https://github.com/huggingface/peft/pull/1658)
    """
    yield from _given_twice(project)
    for load in project.loads:
        yield from _adapter_only(project, load)
        yield from _base_forgotten(project, load)
    yield from _adapter_as_model(project)


def _given_twice(project: Project) -> Iterator[Finding]:
    for first, second in doubles(project):
        given = second.site.revision
        shown = wording.outside(given) if origin(given) else wording.revision(given)
        optional = is_none_by_default(second.site.repo_id) or _is_no_model(second)
        message = (
            f"the revision {shown} is given to {wording.named(first)} ({first.place}) and"
            f" here to {wording.named(second)}{', where that is given' if optional else ''}: two"
            " repositories do not share their commits"
        )
        note = Related(f"the same revision for {wording.named(first)}", first.place)
        found = _finding(second, message, (note,), "give each repository a revision of its own")
        yield replace(found, severity="warning") if optional else found


def _is_no_model(load: Load) -> bool:
    """Whether an option names what is seldom given beside the model: `--config_name`."""
    name = wording.outside(load.site.repo_id)
    return (
        origin(load.site.repo_id) is not None
        and load.site.artifact in ("config", "file")
        and ("config" in name)
    )


def _adapter_only(project: Project, load: Load) -> Iterator[Finding]:
    """`PeftModel.from_pretrained(base, adapter, revision=R)` on a base that has none."""
    if load.site.artifact != "adapter" or not _seems_the_base_s(load):
        return
    for base in project.inputs_of(load):
        if base.site.artifact == "adapter" or not hub_ids(base) or not _is_bare(base):
            continue
        message = (
            f"{wording.revision(load.site.revision)} is the revision of the adapter here;"
            f" {wording.named(base)} below it ({base.place}) is loaded at"
            f" {wording.revision(base.site.revision)}"
        )
        note = Related(f"{wording.named(base)} is loaded here", base.place)
        yield _finding(load, message, (note,), "pass revision= to the load of the base as well")


def _is_bare(base: Load) -> bool:
    return is_unpinned(base.site.revision)


def _seems_the_base_s(load: Load) -> bool:
    """Whether a revision is given, and not by an option that says it is the adapter's."""
    given = load.site.revision
    if not from_outside(given):
        return is_pinned(given)
    decides = origin(given)
    if decides is None or not is_given(given):
        return False
    names = [name.lower() for each in decides.within() for name in each.name]
    return not any(word in name for name in names for word in _ADAPTER_WORDS)


_ADAPTER_WORDS = ("adapter", "lora", "peft")


def _base_forgotten(project: Project, load: Load) -> Iterator[Finding]:
    """`adapter_kwargs={"revision": R}`: the base is at its default branch."""
    given = load.option("adapter_kwargs.revision")
    loads_base = load.site.loader.endswith("from_pretrained") and not load.inputs
    if isinstance(given, Absent) or not loads_base or load.site.revision != ABSENT:
        return
    message = (
        f"adapter_kwargs pins the adapter ({wording.revision(given)}) and not its base, which is"
        " loaded at the default branch whatever adapter_config.json records"
    )
    yield _finding(load, message, (), "pass revision= for the base beside adapter_kwargs")


def _adapter_as_model(project: Project) -> Iterator[Finding]:
    """`AutoModelFor….from_pretrained(adapter_repo, revision=R)`: R goes to the base too."""
    adapters = _adapter_ids(project)
    for load in project.loads:
        ids = hub_ids(load)
        if not ids or not set(ids) <= adapters or not _is_transformers_model(load):
            continue
        if is_pinned(load.site.revision) and load.option("adapter_kwargs.revision") == ABSENT:
            message = (
                f"{wording.either(wording.code(name) for name in ids)} is an adapter:"
                f" {wording.revision(load.site.revision)} is used for the base that it names, too"
            )
            yield _finding(load, message, (), "load the base at its own revision, then the adapter")


def _adapter_ids(project: Project) -> frozenset[str]:
    """Hub ids that are adapters, because something loads them as such."""
    adapters = (load for load in project.loads if load.site.artifact == "adapter")
    return frozenset(name for load in adapters for name in hub_ids(load))


def _is_transformers_model(load: Load) -> bool:
    loader = load.site.loader
    return loader.startswith("transformers.AutoModel") and loader.endswith("from_pretrained")


def _finding(load: Load, message: str, related: tuple[Related, ...], fix: str) -> Finding:
    subject = subject_of(load)
    return Finding.at(load, message, related=related, subject=subject, fix=fixes.shown(fix))
