"""LOR208."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT, Value
from loralint.project import Action, Load, Pair, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.sides import actions, at_inference, pairs_of, why
from loralint.rules.judgement.values import differ


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
    resizes is not written there. A resize that a condition guards counts as one.
    """
    for pair in pairs_of(project):
        if pair.train.site.stage or pair.infer.site.stage:
            continue
        train = actions(project, pair.train, "resize")
        infer = actions(project, pair.infer, "resize")
        if train and not infer and not _resizes_itself(pair):
            yield _one_side(pair, train[0], "training", "inference")
        elif infer and not train:
            yield _one_side(pair, infer[0], "inference", "training")
        elif train and infer and differ(_size(train[-1]), _size(infer[-1])):
            yield _other_size(pair, train[-1], infer[-1])


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
