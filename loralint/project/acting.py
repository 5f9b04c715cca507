"""Actions: calls that change what a loaded model is, with their options and what flows in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.catalog import POSITIONAL
from loralint.facts import Attribute, Site
from loralint.project import Action
from loralint.project.collect import Collected
from loralint.project.flow import Flow, trace
from loralint.project.kinds import is_adapted
from loralint.project.options import keyword_values
from loralint.project.states import added_tokens, state_source
from loralint.values.nodes import Arguments, Frame, arguments_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

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


def acting(evaluator: Evaluator, found: Collected) -> list[Acting]:
    """Every action of the project, in order."""
    return [_acting(evaluator, found, site, kind) for site, (kind, _) in found.actions.items()]


def _acting(evaluator: Evaluator, found: Collected, site: Site, kind: str) -> Acting:
    call = evaluator.index.call(site)
    frame = evaluator.module_frame(site[0])
    arguments = arguments_of(call.arguments, frame)
    model = _model(evaluator, site, kind, arguments, frame)
    config = _configs(evaluator, kind, arguments)
    steps = dict.fromkeys((*model.steps, *config.steps))
    positional = _positional(site, kind, evaluator)
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
            **keyword_values(evaluator, arguments, positional),
            **added_tokens(evaluator, kind, arguments),
        },
        inputs=indices(found.load_index, (site for site, _ in model.loads)),
        actions=indices(found.action_index, (step for step in steps if step != site)),
        discarded=call.discarded,
        configs=indices(found.load_index, (site for site, _ in config.loads)),
        source=state_source(evaluator, kind, arguments),
        onto_adapter=kind == "wrap" and _onto_adapter(evaluator, arguments),
    )
    return Acting(action, model, site)


def indices(table: dict[Site, int], sites: object) -> tuple[int, ...]:
    """The indices of the sites that are in a table, in order and each once."""
    known = (table[site] for site in sites if site in table)  # type: ignore[attr-defined]
    return tuple(sorted(set(known)))


def _positional(site: Site, kind: str, evaluator: Evaluator) -> tuple[str, ...]:
    """The names of positional arguments; a method has no `model` among them."""
    names = POSITIONAL.get(kind, ())
    is_method = isinstance(evaluator.index.call(site).callee, Attribute)
    return tuple(name for name in names if not (is_method and name == "model"))


def _model(evaluator: Evaluator, site: Site, kind: str, arguments: Arguments, frame: Frame) -> Flow:
    """What flows into the model that a call acts on: its receiver, or its first argument."""
    call = evaluator.index.call(site)
    if isinstance(call.callee, Attribute) and kind in _ON_RECEIVER:
        flow = trace(evaluator, evaluator.force(call.callee.base, frame))
        if flow.loads or flow.steps:
            return flow
    if kind in ("lora-config", "silence"):
        return Flow()
    given = evaluator.argument(arguments, _MODEL, 0)
    return trace(evaluator, given) if given is not None else Flow()


def _onto_adapter(evaluator: Evaluator, arguments: Arguments) -> bool:
    given = evaluator.argument(arguments, _MODEL, 0)
    return given is not None and is_adapted(evaluator, given)


def _configs(evaluator: Evaluator, kind: str, arguments: Arguments) -> Flow:
    """The LoraConfig that a wrap, or a trainer, is given."""
    if kind not in ("wrap", "train"):
        return Flow()
    given = evaluator.argument(arguments, _CONFIGS, 1 if kind == "wrap" else None)
    return trace(evaluator, given) if given is not None else Flow()
