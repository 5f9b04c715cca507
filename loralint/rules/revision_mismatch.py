"""LOR201."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from loralint.diagnostics import Fix, Severity
from loralint.facts import Known, Unknown, leaves
from loralint.project import Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import Verdict, compare, is_pinned, is_unpinned
from loralint.rules.judgement.sides import (
    at_inference,
    differing,
    distinct_pairs,
    once,
    pairs_of,
    unlike,
    why,
)
from loralint.rules.judgement.values import (
    by_default,
    is_none_by_default,
    is_option,
    only,
    origin,
    same,
)
from loralint.source import Place


@rule("LOR201", "revision-mismatch", severity="error")
def revision_mismatch(project: Project) -> Iterator[Finding]:
    """The adapter is trained on one revision of the base and loaded onto another.

    ## Why is this bad?

    A LoRA adapter is a set of differences to one exact base model. Between two revisions of one
    repository modules can be renamed, fused or retrained. Tensors that find no module are dropped
    and fresh ones take their place: PEFT warns at most, and three ways of loading are silent. This
    is [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678), where one side asked for
    `refs/pr/23` of `microsoft/phi-2` and the other for nothing.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    model = get_peft_model(base, LoraConfig(r=32, target_modules=["Wqkv", "fc1", "fc2"]))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    model = get_peft_model(base, LoraConfig(r=32, target_modules=["Wqkv", "fc1", "fc2"]))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    Where one side takes its revision from an option and the other has none, the finding is a
    warning: as soon as somebody uses the option, the two sides part. While nobody in the project
    sets the option, and both sides follow the default branch, it is a remark.

    ## Fix safety

    Where the training side is pinned and the inference side has no revision, the fix copies the
    pin; it is safe, because the adapter was made for it. It is unsafe where no adapter ties the two
    sides, where the inference side has a pin of its own or takes its base from an option, and where
    training is to be pinned to what inference loads: the adapter that exists was trained on
    something else. Where several sides differ, the fix is shown only.

    ## Known problems

    Where the two sides share the base's id and nothing says that the adapter is another one, or
    where only the end of its path is the same, it is a warning: they may be two experiments.

    A tag and the commit that it points to count as two revisions: `check` does not ask the Hub.

    ## References

    - [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678)
    - [PEFT: troubleshooting](https://huggingface.co/docs/peft/developer_guides/troubleshooting)
    """
    yield from once(_found(project))


def _found(project: Project) -> Iterator[tuple[Pair, object, Finding]]:
    others = _counterparts(project)
    for pair, verdict in unlike(differing(project, pairs_of(project), _verdict)):
        if verdict == "different":  # once a load, however many trainings it contradicts
            fix = _fix(project, pair, others)
            yield pair, pair.infer.site.revision, at_inference(pair, _mismatch(pair), fix)
        else:
            yield pair, verdict, _one_sided(pair)


def _verdict(pair: Pair) -> Verdict | None:
    """How the two revisions of one base differ; None where they do not, or not certainly."""
    train, infer = pair.train.site, pair.infer.site
    if not same(train.repo_id, infer.repo_id):
        return None
    verdict = compare(train.revision, infer.revision)
    return verdict if verdict in ("different", "one-sided") else None


def _mismatch(pair: Pair) -> str:
    train, infer = pair.train, pair.infer
    return (
        f"{wording.named(train)} is trained on at {wording.revision(train.site.revision)}"
        f" ({train.place}) and loaded for inference at {wording.revision(infer.site.revision)}"
        f" {why(pair)}: the adapter's tensors may silently not load"
    )


def _one_sided(pair: Pair) -> Finding:
    free, bound, who, whose = pair.train, pair.infer, "training", "inference"
    if not origin(free.site.revision):
        free, bound, who, whose = bound, free, whose, who
    option = wording.outside(free.site.revision)
    settable = is_option(free.site.revision)
    unless = f"once {option} is set" if settable else f"where {option} is another"
    message = (
        f"{who} takes the revision of {wording.named(pair.infer)} from {option} ({free.place}),"
        f" and {whose} always loads {wording.revision(bound.site.revision)} ({bound.place})"
        f" {why(pair)}: {unless}, the adapter's tensors may silently not load"
    )
    fix = fixes.shown(f"let {whose} take the same revision from outside")
    severity: Severity = "info" if _follow_one_branch(free, bound) else "warning"
    return replace(at_inference(pair, message, fix), severity=severity)


def _follow_one_branch(free: Load, bound: Load) -> bool:
    """Whether both sides load the default branch as long as nobody sets the option."""
    return is_unpinned(bound.site.revision) and not any(
        isinstance(leaf, Unknown) and not is_none_by_default(leaf)
        for leaf in leaves(free.site.revision)
    )


def _fix(project: Project, pair: Pair, counterparts: _Counterparts) -> Fix:
    train, infer = pair.train, pair.infer
    if infer.site.loader.startswith("peft."):  # its `revision` would be the adapter's
        return fixes.shown("record the base's revision: get_peft_model(…, revision=…) in training")
    if not is_pinned(train.site.revision):
        return _pin_training(project, pair, counterparts)
    others = _of_same_base(counterparts, infer)
    if any(not same(train.site.revision, one.site.revision) and is_pinned(one.site.revision)
           for one in others):  # fmt: skip
        return fixes.shown("the training sides differ: say which one is to be loaded")
    pin = only(train.site.revision)
    advice = f"""{wording.give(infer, f'"{pin}"')}, as {train.place} does"""
    given = not by_default(train.site.revision, infer.site.repo_id)  # else: of another model too
    certain = given and pair.is_firm and not is_pinned(infer.site.revision)
    safe = certain and all(is_pinned(one.site.revision) for one in others)
    return fixes.give_revision(project, infer, str(pin), "safe" if safe else "unsafe", advice)


def _pin_training(project: Project, pair: Pair, counterparts: _Counterparts) -> Fix:
    """What was trained stays what it is: training at the other side's pin is for the next time."""
    train, infer = pair.train, pair.infer
    given = wording.revision(infer.site.revision)
    advice = f"train at {given} as well, or load what {train.place} trained on"
    one_pin = isinstance(infer.site.revision, Known) and is_pinned(infer.site.revision)
    sides = _of_same_base(counterparts, train)
    if not one_pin or any(not same(one.site.revision, infer.site.revision) for one in sides):
        return fixes.shown(advice)
    pin = only(infer.site.revision)
    return fixes.give_revision(project, train, str(pin), "unsafe", advice)


_Counterparts: TypeAlias = Mapping[Place, Sequence[Load]]
"""The loads on the other sides of a load's pairs, by its place."""


def _counterparts(project: Project) -> _Counterparts:
    found: dict[Place, list[Load]] = {}
    for pair in distinct_pairs(project):
        found.setdefault(pair.train.place, []).append(pair.infer)
        found.setdefault(pair.infer.place, []).append(pair.train)
    return found


def _of_same_base(counterparts: _Counterparts, side: Load) -> list[Load]:
    others = counterparts.get(side.place, ())
    return [other for other in others if same(side.site.repo_id, other.site.repo_id)]
