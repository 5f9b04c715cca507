"""LOR108."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from loralint.catalog import loader_of
from loralint.diagnostics import Fix, RenameKeyword
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import DOWNLOAD_FIRST, drops_revision, subject_of
from loralint.rules.judgement.values import texts
from loralint.source import Place


@rule("LOR108", "misspelt-keyword", severity="error")
def misspelt_keyword(project: Project) -> Iterator[Finding]:
    """A keyword that was meant to pin is misspelt, and the callee swallows it in silence.

    ## Why is this bad?

    `PeftModel.from_pretrained`, the tokenizer and the configuration classes take `**kwargs` and
    ignore what they do not know. `revison=` raises nothing: the default branch is loaded by a
    line that looks pinned.

    ## Example

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    model = PeftModel.from_pretrained(base, "acme/phi-2-support", revison="v1.2")
    ```

    ## Use instead

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="ef382358ec9e382308935a992d908de099b64c23"
    )
    model = PeftModel.from_pretrained(base, "acme/phi-2-support", revision="v1.2")
    ```

    Other names that people write for `revision` (`rev`, `commit`, `branch`, `model_revision`) are
    found as well, and a right `revision=` where the callee has none and ignores it
    (`llama_cpp.Llama.from_pretrained`).

    ## Fix safety

    Safe: the keyword is written as it was meant. Unsafe where the right one would run code from the
    Hub (`trust_remote_code`), or where the wrong one names another artifact (`base_revision`). A
    call that has the right keyword already is not changed.

    ## Known problems

    Models of transformers raise a `TypeError` for a keyword that they do not know, so their calls
    are not reported.
    """
    for load in project.loads:
        if drops_revision(load) and "revision" in _keywords(load):
            message = (
                f"`revision=` is no keyword of {wording.callee(load)}, which ignores it without a"
                " word and loads the default branch"
            )
            fix = fixes.shown(DOWNLOAD_FIRST)
            yield Finding.at(load, message, subject=subject_of(load), fix=fix)
        if not _swallows(load):
            continue
        for keyword in _keywords(load):
            meant = _meant(keyword)
            if meant:
                message = (
                    f"`{keyword}=` is no keyword of {wording.callee(load)}, which ignores it"
                    f" without a word; `{meant}=` is"
                )
                fix = _fix(load, keyword, meant)
                subject = subject_of(load)
                yield Finding.at(load, message, subject=subject, fix=fix)


def _fix(load: Load, keyword: str, meant: str) -> Fix:
    """Another name for the keyword, where the call does not have the right one as well."""
    place = Place(load.site.path, load.site.span, load.site.cell)
    intents = [RenameKeyword(place, keyword, meant)] if meant not in _keywords(load) else []
    risky = meant == "trust_remote_code" or keyword.startswith(_OF_ANOTHER)
    message = f"write {meant}= for {keyword}="
    return fixes.made("unsafe" if risky else "safe", message, intents, keyword, meant)


_OF_ANOTHER = ("model_", "base_", "tokenizer_", "adapter_", "peft_")
_KNOWN = """revision code_revision trust_remote_code local_files_only adapter_kwargs subfolder token
    cache_dir force_download proxies use_fast config quantization_config torch_dtype dtype
    device_map attn_implementation is_trainable adapter_name""".split()
_PINNING = ("revision", "code_revision", "trust_remote_code", "local_files_only", "adapter_kwargs")

_SYNONYMS = {
    **dict.fromkeys(
        """rev ref git_ref branch git_branch commit commit_hash commit_id commit_sha sha
        hub_revision model_revision base_revision tokenizer_revision adapter_revision peft_revision
        git_revision hf_revision model_rev""".split(),
        "revision",
    ),
    **dict.fromkeys(
        """trust_remote trust_code remote_code allow_remote_code use_remote_code
        trust_remotecode""".split(),
        "trust_remote_code",
    ),
    **dict.fromkeys(("local_only", "local_files", "offline"), "local_files_only"),
}


def _keywords(load: Load) -> list[str]:
    """The call's keywords as written, also those that the callee does not know."""
    return [word for text in texts(load.option("keywords")) for word in text.split()]


def _swallows(load: Load) -> bool:
    """Whether the callee takes any keyword and drops those that it does not know."""
    loader = loader_of(load.site.loader)
    return loader is not None and load.site.loader.partition(".")[0] in loader.swallows.split()


def _meant(keyword: str) -> str:
    """The keyword that was meant, or "" where this one is right or means something else."""
    if keyword in _KNOWN:
        return ""
    if keyword in _SYNONYMS:
        return _SYNONYMS[keyword]
    close = get_close_matches(keyword.lower(), _PINNING, n=1, cutoff=0.83)
    return close[0] if close else ""
