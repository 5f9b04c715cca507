"""Actions: calls that change what a loaded model is, with their options and what flows in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loralint.catalog import POSITIONAL, canonical
from loralint.facts import ABSENT, Attribute, Known, LoadSite, Site, SiteKind, Value
from loralint.project.calls import Acting, Linker
from loralint.project.flow import (
    Flow,
    Key,
    before,
    is_adapted,
    is_whole,
    takes_its_place,
    trace,
)
from loralint.project.instances import LORA
from loralint.project.loads import Action
from loralint.project.options import keyword_values
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    CallResult,
    External,
    MappingNode,
    Node,
    SequenceNode,
)
from loralint.values.values import texts_of, value_of

_MODEL = ("model", "base_model")
_TOKENIZER = ("tokenizer",)
_CONFIGS = ("peft_config", "config", "adapter_config")
_ON_RECEIVER = frozenset(
    """merge unload resize infer train set-adapter load-state wrap add-tokens template
    drop-lora""".split()
)
_TAKING_MODELS = frozenset({"wrap", "train"})
"""What is handed a model and may put an adapter onto it."""

_STATE = ("state_dict", "peft_model_state_dict")
_BEHIND_THE_MODEL = ("peft.set_peft_model_state_dict",)
"""What takes the state dict behind the model that it goes into."""

_READERS = frozenset(
    """safetensors.load_file torch.load peft.load_peft_weights mlx.load
    safetensors.torch.load_file""".split()
)
_PEFTS_OWN, _PEFTS_FILE = "peft.load_peft_weights", "adapter_model.safetensors"
"""What reads an adapter's tensors out of its folder or repository, and from which file."""

_PADDING = "pad_token"
_SECOND_IS_REFERENCE = ("DPOTrainer", "KTOTrainer")
"""Trainers that take the reference model behind the model."""
_ADDING = "add_adapter"
"""The method that puts an adapter into its receiver."""


@dataclass(frozen=True, slots=True)
class ActionFlow:
    """An action with what flows into its model."""

    action: Action
    model: Flow


def actions(linker: Linker) -> list[ActionFlow]:
    """Every action of the project, in order: those of calls, then the written LoraConfigs."""
    called = [_action(linker, site) for site in linker.found.actions]
    return [*called, *_written(linker, len(called))]


def _action(linker: Linker, site: Site) -> ActionFlow:
    call, acting = linker.call(site), linker.meaning(site).acting
    assert acting is not None  # the site is among the actions
    kind, arguments = acting.kind, linker.arguments(site)
    model, acted_on = _model(linker, site, kind)
    config = _config(linker, acting, arguments)
    steps = (step for step in (*model.steps, *config.steps) if step != site)
    onto = linker.evaluator.argument(arguments, _MODEL, 0) if kind in _TAKING_MODELS else None
    certain = onto is not None and not takes_its_place(linker, site, onto)
    options = keyword_values(linker, arguments, _positional(kind, call.callee))
    if kind == "add-tokens":
        options.update(_added_tokens(linker, arguments))
    action = Action(
        index=linker.found.action_index[site],
        kind=kind,
        callee=acting.callee,
        path=site.file,
        span=call.span,
        cell=call.cell,
        function=call.function,
        text=call.text,
        options=options,
        inputs=linker.found.loads_of(model.loads),
        actions=linker.found.actions_of(steps),
        discarded=call.discarded,
        configs=linker.found.loads_of(config.loads),
        source=_state_source(linker, acting.callee, arguments) if kind == "load-state" else ABSENT,
        onto_adapter=certain and onto is not None and is_adapted(linker, onto),
        reference=_reference(linker, acting.callee, arguments) if kind == "train" else (),
        whole=acted_on is not None and is_whole(linker, acted_on),
        standing=linker.standing(site),
    )
    return ActionFlow(action, model)


def _positional(kind: str, callee: object) -> tuple[str, ...]:
    """The names of positional arguments; a method has no `model` among them."""
    names = POSITIONAL.get(kind, ())
    is_method = isinstance(callee, Attribute)
    if is_method and kind == "template":
        return ()  # the first one is the conversation
    return tuple(name for name in names if not (is_method and name == "model"))


def _model(linker: Linker, site: Site, kind: str) -> tuple[Flow, Node | None]:
    """What flows into the model or tokenizer that a call acts on, and the object itself.

    That is the receiver, where there is one that anything is known of, else an argument.
    """
    callee, frame = linker.call(site).callee, linker.evaluator.module_frame(site.file)
    if kind == "forward":
        called = linker.evaluator.force(callee, frame)
        return trace(linker, called), called
    if isinstance(callee, Attribute) and kind in _ON_RECEIVER:
        receiver = linker.evaluator.force(callee.base, frame)
        flow = _traced(linker, site, receiver)
        if flow.loads or flow.steps:
            return flow, receiver
    if kind in ("lora-config", "silence"):
        return Flow(), None
    names = _TOKENIZER if kind == "template" else _MODEL
    at = 1 if kind == "pipe" else 0
    given = linker.evaluator.argument(linker.arguments(site), names, at)
    return (_traced(linker, site, given), given) if given is not None else (Flow(), None)


