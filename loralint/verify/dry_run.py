"""The dry run: PEFT puts the adapter onto the base on the meta device, without any weights."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.facts import TensorFact
from loralint.source import START, Place
from loralint.verify import by_names
from loralint.verify.adapted import adapter_tensors, passed_on
from loralint.verify.base import (
    CannotBuildError,
    NeedsRemoteCodeError,
    base_config,
    build_empty,
    class_options,
    model_class,
)
from loralint.verify.bench import Bench
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.landing import Landing, Shape, compare, findings
from loralint.verify.outcome import Checked
from loralint.verify.progress import Progress
from loralint.verify.prompts import wrong_sizes
from loralint.verify.slim import no_collection, no_first_values
from loralint.verify.vocabulary import unsaved_rows, wanted_rows
from loralint.verify.weights_file import DTYPE_NAMES
from loralint.verify.wording import listed, short

ADAPTER = "default"
FIT = "whether the adapter's names and shapes fit the base"
_SIZE = r"torch\.Size\(\[([^]]*)\]\)"
_MISMATCH = re.compile(
    rf"size mismatch for (\S+): copying a param with shape {_SIZE} from checkpoint,"
    rf" the shape in current model is {_SIZE}"
)


def check(case: Case, bench: Bench, progress: Progress) -> Checked:
    """The tier: `judge` the folder of the bench."""
    with (
        progress.step(f"building {case.base} without weights"),
        no_collection(),
        no_first_values(),
    ):
        return judge(case, bench.folder)


def judge(case: Case, folder: AdapterFolder) -> Checked:
    """Judge names and shapes; `checked` is the number of tensors in the file."""
    try:
        base = empty_base(case, folder)
    except NeedsRemoteCodeError as error:
        return by_names.judge(case, folder, FIT, str(error))
    except CannotBuildError as error:
        return undecided(case, FIT, str(error))
    total = len(folder.tensors)
    wrong = (*wrong_sizes(case, folder, base), *unsaved_rows(case, base, folder))
    rows = wanted_rows(base, folder)
    if rows is not None:
        base.resize_token_embeddings(rows, mean_resizing=False)
    modules = _modules(base)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model = attach(base, folder)
        except ValueError as error:
            return Checked(total, (_nothing_matches(case, folder, modules, error),))
        except Exception as error:  # an adapter or a base that PEFT cannot handle
            reason = f"PEFT cannot put the adapter on {case.base}: {type(error).__name__}: {error}"
            return undecided(case, FIT, reason)
        landing = land(model, folder)
    return Checked(total, (*wrong, *findings(case, landing, modules)),
                   tuple(_unknown_settings(case, said)))  # fmt: skip


def undecided(case: Case, what: str, reason: str) -> Checked:
    """A tier that could not be run: why, and that nothing was compared."""
    return Checked(skipped=(Skipped(Place(case.file(CONFIG), START), what, reason),), decided=False)


def empty_base(case: Case, folder: AdapterFolder) -> Any:
    """The base as the case wants it, on the meta device; CannotBuildError where that fails."""
    config = base_config(case)
    cls = model_class(case, folder, config)
    try:
        return build_empty(case, cls, config, class_options(cls, folder))
    except Exception as error:  # remote code may raise anything
        raise CannotBuildError(f"{cls.__name__} cannot be built: {error}") from error


def attach(base: Any, folder: AdapterFolder) -> Any:
    """The base with the adapter's modules in it, empty; ValueError where no module fits."""
    from peft import PeftConfig, get_peft_model

    config = PeftConfig.from_pretrained(str(folder.path))
    config.inference_mode = True
    # PiSSA and its like would decompose every weight here, and there are none.
    if hasattr(config, "init_lora_weights"):
        config.init_lora_weights = True
    return get_peft_model(base, config, adapter_name=ADAPTER, low_cpu_mem_usage=True)


