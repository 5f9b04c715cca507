"""A model against the folder that its adapter should have come from: names, shapes, values, use.

One comparison for all who ask: on the meta device for the forecast, on real weights for the load,
on a model that a program holds, and before a contract is recorded. What belongs where, what it is
called, and by which factor it counts is what PEFT says of this model; nothing here knows a type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.adapter import (
    active_adapters,
    adapter_name,
    adapter_tensors,
    converted,
    drawn_anew,
    everything,
    made_anew,
    on_meta,
    passed_on,
    unwrapped,
)
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.header import integers
from loralint.verify.offload import kept
from loralint.verify.outcome import Checked, RefusedError, UndecidedError
from loralint.verify.untrained import partly_untrained, untrained
from loralint.verify.values import FileTensors, Look, Values, compare as compare_values
from loralint.verify.wording import count, listed, short, where

Shape = tuple[int, ...]
Reference = Callable[[], Any]
"""Gives the adapter on the same base without weights, as PEFT makes it anew."""


@dataclass(frozen=True)
class Landing:
    """Which tensors of the file find a place in the model, and which places stay empty.

    Names are the file's, except in `missing`, whose tensors the file does not have.
    """

    total: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: Mapping[str, tuple[Shape, Shape]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.missing or self.unexpected or self.mismatched)


def arrival(
    model: Any,
    case: Case,
    folder: AdapterFolder,
    adapter: str | None = None,
    *,
    look: Look | None = None,
    reference: Reference | None = None,
) -> Checked:
    """Compare the adapter in a model with its file; `checked` is the number of tensors compared.

    `adapter` is its name in the model; None for the only one, or the one that has the file's
    tensors. `look` sees each tensor of the file, unless PEFT converts them. `reference` is what
    the factors of the layers are compared with; without it the base is built again to see.
    """
    model = unwrapped(model)
    name = adapter or adapter_name(model, folder)
    if name is None:
        return Checked(findings=(_no_adapter(case),))
    live = adapter_tensors(model, name)
    others = passed_on(folder.shapes, model, live)
    places = {**others, **live}
    tensors, landing = _tensors(model, folder, name, live, others, look)
    seen = compare_values(tensors, places)
    used = _use(model, name)
    scaled = _scaling(model, folder, name, reference)
    found = (
        *_not_landed(case, landing, model),
        *_no_floats(case, folder, places),
        *_not_loaded(case, seen),
        *_without_values(case, model, [places[one] for one in seen.differing]),
        *untrained(case, folder, seen),
        *_wrongly_scaled(case, scaled),
        *_unused(case, used),
        *_sizes_of_prompts(case, folder, model, name),
    )
    skipped = (*_skipped(case, used, seen, folder), *_not_saved(case, model, name),
               *_unscaled(case, scaled))  # fmt: skip
    return Checked(seen.compared, found, skipped)


def forecast(model: Any, case: Case, folder: AdapterFolder) -> Checked:
    """The same of an adapter that was put on a base without weights: names, shapes and sizes."""
    name = adapter_name(model, folder) or ""
    live = adapter_tensors(model, name)
    others = passed_on(folder.shapes, model, live)
    landing = _landing(on_meta(folder), live, others)
    if not landing.clean:
        after = converted(model, folder, name, empty=True)
        if after is not None and (anew := _landing(after, live, others)).clean:
            landing = anew
    found = (
        *_not_landed(case, landing, model),
        *_no_floats(case, folder, {**others, **live}),
        *_sizes_of_prompts(case, folder, model, name),
    )
    return Checked(len(folder.tensors), found)


# --- names and shapes -----------------------------------------------------------------------------


def _tensors(
    model: Any,
    folder: AdapterFolder,
    adapter: str,
    live: Mapping[str, Any],
    others: Mapping[str, Any],
    look: Look | None,
) -> tuple[Iterable[tuple[str, Any]], Landing]:
    """The file's tensors, converted where PEFT converts them, and how their names fit."""
    landing = _landing(on_meta(folder), live, others)
    if not landing.clean:
        state = converted(model, folder, adapter)
        if state is not None:
            after = _landing(state, live, others)
            if after.clean:
                return state.items(), after
    return FileTensors(folder.weights, look), landing


