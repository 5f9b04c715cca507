"""A model against the folder that its adapter should have come from: names, shapes, values, use.

One comparison for all who ask: on the meta device for the forecast, on real weights for the load,
on a model that a program holds, and before a contract is recorded. What belongs where, what it is
called, and by which factor it counts is what PEFT says of this model; nothing here knows a type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.adapter import (
    adapter_name,
    adapter_tensors,
    converted,
    drawn_anew,
    everything,
    on_meta,
    passed_on,
    unwrapped,
)
from loralint.verify.case import Case, named, other_base
from loralint.verify.codes import LOR501, LOR502, LOR503, LOR504, LOR509, LOR513, finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.header import integers
from loralint.verify.offload import kept
from loralint.verify.result import (
    Checked,
    count,
    listed,
    short,
    where,
)
from loralint.verify.use import (
    Reference,
    Use,
    not_compared,
    scaling_of,
    sizes_of_prompts,
    unused,
    use_of,
    wrongly_scaled,
)
from loralint.verify.values import (
    FileTensors,
    Look,
    Values,
    compare as compare_values,
    partly_untrained,
    untrained,
)

Shape = tuple[int, ...]


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
    used = use_of(model, name)
    scaled = scaling_of(model, folder, name, reference)
    found = (
        *_not_landed(case, landing, model),
        *_no_floats(case, folder, places),
        *_not_loaded(case, seen),
        *_without_values(case, model, [places[one] for one in seen.differing]),
        *untrained(case, folder, seen),
        *wrongly_scaled(case, scaled),
        *unused(case, used),
        *sizes_of_prompts(case, folder, model, name),
    )
    skipped = (*_skipped(case, used, seen, folder), *_not_saved(case, model, name),
               *not_compared(case, scaled))  # fmt: skip
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
        *sizes_of_prompts(case, folder, model, name),
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
        yield finding(LOR501, message, file, details=map(short, landing.missing), help=advice,
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
        yield finding(LOR502, message, file, details=map(short, landing.unexpected), help=advice,
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
        yield finding(LOR503, message, file, details=lines, help=advice, subject=base)


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
    return finding(LOR509, "the model has no adapter at all: it is the bare base",
                   case.file(WEIGHTS), help="PeftModel.from_pretrained(base, folder)")  # fmt: skip


def _not_loaded(case: Case, seen: Values) -> Iterator[Diagnostic]:
    if seen.differing:
        first = next(iter(seen.differing.items()))
        yield finding(
            LOR504,
            f"{count(len(seen.differing))} of {seen.compared:,} in the model are not those of"
            f" the file, {where(list(seen.differing))}; of the first, {first[1]}",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what}" for name, what in seen.differing.items()],
            help="load the adapter last, and let nothing write over it",
            subject=case.base or "",
        )
    if seen.rounded:
        yield finding(
            LOR513,
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
        yield finding(LOR504, message, case.file(WEIGHTS), details=map(short, lost),
                      help="load without low_cpu_mem_usage=True")  # fmt: skip


# --- what is not proved ---------------------------------------------------------------------------


def _skipped(case: Case, used: Use, seen: Values, folder: AdapterFolder) -> Iterator[Skipped]:
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
