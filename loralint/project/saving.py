"""Saves: where adapters, models and tokenizers go, and what flows into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.catalog import SAVERS
from loralint.facts import ABSENT, Absent, Attribute, Known, Reason, SaveSite, Site, Unknown, Value
from loralint.project.collect import Collected, outcome_site
from loralint.project.flow import Flow, loader_at, trace
from loralint.project.kinds import action_at, wraps
from loralint.project.options import keyword_values
from loralint.values.nodes import Arguments, CallResult, Frame, ItemOf, Node, arguments_of
from loralint.values.values import value_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_PLAIN = frozenset({"tokenizer", "processor", "config", "dataset"})


@dataclass(frozen=True, slots=True)
class Saving:
    """A save in one frame: what is saved, where to, and what it is made of.

    `written` is the site itself where it is no call; `pushed` tells that it goes to the Hub.
    """

    site: Site
    artifact: str
    target: Value
    flow: Flow
    frame: Frame
    written: SaveSite | None = None
    pushed: bool = False


def savings(evaluator: Evaluator, found: Collected) -> list[tuple[Saving, list[Saving]]]:
    """Every save of the project: whoever calls, and from each context."""
    saved = [_method_saves(evaluator, site, method) for site, method in found.saves]
    return [*saved, *_training_arguments(evaluator, found)]


# --- saving methods -----------------------------------------------------------------------------


def _method_saves(evaluator: Evaluator, site: Site, method: str) -> tuple[Saving, list[Saving]]:
    plain = _by_method(evaluator, site, method, evaluator.module_frame(site[0]))
    frames = evaluator.callers.frames(site, always=False)
    return plain, [_by_method(evaluator, site, method, frame) for frame in frames]


def _by_method(evaluator: Evaluator, site: Site, method: str, frame: Frame) -> Saving:
    call = evaluator.index.call(site)
    arguments = arguments_of(call.arguments, frame)
    saver = SAVERS[method]
    keywords, decided = saver.target, saver.artifact
    base = call.callee.base if isinstance(call.callee, Attribute) else None
    receiver: Node = (
        evaluator.force(base, frame) if base is not None else Unknown(Reason.EXPRESSION, "a name")
    )
    flow = trace(evaluator, receiver)
    target = _target(evaluator, arguments, keywords)
    if method == "push_to_hub" and _is_trainer(evaluator, receiver):
        target = None  # a trainer is given a commit message, and knows the id
    if target is None:
        target = _output_of(evaluator, flow, "hub_model_id" if "hub" in method else "output_dir")
    artifact = decided or artifact_of(evaluator, receiver, flow, call.text, site)
    return Saving(site, artifact, target, flow, frame, pushed="push_to_hub" in method)


def _is_trainer(evaluator: Evaluator, receiver: Node) -> bool:
    made = outcome_site(receiver)
    return made is not None and _kind(evaluator, made) == "train"


def _target(evaluator: Evaluator, arguments: Arguments, keywords: tuple[str, ...]) -> Value | None:
    node = evaluator.argument(arguments, keywords, 0)
    return value_of(node) if node is not None and not isinstance(node, Absent) else None


def _output_of(evaluator: Evaluator, flow: Flow, name: str) -> Value:
    """`trainer.save_model()` saves where the trainer's arguments say."""
    for site in flow.steps:
        arguments = _arguments_of_trainer(evaluator, site)
        if isinstance(arguments, CallResult):
            found = _keyword(evaluator, arguments, name)
            if found is not None:
                return found
    return Unknown(Reason.FRAMEWORK, "saved where something else decides")


def artifact_of(evaluator: Evaluator, receiver: Node, flow: Flow, text: str, site: Site) -> str:
    """What is saved, from what flows into it, else from its name and its file."""
    if isinstance(receiver, ItemOf) and _is_second(evaluator, receiver):
        return "tokenizer"
    kinds = {_artifact(evaluator, each) for each, _ in flow.loads}
    if kinds and kinds <= _PLAIN:
        return sorted(kinds)[0]
    if any(_kind(evaluator, step) == "merge" for step in flow.steps):
        return "model"
    if wraps(evaluator, flow) or any(_trains_adapter(evaluator, each) for each in flow.steps):
        return "adapter"
    if flow.loads:
        return "adapter" if any(_trains_adapter(evaluator, s) for s, _ in flow.loads) else "model"
    return _by_name(evaluator, text, site)