def _landing(
    file: Mapping[str, Any], wanted: Mapping[str, Any], passed: Mapping[str, Any]
) -> Landing:
    """Compare names and shapes.

    `wanted` has what saving would write, `passed` the other tensors of the model that the file
    may carry (embeddings, biases), both under the file's names.
    """
    places = {**passed, **wanted}
    ours = {name: tuple(tensor.shape) for name, tensor in file.items()}
    return Landing(
        total=len(ours),
        missing=tuple(name for name in wanted if name not in ours),
        unexpected=tuple(name for name in ours if name not in places),
        mismatched={
            name: (shape, tuple(places[name].shape))
            for name, shape in ours.items()
            if name in places and tuple(places[name].shape) != shape
        },
    )


def _not_landed(case: Case, landing: Landing, model: Any) -> Iterator[Diagnostic]:
    """LOR501, LOR502 and LOR503 for what did not land."""
    file, base = case.file(WEIGHTS), case.base or ""
    advice = other_base(case)
    if landing.missing:
        message = (
            f"{count(len(landing.missing), 'adapter tensor')} of {named(case)} get nothing from the"
            f" file, {where(landing.missing)}: they stay freshly made, and the adapter does nothing"
            " there"
        )
        yield finding("LOR501", message, file, details=map(short, landing.missing), help=advice,
                      subject=base)  # fmt: skip
    if landing.unexpected:
        whole = len(landing.unexpected) == landing.total
        amount = "none of the" if whole else f"{count(len(landing.unexpected))} of the"
        verb = "has a place" if whole else "have no place"
        message = (
            f"{amount} {landing.total:,} in the file {verb} in {named(case)},"
            f" {where(landing.unexpected)}: PEFT drops them without a word; the base has"
            f" {modules(model)}"
        )
        yield finding("LOR502", message, file, details=map(short, landing.unexpected), help=advice,
                      subject=base)  # fmt: skip
    if landing.mismatched:
        lines = [
            f"{short(name)}: {list(ours)} in the file, {list(theirs)} in the model"
            for name, (ours, theirs) in landing.mismatched.items()
        ]
        message = (
            f"{count(len(lines))} of {landing.total:,} do not have the shape of their place in"
            f" {named(case)}, {where(list(landing.mismatched))}; the first has"
            f" {lines[0].partition(': ')[2]}"
        )
        yield finding("LOR503", message, file, details=lines, help=advice, subject=base)


