"""Actions: calls that change what a loaded model is, with their options and what flows in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.catalog import LORA_POSITIONS, POSITIONAL
from loralint.facts import Attribute
from loralint.linker import arguments as args
from loralint.linker.collect import Collected
from loralint.linker.flow import Flow, trace
from loralint.linker.index import Site
from loralint.linker.kinds import is_adapted
from loralint.linker.nodes import Arguments, Frame
from loralint.linker.options import keyword_values
from loralint.linker.states import added_tokens, state_source
from loralint.project import Action

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

_MODEL = ("model", "base_model")
_CONFIGS = ("peft_config", "config", "adapter_config")
_ON_RECEIVER = frozenset(
    """merge unload resize infer train set-adapter load-state wrap add-tokens""".split()
)


@dataclass(frozen=True, slots=True)
class Acting:
    """An action with what flows into its model and into its configuration."""

    action: Action
    model: Flow
    site: Site


def acting(machine: Machine, found: Collected) -> list[Acting]:
    """Every action of the project, in order."""
    return [_acting(machine, found, site, kind) for site, (kind, _) in found.actions.items()]


def _acting(machine: Machine, found: Collected, site: Site, kind: str) -> Acting:
    call = machine.index.call(site)
    frame = machine.module_frame(site[0])
    arguments = args.of_call(call.arguments, frame)
    model = _model(machine, site, kind, arguments, frame)
    config = _configs(machine, kind, arguments)
    steps = dict.fromkeys((*model.steps, *config.steps))
    positional = LORA_POSITIONS if kind == "lora-config" else _positional(site, kind, machine)
    action = Action(
        index=found.action_index[site],
        kind=kind,
        callee=found.actions[site][1],
        path=site[0],
        span=call.span,
        cell=call.cell,
        function=call.function,
        text=call.text,
        options={
            **keyword_values(machine, arguments, positional),
            **added_tokens(machine, kind, arguments),
        },
        inputs=indices(found.load_index, (site for site, _ in model.loads)),
        actions=indices(found.action_index, (step for step in steps if step != site)),
        discarded=call.discarded,
        insert_at=call.insert_at,
        margins=call.margins,
        configs=indices(found.load_index, (site for site, _ in config.loads)),
        source=state_source(machine, kind, arguments),
        onto_adapter=kind == "wrap" and _onto_adapter(machine, arguments),
    )
    return Acting(action, model, site)


def indices(table: dict[Site, int], sites: object) -> tuple[int, ...]:
    """The indices of the sites that are in a table, in order and each once."""
    known = (table[site] for site in sites if site in table)  # type: ignore[attr-defined]
    return tuple(sorted(set(known)))


def _positional(site: Site, kind: str, machine: Machine) -> tuple[str, ...]:
    """The names of positional arguments; a method has no `model` among them."""
    names = POSITIONAL.get(kind, ())
    is_method = isinstance(machine.index.call(site).callee, Attribute)
    return tuple(name for name in names if not (is_method and name == "model"))


def _model(machine: Machine, site: Site, kind: str, arguments: Arguments, frame: Frame) -> Flow:
    """What flows into the model that a call acts on: its receiver, or its first argument."""
    call = machine.index.call(site)
    if isinstance(call.callee, Attribute) and kind in _ON_RECEIVER:
        flow = trace(machine, machine.force(call.callee.base, frame))
        if flow.loads or flow.steps:
            return flow
    if kind in ("lora-config", "silence"):
        return Flow()
    given = args.argument(machine, arguments, _MODEL, 0)
    return trace(machine, given) if given is not None else Flow()


def _onto_adapter(machine: Machine, arguments: Arguments) -> bool:
    given = args.argument(machine, arguments, _MODEL, 0)
    return given is not None and is_adapted(machine, given)


def _configs(machine: Machine, kind: str, arguments: Arguments) -> Flow:
    """The LoraConfig that a wrap, or a trainer, is given."""
    if kind not in ("wrap", "train"):
        return Flow()
    given = args.argument(machine, arguments, _CONFIGS, 1 if kind == "wrap" else None)
    return trace(machine, given) if given is not None else Flow()
