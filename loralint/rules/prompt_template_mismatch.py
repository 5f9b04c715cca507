"""LOR212."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loralint.catalog import OPEN_TEMPLATES, SAME_TEMPLATES
from loralint.diagnostics import Related
from loralint.facts import Value
from loralint.project import Action, Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import subject_of
from loralint.rules.judgement.sides import actions, companions, once, pairs_of, why
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

    ## Fix safety

    The fix is shown only: which of the two is right only the author knows.

    ## Known problems

    Only two names that are given are compared, and only names of one kind: those of LLaMA-Factory,
    ms-swift, axolotl, unsloth, vLLM or SGLang, or paths of template files. Each of these libraries
    has names of its own. A template that the tokenizer's folder brings along is not looked at, nor
    is a side that names several.

    ## References

    - [LLaMA-Factory: templates](https://github.com/hiyouga/LLaMA-Factory/blob/main/src/llamafactory/data/template.py)
    - [transformers: chat templates](https://huggingface.co/docs/transformers/chat_templating)
    """
    yield from once(_found(project))


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