def _traced(linker: Linker, site: Site, given: Node) -> Flow:
    """What flows into what a call is given."""
    if takes_its_place(linker, site, given):
        given = before(linker, site, given, linker.evaluator.module_frame(site.file))
    return trace(linker, given)


def _config(linker: Linker, acting: Acting, arguments: Arguments) -> Flow:
    """The LoraConfig that a wrap, or a trainer, is given."""
    if acting.kind not in ("wrap", "train"):
        return Flow()
    for position in _positions_of_config(acting):
        given = linker.evaluator.argument(arguments, _CONFIGS, position)
        found = trace(linker, given) if given is not None else Flow()
        if found.loads or found.steps:
            return found
    return Flow()


def _positions_of_config(acting: Acting) -> tuple[int | None, ...]:
    """`model.add_adapter` of transformers takes the configuration first, PEFT's the name."""
    if acting.kind == "train":
        return (None,)
    return (0, 1) if acting.callee.rpartition(".")[2] == _ADDING else (1,)


def _reference(linker: Linker, callee: str, arguments: Arguments) -> tuple[int, ...]:
    """The loads behind the reference model of a trainer, where nothing is done to them before."""
    position = 1 if callee.endswith(_SECOND_IS_REFERENCE) else None
    given = linker.evaluator.argument(arguments, ("ref_model",), position)
    flow = trace(linker, given) if given is not None else Flow()
    return () if linker.found.actions_of(flow.steps) else linker.found.loads_of(flow.loads)


def wrapped_in_place(acting: Iterable[ActionFlow]) -> frozenset[Key]:
    """The loads into whose object `add_adapter` has put an adapter: what it returns is nothing."""
    adding = (each for each in acting if each.action.callee.rpartition(".")[2] == _ADDING)
    return frozenset(key for each in adding for key in each.model.loads)


def _written(linker: Linker, first: int) -> Iterator[ActionFlow]:
    """The LoraConfigs that written loads for training speak of; they are numbered from `first`."""
    for path, facts in linker.index.files.items():
        for position, site in enumerate(facts.loads):
            fields = {n.removeprefix(LORA): v for n, v in site.options if n.startswith(LORA)}
            if fields:
                load = linker.found.load_index[Site(path, position, SiteKind.LOAD)]
                yield ActionFlow(_written_config(site, first, load, fields), Flow())
                first += 1


def _written_config(site: LoadSite, index: int, load: int, fields: dict[str, Value]) -> Action:
    return Action(
        index=index,
        kind="lora-config",
        callee=site.loader,
        path=site.path,
        span=site.span,
        cell=site.cell,
        function=site.function,
        text=site.text,
        options=fields,
        inputs=(load,),
    )


# --- what a state dict is read from -------------------------------------------------------------


def _state_source(linker: Linker, callee: str, arguments: Arguments) -> Value:
    """The path that the state dict of a "load-state" is read from; Absent where none is seen."""
    node = linker.evaluator.argument(arguments, _STATE, 1 if callee in _BEHIND_THE_MODEL else 0)
    if not isinstance(node, CallResult) or not isinstance(node.callee, External):
        return ABSENT
    reader = canonical(node.callee.name)
    if reader not in _READERS:
        return ABSENT
    if reader == _PEFTS_OWN:
        return Known(_PEFTS_FILE)  # of whatever folder
    given = linker.evaluator.argument(linker.arguments_of(node), ("filename", "f"), 0)
    return value_of(given) if given is not None else ABSENT


# --- which tokens a tokenizer is given ----------------------------------------------------------


def _added_tokens(linker: Linker, arguments: Arguments) -> dict[str, Value]:
    """The tokens that are added for the model to learn: padding is none of them."""
    node = linker.evaluator.argument(arguments, ("special_tokens_dict", "new_tokens"), 0)
    if isinstance(node, MappingNode) and _has_all(linker, node):
        return {"tokens": Known("[]"), "new": Known(False)}
    found = _tokens(linker, node) if node is not None else None
    return {"tokens": Known(json.dumps(found))} if found is not None else {}


def _has_all(linker: Linker, tokens: MappingNode) -> bool:
    """Whether a tokenizer is given nothing but tokens of its own: `tokenizer.eos_token`."""
    keys = [key for key, _ in tokens.entries]
    given = [linker.evaluator.lookup(tokens, key) if key is not None else None for key in keys]
    return bool(given) and all(
        isinstance(each, AttributeOf) and each.name.endswith("_token") for each in given
    )


def _tokens(linker: Linker, node: Node) -> list[str] | None:
    """The texts of a list, or of a mapping without its padding; None where not all are known."""
    if isinstance(node, Known) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, SequenceNode):
        return _joined(_tokens(linker, linker.evaluator.look(item)) for item in node.items)
    if isinstance(node, MappingNode):
        keys = [key for key, _ in node.entries if key != _PADDING]
        found = [linker.evaluator.lookup(node, key) if key is not None else None for key in keys]
        return _joined(_entry(linker, each) for each in found)
    return None


def _entry(linker: Linker, node: Node | None) -> list[str] | None:
    if isinstance(node, SequenceNode):
        return _tokens(linker, node)
    texts = texts_of(value_of(node)) if node is not None else ()
    return list(texts) or None


def _joined(parts: Iterable[list[str] | None]) -> list[str] | None:
    found: list[str] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found
