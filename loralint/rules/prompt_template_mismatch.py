"""LOR212."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loralint.catalog import OPEN_TEMPLATES, PROMPT_TEXTS, SAME_TEMPLATES, SYSTEM_TEXTS
from loralint.diagnostics import Related
from loralint.facts import Known, Value
from loralint.project import Action, Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import subject_of
from loralint.rules.judgement.sides import (
    actions,
    at_inference,
    companions,
    once,
    pairs_of,
    why,
)
from loralint.rules.judgement.values import texts
from loralint.source import Place


@rule("LOR212", "prompt-template-mismatch", severity="warning")
def prompt_template_mismatch(project: Project) -> Iterator[Finding]:
    """Training and inference put the prompt into two different templates.

    ## Why is this bad?

    The adapter has learnt to answer behind the words and special tokens of one template. In another
    one the same question is another text, and the answers become worse without an error: a report
    to LLaMA-Factory names accuracies of 57 % and 26 %, by this key alone.

    ## Example

    ```yaml train.yaml
    model_name_or_path: Qwen/Qwen2.5-7B
    stage: sft
    do_train: true
    finetuning_type: lora
    template: default
    output_dir: saves/claims
    ```

    ```yaml serve.yaml
    model_name_or_path: Qwen/Qwen2.5-7B
    adapter_name_or_path: saves/claims
    template: qwen
    finetuning_type: lora
    infer_backend: huggingface
    ```

    ## Use instead

    ```yaml train.yaml
    model_name_or_path: Qwen/Qwen2.5-7B
    stage: sft
    do_train: true
    finetuning_type: lora
    template: qwen
    output_dir: saves/claims
    ```

    ```yaml serve.yaml
    model_name_or_path: Qwen/Qwen2.5-7B
    adapter_name_or_path: saves/claims
    template: qwen
    finetuning_type: lora
    infer_backend: huggingface
    ```

    So is a text of one name that both sides' files define, and differently: the system prompt
    (`SYSTEM_PROMPT`), or what a question is put into (`ALPACA_PROMPT`, `PROMPT_TEMPLATE`).

    ## Fix safety

    The fix is shown only: which of the two is right only the author knows.

    ## Known problems

    Only two names that are given are compared, and only names of one kind: those of LLaMA-Factory,
    ms-swift, axolotl, unsloth, vLLM or SGLang, or paths of template files. Each of these libraries
    has names of its own. A template that the tokenizer's folder brings along is not looked at, nor
    is a side that names several. Texts are compared without their white space and the names of
    their slots, and a prompt that begins like the other one is its question without the answer.
    They are known by their names, which must be the same on both sides, and an adapter must tie the
    sides.

    ## References

    - [LLaMA-Factory: templates](https://github.com/hiyouga/LLaMA-Factory/blob/main/src/llamafactory/data/template.py)
    - [transformers: chat templates](https://huggingface.co/docs/transformers/chat_templating)
    """
    yield from once(_found(project))
    yield from once(_of_texts(project))


@dataclass(frozen=True, slots=True)
class _Named:
    """A prompt template that one side names: whose name it is, and where it stands."""

    value: Value
    kind: str
    place: Place
    call: str


def _found(project: Project) -> Iterator[tuple[Pair, object, Finding]]:
    for pair in pairs_of(project):
        trained, served = _named(project, pair.train), _named(project, pair.infer)
        if pair.merge or trained is None or served is None:
            continue
        if trained.kind == served.kind and _certainly_differ(trained, served):
            yield pair, trained.value, _finding(pair, trained, served)


def _finding(pair: Pair, trained: _Named, served: _Named) -> Finding:
    message = (
        f"prompts are put into the template {wording.value(served.value)} here and into"
        f" {wording.value(trained.value)} in training ({trained.place}) {why(pair)}: the adapter"
        " has not learnt to answer to these"
    )
    note = Related(f"training uses {wording.value(trained.value)}", trained.place)
    fix = fixes.shown(f"use {wording.value(trained.value)} on both sides")
    return Finding(message, served.place, (note,), fix, subject_of(pair.infer), served.call)


def _certainly_differ(trained: _Named, served: _Named) -> bool:
    one, other = _meant(trained), _meant(served)
    is_open = any(name.startswith(OPEN_TEMPLATES) for name in one | other)
    return bool(one and other) and one.isdisjoint(other) and not is_open


def _meant(named: _Named) -> frozenset[str]:
    """Which templates are meant: of files their names, since each side may have its own copy."""
    found = texts(named.value)
    if named.kind == _FILE:
        return frozenset(text.replace("\\", "/").rpartition("/")[2] for text in found)
    return frozenset(map(_unsloths, found) if named.kind == "unsloth" else found)


def _unsloths(name: str) -> str:
    """One name of those that stand for one template of unsloth's."""
    plain = re.sub(r"[-_.]", "", name.lower())
    return next((min(same) for same in SAME_TEMPLATES if plain in same), plain)


_FILE = "a file"


def _named(project: Project, side: Load) -> _Named | None:
    """The one template that a side names; None where it names none, or several."""
    written = side.option("template")
    if side.site.template_at is not None:
        place = Place(side.site.path, side.site.template_at, side.site.cell)
        names = "".join(texts(side.option("template_names")))
        return _Named(written, _kind(written, names), place, side.site.text)
    found = [_by_call(action) for action in _calls(project, side)]
    return found[0] if found and all(each.value == found[0].value for each in found) else None


def _calls(project: Project, side: Load) -> Iterator[Action]:
    """The calls that say which template is used, on the model's tokenizer or one beside it."""
    seen: set[int] = set()
    for load in (side, *companions(project, side, "tokenizer")):
        for action in actions(project, load, "template"):
            if action.index not in seen and "chat_template" in action.options:
                seen.add(action.index)
                yield action


def _by_call(action: Action) -> _Named:
    value = action.options["chat_template"]
    names = action.callee.partition(".")[0] if "." in action.callee else ""
    return _Named(value, _kind(value, names), action.place, action.text)


def _kind(value: Value, names: str) -> str:
    """Whose name a template's is; a path is nobody's, and so is the text of a template itself."""
    found = texts(value)
    if any("{" in text for text in found):
        return "a text"
    return _FILE if any(text.endswith((".jinja", ".jinja2", ".j2")) for text in found) else names


# --- the text itself, under one name --------------------------------------------------------------


def _of_texts(project: Project) -> Iterator[tuple[Pair, object, Finding]]:
    """Texts of one name that the files of the two sides define differently."""
    pairs = [pair for pair in pairs_of(project) if pair.is_firm and not pair.merge]
    compared = [(pair, *each) for pair in pairs for each in _compared(project, pair)]
    same = {(pair.infer.place, name) for pair, name, is_alike in compared if is_alike}
    for pair, name, _ in compared:
        if (pair.infer.place, name) not in same:
            yield pair, name, at_inference(pair, _another_text(pair, name), _ONE_TEXT)


_ONE_TEXT = fixes.shown("keep the text in one place, and import it on both sides")


def _another_text(pair: Pair, name: str) -> str:
    return (
        f"{wording.code(name)} is another text in {pair.infer.place.path} than where the adapter"
        f" is trained ({pair.train.place.path}) {why(pair)}: the adapter has not learnt to answer"
        " behind it"
    )


def _compared(project: Project, pair: Pair) -> Iterator[tuple[str, bool]]:
    """The names of texts that both sides' files define, and whether they are alike."""
    trained, served = (_texts(project, side) for side in (pair.train, pair.infer))
    for name, text in served.items():
        if name in trained:
            yield name, _is_alike(name, trained[name], text)


def _is_alike(name: str, one: str, other: str) -> bool:
    if SYSTEM_TEXTS.fullmatch(name):
        return _plain(one) == _plain(other)
    short, long = sorted((_slotted(one), _slotted(other)), key=len)
    return long.startswith(short)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _slotted(text: str) -> str:
    """A text with its slots unnamed, without those at its end: there the answer goes."""
    return re.sub(r"(\{\}|</s>|\s)+$", "", _plain(re.sub(r"\{\w*\}", "{}", text)))


def _texts(project: Project, side: Load) -> dict[str, str]:
    """The texts around a question that a side's file defines."""
    facts = project.files.get(side.place.path)
    found: dict[str, str] = {}
    for name, term in facts.names if facts is not None else ():
        is_system = SYSTEM_TEXTS.fullmatch(name) is not None
        if isinstance(term, Known) and (is_system or PROMPT_TEXTS.fullmatch(name)):
            text = str(term.value or "")
            if text and (is_system or "{" in text):
                found[name] = text
    return found
