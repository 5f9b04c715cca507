"""Saves: where adapters, models and tokenizers go, and what flows into them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from loralint.catalog import SAVERS
from loralint.catalog.recipes import PUSHES
from loralint.facts import ABSENT, Absent, Attribute, Known, Reason, SaveSite, Site, Unknown, Value
from loralint.project.calls import Linker, made_at
from loralint.project.flow import Flow, Key, Scope, trace, wraps, written_flow
from loralint.project.options import keyword_values
from loralint.values.nodes import Arguments, CallResult, Frame, ItemOf, Node, options
from loralint.values.paths import normal, patterns_of
from loralint.values.values import origins_of, texts_of, value_of

_PLAIN = frozenset({"tokenizer", "processor", "config", "dataset"})
_FOLDER, _ON_HUB = "output_dir", "hub_model_id"
"""What a trainer's arguments say of where it saves."""


Adapted = frozenset[Key]
"""The loads into whose object an adapter has been put in place."""


@dataclass(frozen=True, slots=True, eq=False)
class Saving:
    """A save in one frame: where to, and what it is made of. It equals itself only.

    `owner` is the function, with its file, on whose side it stands: the outermost caller's where
    there is one. `pushed` tells that it goes to the Hub, `written` that it is no call, `merged`
    that the adapter has been merged into what is saved.
    """

    site: SaveSite
    flow: Flow
    owner: Scope
    pushed: bool = False
    written: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """A save as it holds whoever calls, and as each context has it."""

    plain: Saving
    contexts: tuple[Saving, ...] = ()

    @property
    def every(self) -> tuple[Saving, ...]:
        """The saves in contexts, or the plain one where there are none."""
        return self.contexts or (self.plain,)


@dataclass(frozen=True, slots=True)
class _What:
    """What is saved, and what it is made of; `merged` by the saving method itself."""

    artifact: str
    flow: Flow
    merged: bool = False


def saves(linker: Linker, adapted: Adapted) -> list[Saved]:
    """Every save of the project: by a method, by the arguments of a trainer, written."""

    def by_method(linker: Linker, site: Site, frame: Frame) -> Saving:
        return _by_method(linker, site, frame, adapted)

    methods = {site: SAVERS[linker.meaning(site).saving] for site in linker.found.saves}
    called = (
        _in_frames(linker, site, by_method) for site, saver in methods.items() if not saver.uploads
    )
    every = (*called, *_by_arguments(linker, adapted), *_written(linker))
    found = [saved for saved in every if saved is not None]
    uploads = [site for site, saver in methods.items() if saver.uploads]
    return [*found, *_uploaded(linker, uploads, found)]


def _in_frames(
    linker: Linker, site: Site, in_frame: Callable[[Linker, Site, Frame], Saving | None]
) -> Saved | None:
    plain = in_frame(linker, site, linker.evaluator.module_frame(site.file))
    if plain is None:
        return None
    frames = linker.evaluator.callers.frames(site, always=False)
    others = (in_frame(linker, site, frame) for frame in frames)
    return Saved(plain, tuple(each for each in others if each is not None))


def _saving(
    linker: Linker, site: Site, frame: Frame, target: Value, what: _What, pushed: bool
) -> Saving:
    call = linker.call(site)
    options = keyword_values(linker, linker.arguments(site, frame))
    made = SaveSite(
        path=site.file,
        span=call.span,
        cell=call.cell,
        artifact=what.artifact,
        target=target,
        function=call.function,
        text=call.text,
        options=tuple(options.items()),
    )
    outermost = frame.chain[-1] if frame.chain else site
    owner = Scope(outermost.file, linker.call(outermost).function)
    merged = what.merged or _is_merged(linker, what.flow)
    return Saving(made, what.flow, owner, pushed, merged=merged)


# --- by a method --------------------------------------------------------------------------------


