"""LOR316."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loralint.diagnostics import Related
from loralint.facts import CallFact
from loralint.project import Action, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import steps
from loralint.rules.judgement.wraps import Wrap, handed_on, later, wrapped_bases
from loralint.source import Place


@rule("LOR316", "reused-base", severity="warning")
def reused_base(project: Project) -> Iterator[Finding]:
    """A base object that an adapter was put on is wrapped again, or used as if it were plain.

    ## Why is this bad?

    `PeftModel.from_pretrained(base, …)` and `get_peft_model(base, …)` change `base` itself: its
    modules are replaced by those with the adapter. A second PeftModel on the same object shares
    them, and both answer as the adapter that was loaded last (measured: the same logits, bit for
    bit); onto a base that an adapter was merged into, the second one comes on top of the first. And
    whatever asks `base` itself for "the answer without the adapter" gets the one with it. PEFT only
    warns, and only of the second wrapping.

    ## Example

    ```python compare.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    german = PeftModel.from_pretrained(base, "out/german")
    french = PeftModel.from_pretrained(base, "out/french")
    print(german.generate(max_new_tokens=20), french.generate(max_new_tokens=20))
    ```

    ## Use instead

    ```python compare.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/german", adapter_name="german")
    result = model.load_adapter("out/french", adapter_name="french")
    for name in ("german", "french"):
        model.set_adapter(name)
        print(model.generate(max_new_tokens=20))
    with model.disable_adapter():
        print(model.generate(max_new_tokens=20))
    ```

    Or load the base once for each adapter.

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Two models on one base are reported where both are kept, or the first one is used after the
    second was made: used before, it is right. The base is reported where the model with the adapter
    is asked as well, in the same function or by one that gets both; not where the file switches
    adapters off, takes them off or deletes them.

    ## References

    - [PEFT: `PeftModel.disable_adapter`](https://huggingface.co/docs/peft/package_reference/peft_model)
    """
    for base, found in wrapped_bases(project).items():
        yield from _wrapped_again(project, found)
        yield from _as_if_plain(project, base, found)


# --- wrapped again ------------------------------------------------------------------------------


def _wrapped_again(project: Project, wraps: Sequence[Wrap]) -> Iterator[Finding]:
    for number, again in enumerate(wraps):
        if again.standing.kept and _repeats(again):
            yield _finding(again, again, "in every round of the loop")
            continue
        for first in wraps[:number]:
            what = _what(project, first, again)
            if what:
                yield _finding(again, first, what)
                break


def _repeats(wrap: Wrap) -> bool:
    """Whether a loop puts adapters onto an object that was made before it, and stays the same."""
    base = wrap.base.standing
    loops = [block for block in wrap.standing.blocks if block < 0]
    return any(loop not in base.blocks and loop not in base.renewed for loop in loops)


def _what(project: Project, first: Wrap, again: Wrap) -> str:
    """What is wrong with a second wrap; "" where nothing certainly is."""
    if not later(again.thing, first):
        return ""
    if _merged_between(project, first, again):
        return "the first one was merged into it: the second comes on top"
    if first.standing.kept and again.standing.kept:
        return "both models answer as the adapter that was loaded last"
    uses = (use for kind in (*_ASKS, "merge") for use in project.actions_of(kind))
    if any(first.holds(use) and later(use, again) for use in uses):
        return "the first model answers as the second one from here on"
    return ""


def _merged_between(project: Project, first: Wrap, again: Wrap) -> bool:
    merges = (one for one in project.actions_of("merge") if one.callee == "merge_and_unload")
    return any(first.holds(one) and _is_between(first, one, again) for one in merges)


def _is_between(first: Wrap, merge: Action, again: Wrap) -> bool:
    """Whether the first model is merged before the second is made, in one statement or two."""
    chained = merge.place.span.start == first.place.span.start
    return (chained or later(merge, first)) and later(again.thing, merge)


def _finding(again: Wrap, first: Wrap, what: str) -> Finding:
    if first is again:
        message = f"adapters are put onto one object {what}: all models answer as the last one"
        notes = [Related("the object is made here", again.base.place)]
    else:
        message = (
            f"an adapter is put onto an object that got one before ({first.place}), and {what}"
        )
        notes = [Related("it is wrapped here already", first.place)]
    fix = fixes.shown(
        "load the base anew for each adapter, or load further ones by load_adapter(…,"
        " adapter_name=…) and choose by set_adapter"
    )
    return Finding(message, again.place, tuple(notes), fix, call=again.text)


# --- used as if it were plain -------------------------------------------------------------------

_ASKS = ("infer", "forward", "pipe")
_TAKES_OFF = frozenset(
    """disable_adapter disable_adapters disable_adapter_layers enable_adapters unload delete_adapter
    unmerge_adapter get_base_model""".split()
)


def _as_if_plain(project: Project, base: int, wraps: Sequence[Wrap]) -> Iterator[Finding]:
    for wrap in wraps:
        if _takes_adapters_off(project, wrap.place.path):
            continue
        for trainer in project.actions_of("train"):
            if trainer.reference == (base,) and wrap.holds(trainer) and later(trainer, wrap):
                yield _used(trainer, wrap, "the reference model of the training is")
        plain = [one for one in _asked(project, base) if _is_plain(project, one, wrap)]
        if plain and _is_asked_adapted(project, wrap):
            yield _used(plain[0], wrap, f"{_name(plain[0])} is called on")
        for call in handed_on(project, wrap):
            if _asks_both(project, call, wrap):
                yield _handed(call, wrap)
                break


def _asks_both(project: Project, call: CallFact, wrap: Wrap) -> bool:
    """Whether a function asks the base and the model with the adapter, as its callers give them."""
    name = getattr(call.callee, "name", "")
    asked = (one for kind in _ASKS for one in project.actions_on.get((kind, wrap.base.index), ()))
    return any(
        one.path == wrap.place.path and one.function == name and wrap.holds(one) for one in asked
    )


def _asked(project: Project, index: int) -> Iterator[Action]:
    for kind in _ASKS:
        yield from project.actions_on.get((kind, index), ())


def _is_plain(project: Project, use: Action, wrap: Wrap) -> bool:
    """Whether the base object itself is asked after it was wrapped."""
    direct = (
        use.whole
        and use.inputs == (wrap.base.index,)
        and not steps(project, use, "wrap", "merge", "unload")
    )
    return direct and later(use, wrap)


def _is_asked_adapted(project: Project, wrap: Wrap) -> bool:
    """Whether the model with the adapter is asked as well: then the base is meant to be without."""
    asked = (one for kind in _ASKS for one in project.actions_of(kind))
    told = [one for one in asked if wrap.holds(one) and later(one, wrap)]
    if any(wrap.holds(one) for one in project.actions_of("merge")):
        return any(steps(project, one, "merge") for one in told)  # else the base is the merge
    return bool(told)


def _takes_adapters_off(project: Project, path: str) -> bool:
    names = (getattr(call.callee, "name", "") for call in project.files[path].calls)
    return any(name.rpartition(".")[2] in _TAKES_OFF for name in names)


def _name(use: Action) -> str:
    return wording.code(f"{use.text.partition('(')[0]}()")


def _handed(call: CallFact, wrap: Wrap) -> Finding:
    place = Place(wrap.place.path, call.span, call.cell)
    what = f"{wording.code(call.text.partition('(')[0] + '()')} is given"
    return _answers(place, call.text, wrap, what)


def _used(use: Action, wrap: Wrap, what: str) -> Finding:
    return _answers(use.place, use.text, wrap, what)


def _answers(place: Place, text: str, wrap: Wrap, what: str) -> Finding:
    message = (
        f"{what} the object that an adapter was put on ({wrap.place}): it answers with the adapter,"
        " not without it"
    )
    notes = (Related("the adapter is put on here", wrap.place),)
    fix = fixes.shown("use `with model.disable_adapter():`, or load the base a second time")
    return Finding(message, place, notes, fix, call=text)
