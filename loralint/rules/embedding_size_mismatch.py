"""LOR208."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT, Known, Unknown, Value
from loralint.project import Action, Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import in_file
from loralint.rules.judgement.sides import actions, at_inference, is_certain, pairs_of, why
from loralint.rules.judgement.values import differ, from_outside, is_off, texts


@rule("LOR208", "embedding-size-mismatch", severity="error")
def embedding_size_mismatch(project: Project) -> Iterator[Finding]:
    """One side resizes the token embeddings, the other does not.

    ## Why is this bad?

    If the training adds tokens and resizes the embeddings, the adapter may carry embeddings of the
    new size, and its weights expect the new tokens. Without the same resize at inference the load
    fails, or the new tokens point at rows that do not exist.

    ## Example

    ```python train.py
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer

    tokenizer = AutoTokenizer.from_pretrained("microsoft/phi-2")
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    base.resize_token_embeddings(len(tokenizer))
    model = get_peft_model(base, LoraConfig(r=16))
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
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer

    tokenizer = AutoTokenizer.from_pretrained("microsoft/phi-2")
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    base.resize_token_embeddings(len(tokenizer))
    model = get_peft_model(base, LoraConfig(r=16))
    Trainer(model=model).train()
    model.save_pretrained("out/phi-2")
    tokenizer.save_pretrained("out/phi-2")
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("out/phi-2")
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    base.resize_token_embeddings(len(tokenizer))
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    `AutoPeftModel…` resizes by itself where the adapter's folder holds the tokenizer, so it is not
    reported, and neither is a side that a framework's recipe or command line runs: whether that
    resizes is not written there. A resize that an option switches on is none unless somebody sets
    it, nor is one to the tokenizer's own length where neither side adds a token and the adapter
    holds no embeddings; one that another condition guards counts.
    """
    for pair in pairs_of(project):
        if pair.train.site.stage or pair.infer.site.stage:
            continue
        train = actions(project, pair.train, "resize")
        infer = actions(project, pair.infer, "resize")
        done = [each for each in train if _is_done(project, pair, each, pair.train)]
        redone = [each for each in infer if _is_done(project, pair, each, pair.infer)]
        if done and not infer and not _resizes_itself(pair):
            yield _one_side(pair, done[0], "training", "inference")
        elif redone and not train:
            yield _one_side(pair, redone[0], "inference", "training")
        elif done and redone and differ(_size(done[-1]), _size(redone[-1])):
            yield _other_size(pair, done[-1], redone[-1])


def _is_done(project: Project, pair: Pair, resize: Action, side: Load) -> bool:
    """Whether a resize is certainly done, and to another size than the base has.

    The tokenizer's own length is no other size where nobody adds a token, unless the adapter holds
    the embeddings.
    """
    if not is_certain(project, resize, side):
        return False
    size = _size(resize)
    is_own_length = isinstance(size, Unknown) and not from_outside(size)
    return not is_own_length or _adds_tokens(project, pair) or _holds_embeddings(project, pair)


def _adds_tokens(project: Project, pair: Pair) -> bool:
    sides = (pair.train, pair.infer)
    paths = dict.fromkeys(path for side in sides for path in (side.place.path, side.site.path))
    added = (each for path in paths for each in in_file(project, path, "add-tokens"))
    return any(each.options.get("new", ABSENT) != Known(False) for each in added)


def _holds_embeddings(project: Project, pair: Pair) -> bool:
    """Whether the adapter trains or saves the embeddings, or what it does is not known."""
    for config in actions(project, pair.train, "lora-config"):
        for name in ("modules_to_save", "target_modules"):
            given = config.options.get(name, ABSENT)
            if not is_off(given) and any(word in text for text in texts(given) for word in _WORDS):
                return True
    return False


_WORDS = ("embed", "wte", "lm_head")


def _resizes_itself(pair: Pair) -> bool:
    return any(_is_auto(load) for load in (pair.infer, pair.adapter) if load is not None)


def _is_auto(load: Load) -> bool:
    return load.site.loader.startswith("peft.AutoPeft")


def _size(action: Action) -> Value:
    return action.options.get("new_num_tokens", ABSENT)


def _one_side(pair: Pair, resize: Action, who: str, whose: str) -> Finding:
    message = (
        f"{who} resizes the token embeddings of {wording.ids(pair.infer)}"
        f" ({resize.place}) and {whose} does not {why(pair)}: the adapter's embeddings do not fit"
    )
    return _finding(pair, resize, message)


def _other_size(pair: Pair, train: Action, infer: Action) -> Finding:
    message = (
        f"training resizes the token embeddings to {wording.value(_size(train))} ({train.place}),"
        f" inference to {wording.value(_size(infer))} ({infer.place}) {why(pair)}"
    )
    return _finding(pair, train, message)


def _finding(pair: Pair, resize: Action, message: str) -> Finding:
    note = Related("the token embeddings are resized here", resize.place)
    fix = fixes.shown(f"resize as {resize.place} does on both sides, before the adapter is loaded")
    return at_inference(pair, message, fix, note)
