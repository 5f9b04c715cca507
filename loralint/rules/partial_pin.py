"""LOR211."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Fix, Related
from loralint.facts import ABSENT, Known, Unknown, Value, leaves
from loralint.project import Load, Project
from loralint.refs import kind_of
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import (
    drops_revision,
    hub_ids,
    is_local,
    is_waived,
    kinds,
    subject_of,
)
from loralint.rules.judgement.values import from_outside, is_true, only, origin, same


@rule("LOR211", "partial-pin", severity="warning", instead_of=("LOR101",))
def partial_pin(project: Project) -> Iterator[Finding]:
    """In one file some loads of a repository take a revision and others do not.

    ## Why is this bad?

    A model at one commit with a tokenizer or a configuration of today's default branch is a
    mixture that nobody has trained or tested. This is how pins get lost in practice: an option
    `--revision` reaches four loads out of five.

    ## Example

    ```python serve.py
    import argparse

    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--revision")
    args = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(args.model, revision=args.revision)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    ```

    ## Use instead

    ```python serve.py
    import argparse

    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--revision")
    args = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(args.model, revision=args.revision)
    tokenizer = AutoTokenizer.from_pretrained(args.model, revision=args.revision)
    ```

    ## Fix safety

    Giving a load the revision that its neighbours have changes what it loads: where the revision
    is written in the code, or stands in an expression of the same function, the fix is unsafe; else
    it is shown only, as it is where the neighbours differ among themselves.

    ## Known problems

    Two branches of one function, `if revision: load(id, revision=revision) else: load(id)`, are no
    partial pin and not reported. A load that is reported here is not reported as `missing-revision`
    (LOR101) as well.
    """
    for group in _groups(project):
        given = [load for load in group if _is_given(load)]
        for load in group:
            if load.site.revision == ABSENT:
                others = [one for one in given if not _are_branches(one, load)]
                if others:
                    yield _finding(project, load, others)


def _groups(project: Project) -> Iterator[list[Load]]:
    groups: dict[tuple[str, str], list[Load]] = {}
    for load in project.loads:
        key = _key(load)
        if (
            key
            and load.site.artifact != "dataset"
            and not (
                drops_revision(load)
                or is_local(load)
                or is_waived(project, load)
                or _is_offline(load)
            )
        ):
            groups.setdefault((load.site.path, key), []).append(load)
    yield from groups.values()


def _key(load: Load) -> str:
    """Which repository a load asks for: by who decides, or by its id."""
    repo_id = load.site.repo_id
    if origin(repo_id):
        return f"origin {origin(repo_id)}"
    text = only(repo_id)
    return f"id {text}" if isinstance(text, str) and hub_ids(load) else ""


def _is_offline(load: Load) -> bool:
    return is_true(load.option("local_files_only"))


def _is_given(load: Load) -> bool:
    """Whether a load certainly takes a revision: a pin, or what somebody outside says."""
    revision = load.site.revision
    if from_outside(revision):
        return all(_takes(leaf) for leaf in leaves(revision))
    return not kinds(revision) & {"absent", "default-branch", "unknown"}


def _takes(leaf: Value) -> bool:
    return leaf != ABSENT and not (isinstance(leaf, Unknown) and leaf.origin is None)


def _are_branches(given: Load, other: Load) -> bool:
    """Whether two loads look like the two branches of one `if revision:`."""
    one, two = given.site, other.site
    return (
        from_outside(one.revision)
        and one.function == two.function
        and (one.loader, one.artifact) == (two.loader, two.artifact)
    )


def _finding(project: Project, load: Load, others: list[Load]) -> Finding:
    other = others[0]
    at = wording.given(other.site.revision)
    message = (
        f"{wording.named(load)} is loaded with no revision, while {wording.named(other)}"
        f" ({other.place}) is loaded at {at}: they may not belong together"
    )
    related = tuple(Related(_note(one), one.place) for one in others)
    subject = subject_of(load) or wording.value(load.site.repo_id)
    return Finding.at(
        load, message, related=related, subject=subject, fix=_fix(project, load, others)
    )


def _note(load: Load) -> str:
    return f"{wording.named(load)} is loaded at {wording.given(load.site.revision)}"


def _fix(project: Project, load: Load, others: list[Load]) -> Fix:
    other = others[0]
    given = other.site.revision
    if any(not same(given, one.site.revision) for one in others):
        return fixes.shown("pass one revision to all of them")
    if isinstance(given, Known) and kind_of(str(given.value)) != "abbreviated":
        advice = f"""{wording.give(load, f'"{given.value}"')}, as {other.place} does"""
        return fixes.give_revision(project, load, str(given.value), "unsafe", advice)
    advice = f"pass the revision that {other.place} takes"
    expression = fixes.forwarded(load, other)
    if not expression:
        return fixes.shown(advice)
    changes = fixes.add_keyword(load, "revision", expression)
    return fixes.made("unsafe", f"{advice}: {expression}", changes, "revision")
