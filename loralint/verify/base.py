"""The base model before its weights: its configuration, and the class that builds it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from loralint.verify.case import Case
from loralint.verify.folder import AdapterFolder

AUTO_BY_TASK = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "FEATURE_EXTRACTION": "AutoModel",
}

AUTO_BY_ENDING = {
    "ForCausalLM": "AutoModelForCausalLM",
    "LMHeadModel": "AutoModelForCausalLM",
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForTokenClassification": "AutoModelForTokenClassification",
    "ForQuestionAnswering": "AutoModelForQuestionAnswering",
    "ForMaskedLM": "AutoModelForMaskedLM",
    "ForImageClassification": "AutoModelForImageClassification",
    "ForSpeechSeq2Seq": "AutoModelForSpeechSeq2Seq",
    "ForCTC": "AutoModelForCTC",
}

_HEAD = re.compile(r"(^|\.)(score|classifier|classifier\.out_proj|qa_outputs)\.weight$")


class CannotBuildError(Exception):
    """The base cannot be had or built here: the case is undecided. The message says why."""


class NeedsRemoteCodeError(CannotBuildError):
    """The base brings code of its own, and nobody has allowed it to run."""


def base_config(case: Case) -> Any:
    """The base's configuration, of the very revision; CannotBuildError where there is none."""
    from transformers import AutoConfig

    if case.base is None:
        raise CannotBuildError("the adapter does not say which base it is for: name it with --base")
    try:
        return AutoConfig.from_pretrained(case.base, **case.hub_options())
    except Exception as error:  # whatever a hub client, a file or remote code may raise
        raise explained(error, case) from error


def explained(error: Exception, case: Case) -> CannotBuildError:
    """What a failed load of the base means, in a sentence."""
    text = str(error).strip() or type(error).__name__
    if "trust_remote_code" in text:
        return NeedsRemoteCodeError(
            f"{case.base} brings Python code of its own; it runs only with --trust-remote-code"
        )
    where = f"{case.base} at revision {case.revision}" if case.revision else f"{case.base}"
    if case.base is not None and _is_path(case.base) and not Path(case.base).is_dir():
        return CannotBuildError(
            f"the base {case.base} is a local path, and there is no such folder"
        )
    return CannotBuildError(f"the base {where} cannot be loaded: {_first_lines(text)}")


def _is_path(base: str) -> bool:
    return base.startswith(("/", "./", "../", "~")) or base.count("/") > 1


def _first_lines(text: str) -> str:
    return " ".join(text.split())[:300]


def model_class(case: Case, folder: AdapterFolder, config: Any) -> Any:
    """The class to build the base with: as the case says, else as the adapter's records do.

    Classes come from transformers only: nothing that a configuration names is imported.
    """
    import transformers

    name = case.model_class or _recorded_class(folder) or _architecture(config)
    found = getattr(transformers, name, None) or getattr(transformers, _by_ending(name))
    if _builds(found, config):
        return found
    return getattr(transformers, _first_architecture(config), found)


def _builds(cls: Any, config: Any) -> bool:
    """Whether a class builds this configuration: AutoModelForCausalLM knows no Qwen2-VL.

    Adapters of such models are recorded as CAUSAL_LM all the same, and trained with the class that
    the configuration names.
    """
    mapping = getattr(cls, "_model_mapping", None)
    remote = getattr(config, "auto_map", None) or {}
    return mapping is None or type(config) in mapping or cls.__name__ in remote


def _recorded_class(folder: AdapterFolder) -> str | None:
    task = folder.text("task_type")
    if task in AUTO_BY_TASK:
        return AUTO_BY_TASK[task]
    mapping = folder.config.get("auto_mapping")
    if isinstance(mapping, dict) and isinstance(mapping.get("base_model_class"), str):
        return str(mapping["base_model_class"])
    return None


def _architecture(config: Any) -> str:
    return _by_ending(_first_architecture(config))


def _first_architecture(config: Any) -> str:
    names = getattr(config, "architectures", None) or ["AutoModel"]
    return str(names[0])


def _by_ending(name: str) -> str:
    for ending, auto in AUTO_BY_ENDING.items():
        if name.endswith(ending):
            return auto
    return "AutoModel"


def class_options(cls: Any, folder: AdapterFolder) -> dict[str, Any]:
    """How many labels the head has: the base does not know, and the adapter's own head does."""
    if not _is_classifier(cls.__name__):
        return {}
    for name, shape in folder.shapes.items():
        if _HEAD.search(name) and len(shape) == 2 and ".lora_" not in name:
            return {"num_labels": shape[0]}
    return {}


def _is_classifier(name: str) -> bool:
    return name.endswith(("Classification", "QuestionAnswering"))


def build_empty(case: Case, cls: Any, config: Any, options: dict[str, Any]) -> Any:
    """The base on the meta device: every module, no weights."""
    import torch

    for key, value in options.items():
        setattr(config, key, value)
    with torch.device("meta"):
        if not hasattr(cls, "from_config"):
            return cls(config)
        return cls.from_config(config, **_code_options(case, cls, config))


def _code_options(case: Case, cls: Any, config: Any) -> dict[str, Any]:
    """`from_config` takes remote code from the default branch unless it is told otherwise."""
    options: dict[str, Any] = {"trust_remote_code": case.trust_remote_code}
    reference = (getattr(config, "auto_map", None) or {}).get(cls.__name__)
    if reference is None or not case.trust_remote_code:
        return options
    elsewhere = "--" in str(reference)
    revision = case.code_revision or (None if elsewhere else case.revision)
    return options if revision is None else {**options, "code_revision": revision}
