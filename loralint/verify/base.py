"""The base model before its weights: its configuration, the class that builds it, its tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loralint.diagnostics import Diagnostic
from loralint.verify import files
from loralint.verify.case import Case
from loralint.verify.codes import LOR501, finding
from loralint.verify.folder import WEIGHTS, AdapterFolder
from loralint.verify.result import NeedsRemoteCodeError, UndecidedError

PREFIX = "base_model.model."


def base_config(case: Case) -> Any:
    """The base's configuration, of the very revision; UndecidedError where there is none."""
    from transformers import AutoConfig

    if case.base is None:
        raise UndecidedError("the adapter does not say which base it is for: name it with --base")
    try:
        return AutoConfig.from_pretrained(case.base, **case.hub_options())
    except Exception as error:  # whatever a hub client, a file or remote code may raise
        raise explained(error, case) from error


def explained(error: Exception, case: Case) -> UndecidedError:
    """What a failed load of the base means, in a sentence."""
    text = str(error).strip() or type(error).__name__
    if "trust_remote_code" in text:
        return NeedsRemoteCodeError(
            f"{case.base} brings Python code of its own; it runs only with --trust-remote-code"
        )
    where = f"{case.base} at revision {case.revision}" if case.revision else f"{case.base}"
    if case.base is not None and _is_path(case.base) and not Path(case.base).is_dir():
        return UndecidedError(f"the base {case.base} is a local path, and there is no such folder")
    if _is_not_cached(case):
        at = f" --revision {case.revision}" if case.revision else ""
        return UndecidedError(f"not in the local cache: `hf download {case.base}{at}` ({where})")
    return UndecidedError(f"the base {where} cannot be loaded: {_one_line(text)}")


def _is_path(base: str) -> bool:
    return base.startswith(("/", "./", "../", "~")) or base.count("/") > 1


def _is_not_cached(case: Case) -> bool:
    """Whether nothing is fetched, and what is needed has not been fetched before."""
    from huggingface_hub import constants

    if case.base is None or not (case.offline or constants.HF_HUB_OFFLINE):
        return False
    folder = files.locate(case.base, case.revision).folder
    return folder is None or not files.is_whole(folder)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


# --- the class ------------------------------------------------------------------------------------


def model_class(case: Case, folder: AdapterFolder, config: Any) -> Any:
    """The class to build the base with.

    As the case says, else as the adapter's records do, else as the base's config.json does.
    Classes come from transformers only: nothing that a configuration names is imported.
    """
    import transformers

    named = case.model_class or _recorded_class(folder)
    found = _class(named, config) if named else _class_of_task(folder.text("task_type"))
    if found is not None and _builds(found, config):
        return found
    return _own_class(config) or found or transformers.AutoModel


def _recorded_class(folder: AdapterFolder) -> str | None:
    """The class that PEFT writes down where there is no task type."""
    mapping = folder.config.get("auto_mapping")
    named = mapping.get("base_model_class") if isinstance(mapping, dict) else None
    return named if isinstance(named, str) and not folder.text("task_type") else None


def _class_of_task(task: str | None) -> Any:
    """The class that PEFT itself loads a base with for adapters of this task."""
    import peft

    wrapper = peft.MODEL_TYPE_TO_PEFT_MODEL_MAPPING.get(task)
    loaders = (one for name, one in vars(peft).items() if name.startswith("AutoPeftModelFor"))
    found = (one._target_class for one in loaders if one._target_peft_class is wrapper)
    return next(found, None) if wrapper is not None else None


def _own_class(config: Any) -> Any:
    """The class that the base was saved from."""
    names = getattr(config, "architectures", None) or []
    return _class(str(names[0]), config) if names else None


def _class(name: str, config: Any) -> Any:
    """A class of transformers; for one of remote code, the one that finds it."""
    import transformers

    remote = getattr(config, "auto_map", None) or {}
    for auto, target in remote.items():
        given = target[0] if isinstance(target, (list, tuple)) and target else target
        if str(given).rpartition(".")[2] == name:
            return getattr(transformers, auto, None)
    found = getattr(transformers, name, None)
    return found if hasattr(found, "from_pretrained") else None


def _builds(cls: Any, config: Any) -> bool:
    """Whether a class builds this configuration: AutoModelForCausalLM knows no Qwen2-VL.

    Adapters of such models are recorded as CAUSAL_LM all the same, and trained with the class that
    the configuration names.
    """
    mapping = getattr(cls, "_model_mapping", None)
    remote = getattr(config, "auto_map", None) or {}
    return mapping is None or type(config) in mapping or cls.__name__ in remote


