"""LOR315."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.catalog import REMOVED
from loralint.diagnostics import CollectKeywords, Fix, Related, Severity
from loralint.facts import FileFacts, Known, Symbol
from loralint.project import Load, Project, Requirement
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.values import is_given, texts
from loralint.rules.judgement.versions import may_lack, pinned_below
from loralint.source import Place
from loralint.text import listed


@rule("LOR315", "removed-quantization-keyword", severity="error")
def removed_quantization_keyword(project: Project) -> Iterator[Finding]:
    """`load_in_4bit=` or `load_in_8bit=` is given to `from_pretrained`, which takes it no more.

    ## Why is this bad?

    transformers 5 removed both keywords: the call raises a `TypeError`, whatever their value is.
    The quantisation goes into a `BitsAndBytesConfig`, which transformers 4 takes as well.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", load_in_4bit=True)
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    model = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", quantization_config=BitsAndBytesConfig(load_in_4bit=True)
    )
    ```

    ## Fix safety

    Safe: `load_in_4bit=True` becomes `quantization_config=BitsAndBytesConfig(load_in_4bit=True)`,
    and the class is imported where it is not; the call's options of bitsandbytes
    (`bnb_4bit_quant_type=`, `llm_int8_threshold=`) move into it. transformers 4 makes the same of
    both. What may be off gets a condition, as transformers 4 had it: `load_in_4bit=args.four_bit`
    becomes `BitsAndBytesConfig(load_in_4bit=True) if args.four_bit else None`, because
    `BitsAndBytesConfig(load_in_4bit=False)` quantises to 4 bits. A keyword that is off is left out.
    Keywords that come from a dict, that stand beside a `quantization_config=`, or between comments
    that would be lost are shown how to change and not changed.

    ## Known problems

    It is a remark where the file itself (`!pip install`, `%pip install`), or else the nearest list
    of requirements (`requirements*.txt`, those in a folder `requirements/`, those that another list
    includes with `-r`), pyproject.toml, setup.cfg, environment.yml, script of the shell or
    Dockerfile above it that names transformers keeps it below 5. Lock files and setup.py are not
    read. unsloth, vLLM and functions of the project's own take the keywords and are not reported,
    nor is a call that may get them or not.

    ## References

    - [transformers: bitsandbytes](https://huggingface.co/docs/transformers/quantization/bitsandbytes)
    """
    for load in project.loads:
        words = _given(load)
        if words and _is_transformers(load):
            pin = pinned_below(project, load.site.path, "transformers", 5)
            shown = listed(wording.code(f"{word}=") for word in words)
            message = (
                f"transformers 5 no longer takes {shown}: from_pretrained raises a TypeError"
                f"{_kept(pin) if pin else ''}"
            )
            severity: Severity = "info" if pin else "error"
            at = pin.at if pin is not None else None
            notes = (Related("transformers is kept below 5 here", at),) if at is not None else ()
            fix = _fix(project, load, words)
            yield Finding.at(load, message, related=notes, fix=fix, severity=severity)


def _kept(pin: Requirement) -> str:
    """What keeps transformers below 5, with its line."""
    where = pin.at or pin.path
    return f" ({where} still keeps transformers below 5: {wording.code(pin.text)})"


def _given(load: Load) -> list[str]:
    """The removed keywords that the call certainly has."""
    written = _keywords(load)
    return [name for name in REMOVED if name in written and is_given(load.option(name))]


def _is_transformers(load: Load) -> bool:
    """Whether the keywords arrive at a model of transformers."""
    loader = load.site.loader
    model = loader.startswith("transformers.") and load.site.artifact == "base-model"
    return loader.endswith(".from_pretrained") and (model or loader.startswith("peft.AutoPeft"))


CLASS = "BitsAndBytesConfig"
OPTIONS = frozenset(
    """bnb_4bit_compute_dtype bnb_4bit_quant_type bnb_4bit_use_double_quant bnb_4bit_quant_storage
    llm_int8_threshold llm_int8_skip_modules llm_int8_enable_fp32_cpu_offload
    llm_int8_has_fp16_weight""".split()
)
"""What the class takes beside the removed keywords."""


def _fix(project: Project, load: Load, words: list[str]) -> Fix:
    message, given = _advice(load, words), _keywords(load)
    moved = [name for name in given if name in REMOVED or name.startswith(("bnb_", "llm_int8_"))]
    lacking = may_lack(project, load.site.path, CLASS, "load_in_4bit")
    if lacking is not None or not OPTIONS.union(REMOVED).issuperset(moved):
        return fixes.shown(message)
    intent = CollectKeywords(
        call=Place(load.site.path, load.site.span, load.site.cell),
        keyword="quantization_config",
        switches=REMOVED,
        options=tuple(sorted(OPTIONS)),
        given=tuple(given),
        module="transformers",
        name=CLASS,
        callee=_config_name(project.files[load.site.path]),
    )
    return fixes.made("safe", message, [intent], "quantization_config", *moved)


def _advice(load: Load, words: list[str]) -> str:
    """What to write. A configuration in which nothing is on would quantise to 4 bits."""
    on = [word for word in words if load.option(word) not in (Known(False), Known(None))]
    if not on or "quantization_config" in _keywords(load):
        return f"leave {listed(wording.code(f'{word}=') for word in words)} out"
    options = [word for word in _keywords(load) if word in OPTIONS]
    given = ", ".join([" or ".join(f"{word}=True" for word in on), *(f"{o}=…" for o in options)])
    config = f"{CLASS}({given})"
    certain = all(load.option(word) == Known(True) for word in on)
    return f"pass quantization_config={config}{'' if certain else ', and None where it is off'}"


def _keywords(load: Load) -> list[str]:
    return [word for text in texts(load.option("keywords")) for word in text.split()]


def _config_name(facts: FileFacts) -> str:
    """What the file calls the class already; "" where it does not import it."""
    for name, term in facts.names:
        if term == Symbol("transformers", CLASS):
            return name
        if term == Symbol("transformers", ""):
            return f"{name}.{CLASS}"
    return ""
