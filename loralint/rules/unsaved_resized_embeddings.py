"""LOR309."""

from __future__ import annotations

import json
from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT
from loralint.project import Action, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import (
    WRAPPING,
    actions,
    in_file,
    is_after,
    same_model,
    steps,
)
from loralint.rules.judgement.values import is_off, only, texts
from loralint.text import listed


@rule("LOR309", "unsaved-resized-embeddings", severity="warning")
def unsaved_resized_embeddings(project: Project) -> Iterator[Finding]:
    """Tokens are added for the model to learn, and the adapter does not train their embeddings.

    ## Why is this bad?

    `resize_token_embeddings` gives the new tokens rows with initial values. An adapter on the
    attention freezes the embeddings, so these rows stay what they were: the tokens are never
    learned. Nor does the adapter's configuration ask for them to be saved. PEFT saves the
    embeddings by itself only where it finds that their number differs from that in the base's
    config.json, which it looks up on the default branch, whatever revision was trained on.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("microsoft/phi-2")
    tokenizer.add_tokens(["<tool>", "</tool>"])
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    base.resize_token_embeddings(len(tokenizer))
    model = get_peft_model(base, LoraConfig(r=16, target_modules=["q_proj", "v_proj"]))
    ```

    ## Use instead

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("microsoft/phi-2")
    tokenizer.add_tokens(["<tool>", "</tool>"])
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    base.resize_token_embeddings(len(tokenizer))
    new = tokenizer.convert_tokens_to_ids(["<tool>", "</tool>"])
    config = LoraConfig(
        r=16, target_modules=["q_proj", "v_proj"], trainable_token_indices=new
    )
    model = get_peft_model(base, config)
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    With a base whose config.json PEFT can read, today's PEFT does save the resized embeddings
    (measured with 0.21): what is lost then is the training of the new rows. A padding token needs
    none and is not reported, nor are tokens that cannot be known, a resize to a multiple only, or
    embeddings that something else trains.

    ## References

    - [PEFT: train the embeddings of new tokens](https://huggingface.co/docs/peft/developer_guides/lora)
    - [PEFT issue 1300](https://github.com/huggingface/peft/issues/1300)
    """
    for wrap in actions(project, "wrap"):
        config = _config(project, wrap)
        resize = _resize(project, wrap) if config is not None else None
        added = _added(project, wrap) if resize is not None else None
        if config is not None and resize is not None and added is not None:
            message = (
                f"the adapter ({config.place}) neither trains nor asks to save these new embeddings"
                f" of {_tokens(added)} ({added.place})"
            )
            note = Related("tokens are added here", added.place)
            fix = fixes.shown("pass trainable_token_indices= with their ids, or modules_to_save=")
            notes = (note, Related("the adapter is configured here", config.place))
            yield Finding(message, resize.place, notes, fix, call=resize.text)


_TRAINING = ("modules_to_save", "trainable_token_indices")
_EMBEDDINGS = ("embed", "wte", "lm_head", "all-linear")


def _config(project: Project, wrap: Action) -> Action | None:
    """The configuration that certainly leaves the embeddings alone."""
    found = steps(project, wrap, "lora-config")
    if wrap.callee not in WRAPPING or len(found) != 1:
        return None
    config = found[0]
    if not config.callee.endswith(".LoraConfig") or not _targets(config):
        return None
    return config if all(is_off(config.options.get(name, ABSENT)) for name in _TRAINING) else None


def _targets(config: Action) -> bool:
    """Whether the target modules are known, or PEFT's own, and no embeddings."""
    given = config.options.get("target_modules", ABSENT)
    written = texts(given)
    known = bool(written) or is_off(given)
    return known and not any(word in text for text in written for word in _EMBEDDINGS)


def _resize(project: Project, wrap: Action) -> Action | None:
    for resize in in_file(project, wrap.path, "resize"):
        if same_model(project, resize, wrap) and is_after(wrap, resize):
            return resize
    return None


def _added(project: Project, wrap: Action) -> Action | None:
    """Tokens other than padding that the same function adds before."""
    for added in in_file(project, wrap.path, "add-tokens"):
        tokens = only(added.options.get("tokens", ABSENT))
        if isinstance(tokens, str) and json.loads(tokens) and is_after(wrap, added):
            return added
    return None


def _tokens(added: Action) -> str:
    found = json.loads(str(only(added.options["tokens"])))
    shown = [wording.code(token) for token in found[:3]]
    return listed([*shown, "others"] if len(found) > 3 else shown)