def class_options(cls: Any, folder: AdapterFolder) -> dict[str, Any]:
    """How many labels the head has: the base does not know, and the adapter's own head does."""
    if not cls.__name__.endswith(("Classification", "QuestionAnswering")):
        return {}
    head = _head_names(folder)
    for name, shape in folder.shapes.items():
        if head.search(name) and len(shape) == 2 and ".lora_" not in name:
            return {"num_labels": shape[0]}
    return {}


def _head_names(folder: AdapterFolder) -> re.Pattern[str]:
    """What the layer that gives the labels may be called: PEFT's own names, and what is saved."""
    from peft.utils.constants import SEQ_CLS_HEAD_NAMES

    saved = folder.config.get("modules_to_save")
    more = [one for one in saved if isinstance(one, str)] if isinstance(saved, list) else []
    names = dict.fromkeys((*SEQ_CLS_HEAD_NAMES, "qa_outputs", *more))
    known = "|".join(re.escape(one.rpartition(".")[2]) for one in names)
    return re.compile(rf"(^|\.)({known})(\.out_proj)?\.weight$")


# --- building it without weights ------------------------------------------------------------------


def empty_base(case: Case, folder: AdapterFolder) -> Any:
    """The base as the case wants it, on the meta device; UndecidedError where that fails."""
    config = base_config(case)
    cls = model_class(case, folder, config)
    try:
        return build_empty(case, cls, config, class_options(cls, folder))
    except Exception as error:  # remote code may raise anything
        if "trust_remote_code" in str(error):
            raise explained(error, case) from error
        raise UndecidedError(f"{cls.__name__} cannot be built: {_one_line(str(error))}") from error


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


# --- tables of tokens -----------------------------------------------------------------------------


def input_rows(base: Any) -> int | None:
    """How many rows the table of token embeddings has; None for a model without one."""
    table = _table(base, "get_input_embeddings")
    weight = getattr(table, "weight", None)
    return int(weight.shape[0]) if weight is not None and weight.ndim == 2 else None


def tables(base: Any) -> tuple[str, ...]:
    """The names of the modules with a row for each token: those that the model itself gives."""
    found = (_table(base, "get_input_embeddings"), _table(base, "get_output_embeddings"))
    own = {id(one) for one in found if one is not None}
    return tuple(
        name for name, module in base.named_modules(remove_duplicate=False)
        if id(module) in own and name
    )  # fmt: skip


def _table(base: Any, getter: str) -> Any:
    try:
        return getattr(base, getter)()
    except (AttributeError, NotImplementedError):
        return None


def saved_tables(base: Any, folder: AdapterFolder) -> dict[str, tuple[int, ...]]:
    """The tensors of the file that stand for whole tables of the base, and their shapes."""
    names = {f"{PREFIX}{one}{part}.weight" for one in tables(base)
             for part in ("", ".base_layer", ".modules_to_save")}  # fmt: skip
    return {name: shape for name, shape in folder.shapes.items() if name in names}


def wanted_rows(base: Any, folder: AdapterFolder) -> int | None:
    """How many rows the embeddings need so that the adapter's own fit; None to leave them.

    As AutoPeftModel does: the tokenizer that was saved beside the adapter has more tokens than the
    base has rows. The file's own embeddings then say how many rows there were, padding included.
    """
    rows = input_rows(base)
    tokens = _tokens(folder.path)
    if rows is None or tokens is None or tokens <= rows:
        return None
    saved = {shape[0] for shape in saved_tables(base, folder).values() if len(shape) == 2}
    fitting = [one for one in saved if one >= tokens]
    return min(fitting) if fitting else tokens


def _tokens(path: Path) -> int | None:
    """How many tokens the tokenizer of the folder has, read as plain JSON."""
    try:
        text = (path / "tokenizer.json").read_text(encoding="utf-8")
        document = json.loads(text)
        vocabulary = document["model"]["vocab"]
        ids = {one["id"] for one in document.get("added_tokens", [])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    known = vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
    return len(ids | set(known))


def unsaved_rows(
    case: Case, base: Any, folder: AdapterFolder, rows: int | None
) -> Iterator[Diagnostic]:
    """Rows for added tokens that neither side has; `base` has not been resized to `rows` yet."""
    if rows is None or any(_is_of_table(name, base) for name in folder.shapes):
        return
    there = input_rows(base) or 0
    yield finding(
        LOR501,
        f"the tokenizer beside the adapter has {rows:,} tokens and {case.base} {there:,} rows of"
        f" embeddings, and the adapter saves none: {rows - there:,} rows are drawn anew at every"
        " load",
        case.file(WEIGHTS),
        help="name the embeddings in modules_to_save or trainable_token_indices when training",
        subject=case.base or "",
    )


def _is_of_table(name: str, base: Any) -> bool:
    return any(name.startswith(f"{PREFIX}{one}.") for one in tables(base))