def land(model: Any, folder: AdapterFolder) -> Landing:
    """What PEFT's own loading does with the names and shapes of the file.

    Where PEFT loses nothing, that is all. Else our comparison by names gives the tensors; PEFT's
    conversion, which renames and fuses on some architectures, has the last word on whether all of
    them land.
    """
    said = _through_peft(model, folder)
    if isinstance(said, Landing) and said.clean:
        return said
    ours = adapter_tensors(model, ADAPTER)
    live = {name: one.tensor for name, one in ours.items()}
    others = passed_on(folder.shapes, model, live)
    direct = compare(folder.shapes, _shapes(live), _shapes(others))
    keys = {one.key for one in ours.values() if one.key is not None}
    peft = said if isinstance(said, Landing) else _filtered(said, len(folder.shapes), keys, others)
    return peft if direct.clean or peft.clean else direct


def _shapes(tensors: Mapping[str, Any]) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _through_peft(model: Any, folder: AdapterFolder) -> Landing | Any:
    """What PEFT makes of it, or torch's result where names are left that may be the adapter's."""
    from peft import set_peft_model_state_dict

    state = {one.name: _on_meta(one) for one in folder.tensors}
    total = len(state)
    try:
        result = set_peft_model_state_dict(model, state, ADAPTER, low_cpu_mem_usage=True)
    except KeyError as error:  # a module to save that the file does not have
        return Landing(total, missing=(str(error.args[0]),))
    except RuntimeError as error:
        return Landing(total, mismatched=_mismatches(str(error)))
    is_prompt = model.peft_config[ADAPTER].is_prompt_learning  # its names are not those of modules
    mine = (name for name in result.missing_keys if ADAPTER in name.split("."))
    return Landing(total) if is_prompt or not (result.unexpected_keys or any(mine)) else result


def _filtered(result: Any, total: int, keys: Collection[str], others: Collection[str]) -> Landing:
    """What is lost; `keys` are the model's names of the adapter, `others` names of the file."""
    missing = tuple(name for name in result.missing_keys if name in keys)
    unexpected = tuple(name for name in result.unexpected_keys if name not in others)
    return Landing(total, missing, unexpected)


def _on_meta(tensor: TensorFact) -> Any:
    import torch

    dtype = getattr(torch, DTYPE_NAMES[tensor.dtype])
    return torch.empty(tensor.shape, dtype=dtype, device="meta")


def _mismatches(text: str) -> dict[str, tuple[Shape, Shape]]:
    found: dict[str, tuple[Shape, Shape]] = {
        match[1]: (_shape(match[2]), _shape(match[3])) for match in _MISMATCH.finditer(text)
    }
    return found or {text.splitlines()[-1].strip()[:200]: ((), ())}


def _shape(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(",") if one.strip())


def _nothing_matches(
    case: Case, folder: AdapterFolder, modules: str, error: Exception
) -> Diagnostic:
    """Not one module of the base is a target: PEFT refuses, and so do we."""
    wanted = folder.config.get("target_modules") or folder.config.get("target_parameters")
    message = (
        f"no module of {case.base} is one that the adapter was made for: it wants"
        f" {_targets(wanted)}, and the base has {modules}"
    )
    return finding(
        "LOR501",
        message,
        case.file(WEIGHTS),
        details=[f"PEFT says: {' '.join(str(error).split())[:300]}", *map(short, folder.shapes)],
        help="load the base and the revision that the adapter was trained on",
        subject=case.base or "",
    )


def _targets(wanted: object) -> str:
    if isinstance(wanted, (list, tuple, set)):
        return listed(sorted(map(str, wanted)), 8)
    return f"`{wanted}`"


def _modules(base: Any) -> str:
    """What the base calls its modules with weights."""
    names = {name.rpartition(".")[2] for name, module in base.named_modules()
             if any(True for _ in module.parameters(recurse=False))}  # fmt: skip
    return listed(sorted(name for name in names if name and not name.isdigit()), 10)


def _unknown_settings(case: Case, said: list[warnings.WarningMessage]) -> Iterator[Skipped]:
    """Settings of a newer PEFT, which this one drops."""
    for one in said:
        text = " ".join(str(one.message).split())
        if "unexpected keyword arguments" in text:
            yield Skipped(Place(case.file(CONFIG), START), "settings that this PEFT does not know",
                          text[:300])  # fmt: skip