def _no_floats(
    case: Case, folder: AdapterFolder, places: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """LOR516 where integers of the file would go to a place for floating point numbers."""
    wrong = {
        name: str(tensor.dtype).removeprefix("torch.")
        for name, tensor in on_meta(folder).items()
        if name in places and places[name].is_floating_point() and not tensor.is_floating_point()
    }
    if wrong:
        yield integers(case, folder, wrong)


def named(case: Case) -> str:
    """The base in words, with its revision."""
    if case.base is None:
        return "the model"
    return f"{case.base} at {case.revision}" if case.revision else f"{case.base}"


def other_base(case: Case) -> str:
    """What to do where the base is not the right one."""
    at = f" at {case.revision}" if case.revision else ", at no given revision"
    return (
        "load the base and the revision that the adapter was trained on (this was"
        f" {case.base}{at}): `loralint verify {case.name} --base ID --revision COMMIT`"
    )


def modules(model: Any) -> str:
    """What a base calls its modules with weights."""
    names = {name.rpartition(".")[2] for name, module in model.named_modules()
             if any(True for _ in module.parameters(recurse=False))
             and "." not in name.rpartition(".")[2]}  # fmt: skip
    plain = sorted(name for name in names if name and not name.isdigit())
    own = [name for name in plain if name not in ("base_layer", "default")]
    return listed(own, 10)


# --- values ---------------------------------------------------------------------------------------


def _no_adapter(case: Case) -> Diagnostic:
    return finding("LOR509", "the model has no adapter at all: it is the bare base",
                   case.file(WEIGHTS), help="PeftModel.from_pretrained(base, folder)")  # fmt: skip


def _not_loaded(case: Case, seen: Values) -> Iterator[Diagnostic]:
    if seen.differing:
        first = next(iter(seen.differing.items()))
        yield finding(
            "LOR504",
            f"{count(len(seen.differing))} of {seen.compared:,} in the model are not those of"
            f" the file, {where(list(seen.differing))}; of the first, {first[1]}",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what}" for name, what in seen.differing.items()],
            help="load the adapter last, and let nothing write over it",
            subject=case.base or "",
        )
    if seen.rounded:
        yield finding(
            "LOR513",
            f"{count(len(seen.rounded))} of {seen.compared:,} have lost precision on loading,"
            f" {where(list(seen.rounded))}: {next(iter(seen.rounded.values()))}",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what}" for name, what in seen.rounded.items()],
            help="load without low_cpu_mem_usage=True, or save the adapter in the base's type",
            subject=case.base or "",
        )


def _without_values(case: Case, model: Any, said: list[Any]) -> Iterator[Diagnostic]:
    """Tensors on the meta device, beside those `said` and those that accelerate keeps elsewhere."""
    ours, away = {id(tensor) for tensor in said}, kept(model)
    lost = [name for name, tensor in everything(model).items()
            if tensor.is_meta and id(tensor) not in ours and name not in away]  # fmt: skip
    if lost:
        message = (
            f"{count(len(lost))} of the model are on the meta device and have no values,"
            f" {where(lost)}"
        )
        yield finding("LOR504", message, case.file(WEIGHTS), details=map(short, lost),
                      help="load without low_cpu_mem_usage=True")  # fmt: skip


# --- use ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Use:
    """The layers that hold the adapter, and what keeps it, or it alone, from being used there."""

    layers: int = 0
    inactive: Mapping[str, str] = field(default_factory=dict)
    mixed: Mapping[str, str] = field(default_factory=dict)
    merged: tuple[str, ...] = ()


def _use(model: Any, adapter: str) -> _Use:
    """What PEFT says of the layers that hold the adapter; of the model, where it has no layers."""
    from peft import get_layer_status

    try:
        layers = get_layer_status(model)
    except (AttributeError, TypeError, ValueError):  # virtual tokens; adaption prompts
        return _use_of_whole(model, adapter)
    own = [one for one in layers if adapter in one.available_adapters]
    if not own:
        return _use_of_whole(model, adapter)
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
    return _Use(len(own), inactive, mixed, tuple(merged))


def _use_of_whole(model: Any, adapter: str) -> _Use:
    active = active_adapters(model)
    if getattr(model, "_adapters_disabled", False):
        return _Use(1, {"the adapter": "adapters are disabled"})
    if active and adapter not in active:
        return _Use(1, {"the adapter": f"`{', '.join(active)}` is active instead"})
    return _Use(1)


def _unused(case: Case, used: _Use) -> Iterator[Diagnostic]:
    if used.inactive:
        reason = next(iter(used.inactive.values()))
        yield finding(
            "LOR509",
            f"{count(len(used.inactive), 'module')} of {used.layers:,} run without the adapter:"
            f" {reason}",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what}" for name, what in used.inactive.items()],
            help="call model.set_adapter(name), and leave every disable_adapter() context",
        )
    if used.mixed:
        others = next(iter(used.mixed.values()))
        yield finding(
            "LOR509",
            f"{count(len(used.mixed), 'module')} of {used.layers:,} add another adapter to it,"
            f" {others}: the model answers as neither of them was trained to",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what} too" for name, what in used.mixed.items()],
            help="call model.set_adapter(name) with one name, or delete_adapter the others",
        )


