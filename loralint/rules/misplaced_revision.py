"""LOR107."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loralint.diagnostics import Related
from loralint.facts import ABSENT, Absent, Known, Origin, OriginKind, Value, leaves
from loralint.project import Load, Project
from loralint.refs import kind_of
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import (
    hub_ids,
    is_format_branch,
    is_local,
    is_pinned,
    is_unpinned,
    subject_of,
)
from loralint.rules.judgement.sides import apart
from loralint.rules.judgement.values import (
    from_outside,
    is_given,
    is_none_by_default,
    origin,
    texts,
)
from loralint.text import either


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

    It is a remark where the second repository is an option that nobody has to give
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
        yield replace(found, severity="info") if optional else found


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
                f"{either(wording.code(name) for name in ids)} is an adapter:"
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


_LEADERS = ("base-model", "engine", "pipeline", "embedding", "model")


_SECOND = ("tokenizer", "config", "adapter", "lora", "peft", "reward", "teacher", "ref_")


def doubles(project: Project) -> Iterator[tuple[Load, Load]]:
    """Pairs of loads of two repositories with one revision; the second is the one to blame."""
    groups: dict[str, list[Load]] = {}
    for load in project.instances or project.loads:
        key = _key(load)
        if key and _is_of_one_repository(load):
            groups.setdefault(key, []).append(load)
    for group in groups.values():
        yield from _doubles_of(project, group)


def _is_of_one_repository(load: Load) -> bool:
    """Whether the revision is used for what the id names: not for the base below an adapter."""
    pins_adapter_apart = load.option("adapter_kwargs.revision") != ABSENT
    return not (is_local(load) or pins_adapter_apart or load.site.artifact == "dataset")


def _key(load: Load) -> str:
    """What makes two revisions one: who decides, or a value that belongs to one repository."""
    given = load.site.revision
    if origin(given):
        return f"origin {origin(given)}"
    if not isinstance(given, Known) or not isinstance(given.value, str):
        return ""
    kind = kind_of(given.value)
    if kind == "commit":
        return f"value {given.value}"
    if kind in ("default-branch", "abbreviated") or is_format_branch(given.value):
        return ""
    return f"file {load.place.path} value {given.value}"


def _doubles_of(project: Project, group: list[Load]) -> Iterator[tuple[Load, Load]]:
    first = min(group, key=_rank)  # of equals the first
    blamed: set[object] = set()
    for load in group:
        one, other = apart(project, first, load)
        if other.place in blamed or load is first or not _are_different(first, load):
            continue
        if _is_optional(first) and _is_optional(load):
            continue
        blamed.add(other.place)
        yield one, other


def _is_optional(load: Load) -> bool:
    """Whether a configuration or tokenizer is loaded only if somebody names it.

    A script with both `--config_name` and `--tokenizer_name` gives both the model's revision.
    """
    return load.site.artifact not in _LEADERS and is_none_by_default(load.site.repo_id)


def _rank(load: Load) -> tuple[bool, bool]:
    """How little a load looks like the one that the revision is meant for."""
    decides = origin(load.site.repo_id)
    name = decides.last.lower() if decides is not None else ""
    return load.site.artifact not in _LEADERS, any(word in name for word in _SECOND)


def _are_different(first: Load, second: Load) -> bool:
    one, other = first.site.repo_id, second.site.repo_id
    names, others = _names(one), _names(other)
    if names and others:
        return not names & others and not _are_siblings(first, second)
    # Two options of one program are two things; a parameter of a function that nobody sees called
    # may well be handed what an option of another place holds.
    decides, decides_other = origin(one), origin(other)
    if decides is None or decides_other is None or decides == decides_other:
        return False
    if _deciding(one) & _deciding(other):
        return False  # `args.config_name or args.model_name`
    beside = (
        _is_option(decides) and _is_option(decides_other) and decides.last != decides_other.last
    )
    return beside or decides.owner == decides_other.owner


def _deciding(value: Value) -> frozenset[Origin]:
    """Who may decide a value, of all its options."""
    found = (origin(leaf) for leaf in leaves(value))
    return frozenset(each for each in found if each is not None)


def _is_option(decides: Origin) -> bool:
    """Whether something is an option, or a field of a class that a parser fills."""
    return decides.kind in (OriginKind.OPTION, OriginKind.FIELD)


def _names(value: Value) -> frozenset[str]:
    return frozenset(name.casefold() for name in texts(value))


def _are_siblings(first: Load, second: Load) -> bool:
    """Whether a branch name may well exist in both: models of one owner (Pythia's `step3000`)."""
    given = first.site.revision
    if first.site.artifact != second.site.artifact or from_outside(given):
        return False
    if any(kind_of(text) != "branch-or-tag" for text in texts(given)):
        return False
    names = _names(first.site.repo_id) | _names(second.site.repo_id)
    owners = {name.partition("/")[0] for name in names}
    return len(owners) == 1