def _by_method(linker: Linker, site: Site, frame: Frame, adapted: Adapted) -> Saving:
    """`model.save_pretrained(folder)`, `trainer.push_to_hub()`."""
    evaluator, call, method = linker.evaluator, linker.call(site), linker.meaning(site).saving
    saver = SAVERS[method]
    base = call.callee.base if isinstance(call.callee, Attribute) else None
    nameless = Unknown(Reason.EXPRESSION, "a name")
    receiver: Node = evaluator.force(base, frame) if base is not None else nameless
    flow = trace(linker, receiver)
    if saver.made_of and not flow.loads:
        flow = _made_of(linker, saver.made_of, linker.arguments(site, frame))
    given = evaluator.argument(linker.arguments(site, frame), saver.target, 0)
    if method == "push_to_hub" and linker.made(receiver).kind == "train":
        given = None  # a trainer is given a commit message, and knows the id
    if given is None or isinstance(given, Absent):
        target = _output_of(linker, flow, _ON_HUB if "hub" in method else _FOLDER)
    else:
        target = value_of(given)
    artifact = saver.artifact or _artifact(linker, receiver, flow, adapted, call.text, site)
    pushed = "push_to_hub" in method
    what = _What(artifact, flow, merged=saver.artifact == "model")
    return _saving(linker, site, frame, target, what, pushed)


def _made_of(linker: Linker, keywords: tuple[str, ...], arguments: Arguments) -> Flow:
    """Behind `Pipeline.save_lora_weights(folder, unet_lora_layers=...)`: what the layers are of.

    Those that may be None are of what is trained too only if somebody says so.
    """
    given = (linker.evaluator.argument(arguments, (keyword,)) for keyword in keywords)
    flows = [trace(linker, each) for each in given if each is not None and not _may_be_none(each)]
    loads = {key: frame for flow in flows for key, frame in flow.loads.items()}
    return Flow(loads, tuple(step for flow in flows for step in flow.steps))


def _may_be_none(node: Node) -> bool:
    return any(option == Known(None) for option in options(node))


def _output_of(linker: Linker, flow: Flow, name: str) -> Value:
    """`trainer.save_model()` saves where the trainer's arguments say."""
    for site in flow.steps:
        arguments = _arguments_of_trainer(linker, site)
        if isinstance(arguments, CallResult):
            found = linker.evaluator.argument(linker.arguments_of(arguments), (name,))
            if found is not None:
                return value_of(found)
    return Unknown(Reason.FRAMEWORK, "saved where something else decides")


def _artifact(
    linker: Linker, receiver: Node, flow: Flow, adapted: Adapted, text: str, site: Site
) -> str:
    """What is saved, from what flows into it, else from its name and its file."""
    second = receiver.whole if isinstance(receiver, ItemOf) and receiver.key == 1 else None
    if second is not None and linker.made(second).loading is not None:
        return "tokenizer"  # of `model, tokenizer = load()`
    kinds = {linker.meaning(each).artifact for each, _ in flow.loads}
    if kinds and kinds <= _PLAIN:
        return min(kinds)
    if _is_merged(linker, flow):
        return "model"
    through = (*flow.steps, *(each for each, _ in flow.loads))
    wrapped = wraps(linker, flow) or any(key in adapted for key in flow.loads)
    if wrapped or any(_trains_adapter(linker, each) for each in through):
        return "adapter"
    return "model" if flow.loads else _artifact_by_name(linker, text, site)


def _is_merged(linker: Linker, flow: Flow) -> bool:
    """Whether an adapter was merged last: what is wrapped again after that is an adapter's."""
    kinds = (linker.meaning(step).kind for step in flow.steps)  # the latest first
    return next((kind for kind in kinds if kind in ("merge", "wrap")), "") == "merge"


def _artifact_by_name(linker: Linker, text: str, site: Site) -> str:
    owner = text.partition("(")[0].lower()
    for word in ("tokenizer", "processor"):
        if word in owner:
            return word
    positions = range(len(linker.index.files[site.file].calls))
    wrapped = any(linker.meaning(Site(site.file, each)).kind == "wrap" for each in positions)
    return "adapter" if wrapped else "model"


def _trains_adapter(linker: Linker, site: Site) -> bool:
    """Whether a call makes a trainer that wraps the model itself: it is given a `peft_config`."""
    if linker.meaning(site).kind != "train":
        return False
    given = linker.evaluator.argument(linker.arguments(site), ("peft_config",))
    return given is not None and given not in (ABSENT, Known(None))