def _is_second(evaluator: Evaluator, node: ItemOf) -> bool:
    """Whether an object is the tokenizer of `model, tokenizer = load()`."""
    whole = outcome_site(node.whole)
    return node.key == 1 and whole is not None and loader_at(evaluator, whole) is not None


def _by_name(evaluator: Evaluator, text: str, site: Site) -> str:
    owner = text.partition("(")[0].lower()
    for word in ("tokenizer", "processor"):
        if word in owner:
            return word
    positions = range(len(evaluator.index.files[site[0]].calls))
    wrapped = any(_kind(evaluator, Site(site.file, each)) == "wrap" for each in positions)
    return "adapter" if wrapped else "model"


def _artifact(evaluator: Evaluator, site: Site) -> str:
    found = loader_at(evaluator, site)
    return found.loader.artifact if found is not None else ""


def _kind(evaluator: Evaluator, site: Site) -> str:
    found = action_at(evaluator, site)
    return found[0] if found is not None else ""


def _trains_adapter(evaluator: Evaluator, site: Site) -> bool:
    """Whether a call makes a trainer that wraps the model itself: it is given a `peft_config`."""
    if _kind(evaluator, site) != "train":
        return False
    call = evaluator.index.call(site)
    arguments = arguments_of(call.arguments, evaluator.module_frame(site[0]))
    given = evaluator.argument(arguments, ("peft_config",))
    return given is not None and given not in (ABSENT, Known(None))


# --- output folders of trainers -----------------------------------------------------------------


def _arguments_of_trainer(evaluator: Evaluator, site: Site) -> Node | None:
    if _kind(evaluator, site) != "train":
        return None
    call = evaluator.index.call(site)
    arguments = arguments_of(call.arguments, evaluator.module_frame(site[0]))
    return evaluator.argument(arguments, ("args", "training_args", "config"), 1)


def _training_arguments(
    evaluator: Evaluator, found: Collected
) -> list[tuple[Saving, list[Saving]]]:
    """`TrainingArguments(output_dir=...)`: saved there is what the trainer trains."""
    trainers: dict[Site, Site] = {}
    for site, (kind, _) in found.actions.items():
        node = _arguments_of_trainer(evaluator, site) if kind == "train" else None
        made = outcome_site(node) if node is not None else None
        if made is not None:
            trainers.setdefault(made, site)
    return [pair for site in found.arguments for pair in _outputs(evaluator, site, trainers)]


def _outputs(
    evaluator: Evaluator, site: Site, trainers: dict[Site, Site]
) -> list[tuple[Saving, list[Saving]]]:
    frame = evaluator.module_frame(site[0])
    frames = evaluator.callers.frames(site, always=False)
    pairs: list[tuple[Saving, list[Saving]]] = []
    for name in ("output_dir", "hub_model_id"):
        plain = _output(evaluator, site, name, frame, trainers.get(site))
        if plain is not None:
            others = [_output(evaluator, site, name, each, trainers.get(site)) for each in frames]
            pairs.append((plain, [each for each in others if each is not None]))
    return pairs


def _output(
    evaluator: Evaluator, site: Site, name: str, frame: Frame, trainer: Site | None
) -> Saving | None:
    call = evaluator.index.call(site)
    position = 0 if name == "output_dir" else None
    node = evaluator.argument(arguments_of(call.arguments, frame), (name,), position)
    if node is None or isinstance(node, Absent):
        return None
    flow, artifact = Flow(), _by_name(evaluator, "", site)
    if trainer is not None:
        frame = evaluator.module_frame(trainer.file)
        made = CallResult(trainer, frame, Unknown(Reason.COMPUTED))
        flow = trace(evaluator, made)
        artifact = artifact_of(evaluator, made, flow, "", trainer)
    pushed = name == "hub_model_id"
    return Saving(site, artifact, value_of(node), flow, frame, pushed=pushed)


def _keyword(evaluator: Evaluator, node: CallResult, name: str) -> Value | None:
    call = evaluator.index.call(node.site)
    found = evaluator.argument(arguments_of(call.arguments, node.frame), (name,))
    return value_of(found) if found is not None else None


def save_site(evaluator: Evaluator, saving: Saving) -> SaveSite:
    """The save site that rules see."""
    if saving.written is not None:
        return saving.written
    call = evaluator.index.call(saving.site)
    return SaveSite(
        path=saving.site[0],
        span=call.span,
        cell=call.cell,
        artifact=saving.artifact,
        target=saving.target,
        function=call.function,
        text=call.text,
        options=tuple(
            keyword_values(evaluator, arguments_of(call.arguments, saving.frame)).items()
        ),
    )