# --- factors and sizes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scaled:
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


def _scaling(
    model: Any, folder: AdapterFolder, adapter: str, reference: Reference | None
) -> _Scaled:
    here = scalings(model, adapter)
    if not here:
        return _Scaled()
    try:
        anew = reference() if reference is not None else made_anew(model, folder)
        name = adapter_name(anew, folder)
        wanted = scalings(anew, name or "")
    except (RefusedError, UndecidedError) as error:
        return _Scaled(reason=str(error))
    wrong = {
        name: f"{found:g} in the model, {wanted[name]:g} by the configuration"
        for name, found in here.items()
        if name in wanted and not isclose(wanted[name], found, rel_tol=1e-6)
    }
    return _Scaled(len(here.keys() & wanted), wrong)


def _wrongly_scaled(case: Case, scaled: _Scaled) -> Iterator[Diagnostic]:
    if scaled.wrong:
        first = next(iter(scaled.wrong.values()))
        yield finding(
            "LOR508",
            f"{count(len(scaled.wrong), 'layer')} of {scaled.total:,} scale the adapter by another"
            f" factor than {CONFIG} gives, {where(list(scaled.wrong))}: {first}",
            case.file(WEIGHTS),
            details=[f"{name}: {what}" for name, what in scaled.wrong.items()],
            help="load with the configuration that was saved: PeftModel.from_pretrained(base,"
            " folder)",
        )


def _unscaled(case: Case, scaled: _Scaled) -> Iterator[Skipped]:
    if scaled.reason:
        place = Place(case.file(CONFIG), START)
        yield Skipped(place, "the factors by which the layers add the adapter", scaled.reason)


_SIZES = ("num_layers", "token_dim", "num_attention_heads")
"""What PEFT takes from the base where a configuration of virtual tokens leaves it open."""


def _sizes_of_prompts(
    case: Case, folder: AdapterFolder, model: Any, adapter: str
) -> Iterator[Diagnostic]:
    """LOR503 where virtual tokens were made for other sizes than PEFT would give them here."""
    config = model.peft_config[adapter]
    if not getattr(config, "is_prompt_learning", False):
        return
    from loralint.verify.adapter import sizes_for

    wanted = sizes_for(model, config, _SIZES)
    wrong = [
        f"{key} is {folder.config[key]}, and for this base it would be {wanted[key]}"
        for key in _SIZES
        if isinstance(folder.config.get(key), int) and key in wanted
        and folder.config[key] != wanted[key]
    ]  # fmt: skip
    if wrong:
        yield finding(
            "LOR503",
            f"the virtual tokens do not have the sizes of {named(case)}: {'; '.join(wrong)}",
            case.file(CONFIG),
            details=wrong,
            help="load the base that the prompts were trained on",
            subject=case.base or "",
        )


# --- what is not proved ---------------------------------------------------------------------------


def _skipped(case: Case, used: _Use, seen: Values, folder: AdapterFolder) -> Iterator[Skipped]:
    place = Place(case.file(WEIGHTS), START)
    if used.merged:
        what = f"the base's weights under {count(len(used.merged), 'module')},"
        yield Skipped(place, f"{what} {listed(used.merged)}", "the adapter is merged into them")
    idle = partly_untrained(folder, seen)
    if idle:
        what = f"{count(len(idle), 'module')} whose adapter adds zero, {where(idle)}"
        yield Skipped(place, what, "training may have left them out on purpose")


def _not_saved(case: Case, model: Any, adapter: str) -> Iterator[Skipped]:
    names = drawn_anew(model, adapter)
    if names:
        what = f"{count(len(names))} that PEFT does not save, {where(names)}"
        reason = "they are made from the configuration, some from a seed, at every load"
        yield Skipped(Place(case.file(CONFIG), START), what, reason)
