"""A model in memory against the folder that its adapter should have come from.

One pass over the adapter's tensors and no forward: `loralint.verify_loaded` does this, and the
load tier does it to the model that it has loaded itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.activity import activity
from loralint.verify.adapted import adapter_tensors, everything, passed_on
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.conversion import converted
from loralint.verify.folder import WEIGHTS, AdapterFolder
from loralint.verify.landing import Landing, compare as compare_names, findings as not_landed
from loralint.verify.offload import kept
from loralint.verify.outcome import Checked
from loralint.verify.scaling import wrong_scalings
from loralint.verify.untrained import partly_untrained, untrained
from loralint.verify.values import FileTensors, Look, Values, compare as compare_values
from loralint.verify.which import adapter_name
from loralint.verify.wording import count, listed, short, where


def inspect(
    model: Any,
    case: Case,
    folder: AdapterFolder,
    adapter: str | None = None,
    look: Look | None = None,
) -> Checked:
    """Compare the adapter in a model with its file; `checked` is the number of tensors compared.

    `adapter` is its name in the model; None for the only one, or the one that has the file's
    tensors. `look` sees each tensor of the file, unless PEFT converts them.
    """
    name = adapter or adapter_name(model, folder)
    if name is None:
        return Checked(findings=(_no_adapter(case),))
    live = {file: one.tensor for file, one in adapter_tensors(model, name).items()}
    others = passed_on(folder.shapes, model, live)
    places = {**others, **live}
    tensors, landing = _tensors(model, folder, name, live, others, look)
    seen = compare_values(tensors, places)
    held = activity(model, name)
    found = (
        *not_landed(case, landing),
        *_not_loaded(case, seen),
        *_on_meta(case, model, [places[one] for one in seen.differing]),
        *untrained(case, folder, seen),
        *_scaling(case, model, folder, name),
        *_inactive(case, held.inactive, held.modules),
    )
    return Checked(seen.compared, found, tuple(_skipped(case, held.merged, seen, folder)))


def _tensors(
    model: Any,
    folder: AdapterFolder,
    adapter: str,
    live: Mapping[str, Any],
    others: Mapping[str, Any],
    look: Look | None,
) -> tuple[Iterable[tuple[str, Any]], Landing]:
    """The file's tensors, converted where PEFT converts them, and how their names fit."""
    wanted = {name: tuple(tensor.shape) for name, tensor in live.items()}
    carried = {name: tuple(tensor.shape) for name, tensor in others.items()}
    landing = compare_names(folder.shapes, wanted, carried)
    if not landing.clean:
        state = converted(model, folder, adapter)
        if state is not None:
            shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
            after = compare_names(shapes, wanted, carried)
            if after.clean:
                return state.items(), after
    return FileTensors(folder.weights, look), landing


def _no_adapter(case: Case) -> Diagnostic:
    return finding("LOR509", "the model has no adapter at all: it is the bare base",
                   case.file(WEIGHTS), help="PeftModel.from_pretrained(base, folder)")  # fmt: skip


def _not_loaded(case: Case, seen: Values) -> list[Diagnostic]:
    found = []
    if seen.differing:
        first = next(iter(seen.differing.items()))
        found.append(
            finding(
                "LOR504",
                f"{count(len(seen.differing))} of {seen.compared:,} in the model are not those of"
                f" the file, {where(list(seen.differing))}; of the first, {first[1]}",
                case.file(WEIGHTS),
                details=[f"{short(name)}: {what}" for name, what in seen.differing.items()],
                help="load the adapter last, and let nothing write over it",
                subject=case.base or "",
            )
        )
    if seen.rounded:
        found.append(
            finding(
                "LOR513",
                f"{count(len(seen.rounded))} of {seen.compared:,} have lost precision on loading,"
                f" {where(list(seen.rounded))}: {next(iter(seen.rounded.values()))}",
                case.file(WEIGHTS),
                details=[f"{short(name)}: {what}" for name, what in seen.rounded.items()],
                help="load without low_cpu_mem_usage=True, or save the adapter in the base's type",
                subject=case.base or "",
            )
        )
    return found


def _on_meta(case: Case, model: Any, said: list[Any]) -> list[Diagnostic]:
    """Tensors without values, beside those `said` and those that accelerate keeps elsewhere."""
    ours, away = {id(tensor) for tensor in said}, kept(model)
    lost = [name for name, tensor in everything(model).items()
            if tensor.is_meta and id(tensor) not in ours and name not in away]  # fmt: skip
    if not lost:
        return []
    message = (
        f"{count(len(lost))} of the model are on the meta device and have no values, {where(lost)}"
    )
    return [finding("LOR504", message, case.file(WEIGHTS), details=map(short, lost),
                    help="load without low_cpu_mem_usage=True")]  # fmt: skip


def _scaling(case: Case, model: Any, folder: AdapterFolder, adapter: str) -> list[Diagnostic]:
    config = folder.config
    loaded = model.peft_config[adapter]
    if config.get("target_parameters") is None and getattr(loaded, "target_parameters", None):
        config = loaded.to_dict()  # PEFT has fused experts, and multiplied ranks and alphas
    total, wrong = wrong_scalings(model, adapter, config)
    if not wrong:
        return []
    first = next(iter(wrong.values()))
    return [
        finding(
            "LOR508",
            f"{count(len(wrong), 'layer')} of {total:,} scale the adapter by another factor than"
            f" adapter_config.json gives, {where(list(wrong))}: {first}",
            case.file(WEIGHTS),
            details=[f"{name}: {what}" for name, what in wrong.items()],
            help="load with the configuration that was saved: PeftModel.from_pretrained(base,"
            " folder)",
        )
    ]


def _inactive(case: Case, inactive: Mapping[str, str], modules: int) -> list[Diagnostic]:
    if not inactive:
        return []
    reason = next(iter(inactive.values()))
    return [
        finding(
            "LOR509",
            f"{count(len(inactive), 'module')} of {modules:,} run without the adapter: {reason}",
            case.file(WEIGHTS),
            details=[f"{short(name)}: {what}" for name, what in inactive.items()],
            help="call model.set_adapter(name), and leave every disable_adapter() context",
        )
    ]


def _skipped(
    case: Case, merged: tuple[str, ...], seen: Values, folder: AdapterFolder
) -> Iterable[Skipped]:
    place = Place(case.file(WEIGHTS), START)
    if merged:
        what = f"the base's weights under {count(len(merged), 'module')}, {listed(merged)}"
        yield Skipped(place, what, "the adapter is merged into them")
    idle = partly_untrained(folder, seen)
    if idle:
        what = f"{count(len(idle), 'module')} whose adapter adds zero, {where(idle)}"
        yield Skipped(place, what, "training may have left them out on purpose")
    if folder.peft_type in ("VERA", "PVERA") and not folder.config.get("save_projection", True):
        yield Skipped(place, "VeRA's projections", "they are not saved, but drawn from a seed")
