"""Whether a model uses the adapter, it alone, by the right factor, and at the sizes of its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.adapter import active_adapters, adapter_name, made_anew, sizes_for
from loralint.verify.case import Case, named
from loralint.verify.codes import LOR503, LOR508, LOR509, finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.result import RefusedError, UndecidedError, count, short, where

Reference = Callable[[], Any]
"""Gives the adapter on the same base without weights, as PEFT makes it anew."""


@dataclass(frozen=True)
class Use:
    """The layers that hold the adapter, and what keeps it, or it alone, from being used there."""

    layers: int = 0
    inactive: Mapping[str, str] = field(default_factory=dict)
    mixed: Mapping[str, str] = field(default_factory=dict)
    merged: tuple[str, ...] = ()


def use_of(model: Any, adapter: str) -> Use:
    """What PEFT says of the layers that hold the adapter; of the model, where it has no layers."""
    from peft import get_layer_status

    try:
        layers = get_layer_status(model)
    except (AttributeError, TypeError, ValueError):  # virtual tokens; adaption prompts
        return _of_whole(model, adapter)
    own = [one for one in layers if adapter in one.available_adapters]
    if not own:
        return _of_whole(model, adapter)
    inactive, mixed, merged = {}, {}, []
    for one in own:
        others = [name for name in one.active_adapters if name != adapter]
        if adapter in one.merged_adapters:
            merged.append(one.name)
        elif not one.enabled:
            inactive[one.name] = "adapters are disabled"
        elif adapter not in one.active_adapters:
            active = f"`{', '.join(others)}` is active instead"
            inactive[one.name] = active if others else "no adapter is active"
        elif any(name in one.available_adapters for name in others):
            mixed[one.name] = ", ".join(f"`{name}`" for name in others)
    return Use(len(own), inactive, mixed, tuple(merged))


def _of_whole(model: Any, adapter: str) -> Use:
    active = active_adapters(model)
    if getattr(model, "_adapters_disabled", False):
        return Use(1, {"the adapter": "adapters are disabled"})
    if active and adapter not in active:
        return Use(1, {"the adapter": f"`{', '.join(active)}` is active instead"})
    return Use(1)


def unused(case: Case, used: Use) -> Iterator[Diagnostic]:
    """LOR509 where layers leave the adapter out, or add another one to it."""
    if used.inactive:
        reason = next(iter(used.inactive.values()))
        yield finding(
            LOR509,
            f"{count(len(used.inactive), 'module')} of {used.layers:,} run without the adapter:"
            f" {reason}",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what}" for name, what in used.inactive.items()],
            help="call model.set_adapter(name), and leave every disable_adapter() context",
        )
    if used.mixed:
        others = next(iter(used.mixed.values()))
        yield finding(
            LOR509,
            f"{count(len(used.mixed), 'module')} of {used.layers:,} add another adapter to it,"
            f" {others}: the model answers as neither of them was trained to",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what} too" for name, what in used.mixed.items()],
            help="call model.set_adapter(name) with one name, or delete_adapter the others",
        )


# --- factors and sizes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Scaled:
    """Layers that were compared, those with another factor, and why none could be."""

    total: int = 0
    wrong: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def scalings(model: Any, adapter: str) -> dict[str, float]:
    """The factor by which each layer adds the adapter, of those layers that have one."""
    found = {}
    for name, layer in model.named_modules():
        given = getattr(layer, "scaling", None)
        value = given.get(adapter) if isinstance(given, dict) else None
        if isinstance(value, (int, float)):
            found[name.removeprefix("base_model.model.")] = float(value)
    return found


def scaling_of(
    model: Any, folder: AdapterFolder, adapter: str, reference: Reference | None
) -> Scaled:
    """The factors of the layers against those that PEFT gives them when it makes them anew."""
    here = scalings(model, adapter)
    if not here:
        return Scaled()
    try:
        anew = reference() if reference is not None else made_anew(model, folder)
        name = adapter_name(anew, folder)
        wanted = scalings(anew, name or "")
    except (RefusedError, UndecidedError) as error:
        return Scaled(reason=str(error))
    wrong = {
        name: f"{found:g} in the model, {wanted[name]:g} by the configuration"
        for name, found in here.items()
        if name in wanted and not isclose(wanted[name], found, rel_tol=1e-6)
    }
    return Scaled(len(here.keys() & wanted), wrong)


def wrongly_scaled(case: Case, scaled: Scaled) -> Iterator[Diagnostic]:
    """LOR508 for layers with another factor."""
    if scaled.wrong:
        first = next(iter(scaled.wrong.values()))
        yield finding(
            LOR508,
            f"{count(len(scaled.wrong), 'layer')} of {scaled.total:,} scale the adapter by another"
            f" factor than {CONFIG} gives, {where(list(scaled.wrong))}: {first}",
            case.file(WEIGHTS),
            details=[f"{name}: {what}" for name, what in scaled.wrong.items()],
            help="load with the configuration that was saved: PeftModel.from_pretrained(base,"
            " folder)",
        )


def not_compared(case: Case, scaled: Scaled) -> Iterator[Skipped]:
    """Why the factors could not be compared."""
    if scaled.reason:
        place = Place(case.file(CONFIG), START)
        yield Skipped(place, "the factors by which the layers add the adapter", scaled.reason)


_SIZES = ("num_layers", "token_dim", "num_attention_heads")
"""What PEFT takes from the base where a configuration of virtual tokens leaves it open."""


def sizes_of_prompts(
    case: Case, folder: AdapterFolder, model: Any, adapter: str
) -> Iterator[Diagnostic]:
    """LOR503 where virtual tokens were made for other sizes than PEFT would give them here."""
    config = model.peft_config[adapter]
    if not getattr(config, "is_prompt_learning", False):
        return
    wanted = sizes_for(model, config, _SIZES)
    wrong = [
        f"{key} is {folder.config[key]}, and for this base it would be {wanted[key]}"
        for key in _SIZES
        if isinstance(folder.config.get(key), int) and key in wanted
        and folder.config[key] != wanted[key]
    ]  # fmt: skip
    if wrong:
        yield finding(
            LOR503,
            f"the virtual tokens do not have the sizes of {named(case)}: {'; '.join(wrong)}",
            case.file(CONFIG),
            details=wrong,
            help="load the base that the prompts were trained on",
            subject=case.base or "",
        )