# --- by the arguments of a trainer --------------------------------------------------------------


def _arguments_of_trainer(linker: Linker, site: Site) -> Node | None:
    if linker.meaning(site).kind != "train":
        return None
    names = ("args", "training_args", "config")
    return linker.evaluator.argument(linker.arguments(site), names, 1)


def _by_arguments(linker: Linker, adapted: Adapted) -> Iterator[Saved | None]:
    """`TrainingArguments(output_dir=...)`: saved there is what the trainer trains."""
    trainers: dict[Site, Site] = {}
    for site in linker.found.actions:
        given = _arguments_of_trainer(linker, site)
        made = made_at(given) if given is not None else None
        if made is not None:
            trainers.setdefault(made, site)

    def output(name: str) -> Callable[[Linker, Site, Frame], Saving | None]:
        return lambda linker, site, frame: _output(
            linker, site, frame, name, trainers.get(site), adapted
        )

    for site in linker.found.arguments:
        for name in (_FOLDER, _ON_HUB):
            yield _in_frames(linker, site, output(name))


def _output(
    linker: Linker, site: Site, frame: Frame, name: str, trainer: Site | None, adapted: Adapted
) -> Saving | None:
    position = 0 if name == _FOLDER else None
    node = linker.evaluator.argument(linker.arguments(site, frame), (name,), position)
    if node is None or isinstance(node, Absent):
        return None
    if trainer is not None:
        module = linker.evaluator.module_frame(trainer.file)
        made = CallResult(trainer, module, Unknown(Reason.COMPUTED))
        flow = trace(linker, made)
        what = _What(_artifact(linker, made, flow, adapted, "", trainer), flow)
    else:
        what = _What(_artifact_by_name(linker, "", site), Flow())
    return _saving(linker, site, frame, value_of(node), what, name == _ON_HUB)


# --- uploaded -----------------------------------------------------------------------------------


def _uploaded(linker: Linker, sites: Iterable[Site], found: Iterable[Saved]) -> Iterator[Saved]:
    """`api.upload_folder(folder_path=out, repo_id=...)`: what was saved there goes to the Hub."""
    models = [each for saved in found for each in saved.every if each.site.artifact not in _PLAIN]

    def upload(linker: Linker, site: Site, frame: Frame) -> Saving | None:
        saver, arguments = SAVERS[linker.meaning(site).saving], linker.arguments(site, frame)
        folder = linker.evaluator.argument(arguments, saver.uploads)
        target = linker.evaluator.argument(arguments, saver.target)
        if folder is None or target is None:
            return None
        owner = frame.chain[-1].file if frame.chain else site.file
        in_file = (each for each in reversed(models) if each.owner.file == owner)
        place = value_of(folder)
        last = next((each for each in in_file if _is_one_place(each, place)), None)
        if last is None:
            return None
        what = _What(last.site.artifact, last.flow, merged=last.merged)
        return _saving(linker, site, frame, value_of(target), what, pushed=True)

    for site in sites:
        made = _in_frames(linker, site, upload)
        if made is not None:
            yield made


def _is_one_place(saving: Saving, folder: Value) -> bool:
    """Whether a folder is where something was saved: by its path, or by who decides it."""
    target = saving.site.target
    return bool(
        set(map(normal, texts_of(target))) & set(map(normal, texts_of(folder)))
        or set(origins_of(target)) & set(origins_of(folder))
        or set(patterns_of(target)) & set(patterns_of(folder))
    )


# --- written ------------------------------------------------------------------------------------


def _written(linker: Linker) -> Iterator[Saved]:
    """The saves of recipes and command lines, each with the loads of its recipe behind it."""
    for path, facts in linker.index.files.items():
        for site in facts.saves:
            pushed = "push_to_hub" in site.text.partition("(")[0] or site.text in PUSHES
            flow = written_flow(linker, path, site.inputs)
            yield Saved(Saving(site, flow, Scope(path, site.function), pushed, written=True))
