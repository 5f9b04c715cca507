"""What flows into an object: the loads it comes from, and the calls on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from loralint.facts import Absent, Attribute, Known, Reason, Site, SiteKind, Unknown, leaves
from loralint.project.calls import Linker
from loralint.project.conditions import answer
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    ByDefault,
    CallResult,
    Evaluable,
    Frame,
    Instance,
    ItemOf,
    MappingNode,
    Node,
    OneOf,
    SequenceNode,
    merge,
    options,
)
from loralint.values.objects import changed
from loralint.values.values import value_of

MAX_STEPS = 200
"""How many objects are looked at for one question."""

Chain = tuple[Site, ...]
"""The calls that lead to a load, the innermost first."""


class Key(NamedTuple):
    """A load as it happens: its site, and the calls that lead there."""

    site: Site
    chain: Chain = ()


class Scope(NamedTuple):
    """A function with its file; the function is "" for the module."""

    file: str
    function: str


_MODEL = ("model", "base_model", "unet", "transformer", "pipeline", "llm")
_PASSING = frozenset({"prepare", "prepare_model", "unwrap_model"})
"""Methods that return what they are given, in order."""

_WRAPPERS = frozenset({"peft.get_peft_model", "unsloth.FastLanguageModel.get_peft_model"})
_PEFT_MODEL = re.compile(r"peft\.(Auto)?PeftModel\w*\.from_pretrained")


@dataclass(frozen=True, slots=True)
class Flow:
    """The nearest loads behind an object, each with the frame it ran in; the calls between."""

    loads: Mapping[Key, Frame] = field(default_factory=dict)
    steps: tuple[Site, ...] = ()


def written_flow(linker: Linker, path: str, inputs: Iterable[int]) -> Flow:
    """The loads of a file that a front end says flow into another: nothing has to be followed."""
    frame = linker.evaluator.module_frame(path)
    return Flow({Key(Site(path, position, SiteKind.LOAD)): frame for position in inputs})


def trace(linker: Linker, node: Node) -> Flow:
    """Follow an object back to the loads that it is made of."""
    loads: dict[Key, Frame] = {}
    steps: dict[Site, None] = {}
    seen: dict[int, Node] = {}  # holds each node, so that its id stays its own
    todo = [node]
    while todo and len(seen) <= MAX_STEPS:
        at = todo.pop()
        if id(at) in seen:
            continue
        seen[id(at)] = at
        if isinstance(at, CallResult):
            site = at.site
            if linker.meaning(site).loads:
                if _may_happen(linker, site, at.frame):
                    loads[Key(site, at.frame.chain)] = at.frame
                continue
            steps[site] = None
        elif isinstance(at, Instance) and at.site is not None:
            steps[at.site] = None
        todo.extend(reversed(list(_behind(linker, at))))
    return Flow(loads, tuple(steps))


def _may_happen(linker: Linker, site: Site, frame: Frame) -> bool:
    """Whether a load may be done as its function is called: not in the branch of `four_bit=False`.

    What is certain of a call decides; an option's default does not.
    """
    for guard in linker.call(site).guards if frame.chain else ():
        found = leaves(value_of(linker.evaluator.force(guard.test, frame)))
        known = all(isinstance(leaf, (Known, Absent)) for leaf in found)
        if known and not any(answer(leaf, guard) is guard.holds for leaf in found):
            return False
    return True


def _behind(linker: Linker, node: Node) -> Iterator[Node]:
    """What an object is made of, as far as a model may come from it."""
    if isinstance(node, OneOf):
        yield from node.options
    elif isinstance(node, (SequenceNode, MappingNode)):
        yield from map(linker.evaluator.look, _items(node))
    elif isinstance(node, (ByDefault, AttributeOf)):
        yield node.node if isinstance(node, ByDefault) else node.receiver
    elif isinstance(node, ItemOf):
        yield from _whole(linker, node)
    elif isinstance(node, Instance):
        yield from _model(linker, node.arguments or ())
    elif isinstance(node, CallResult):
        yield from _called_on(linker, node)


def _items(node: SequenceNode | MappingNode) -> Iterable[Evaluable]:
    """The items of a list; of an object with something set (`model.x = 1`), the object."""
    if isinstance(node, SequenceNode):
        return node.items
    return [given for key, given in node.entries if key is None]


def _whole(linker: Linker, node: ItemOf) -> Iterator[Node]:
    """Behind an item of a result: `prepare(model, optimizer)` returns what it is given."""
    if not isinstance(node.whole, CallResult) or not _passes(node.whole):
        yield node.whole
        return
    given = linker.evaluator.positionals(linker.arguments_of(node.whole))
    for position, each in enumerate(given):
        if position == node.key and each is not None:
            yield linker.evaluator.look(each)


def _called_on(linker: Linker, node: CallResult) -> Iterator[Node]:
    """Behind a library's result: the object whose method is called, else the model given."""
    if isinstance(node.callee, AttributeOf):
        yield node.callee.receiver
    if not isinstance(node.callee, AttributeOf) or _passes(node):
        yield from _model(linker, linker.arguments_of(node))


def _passes(node: CallResult) -> bool:
    return isinstance(node.callee, AttributeOf) and node.callee.name in _PASSING


def _model(linker: Linker, arguments: Arguments) -> Iterator[Node]:
    given = linker.evaluator.argument(arguments, _MODEL, 0)
    if given is not None:
        yield given


# --- a call that takes its own place ------------------------------------------------------------


def takes_its_place(linker: Linker, site: Site, given: Node) -> bool:
    """Whether what a call is given may be what it returned: `self.model = wrap(self.model)`.

    An attribute is all that methods set it to: the call's result too, which is no evidence about
    what the call was given.
    """
    return any(_made_at(linker, option) == site for option in options(given))


def before(linker: Linker, site: Site, given: Node, frame: Frame) -> Node:
    """What such a call was given: what else the attribute is set to, else what its class says."""
    others = [each for each in options(given) if _made_at(linker, each) != site]
    if others:
        return merge(others)
    for argument in linker.call(site).arguments:
        term = argument.value
        if not isinstance(term, Attribute):
            continue
        owner = linker.evaluator.force(term.base, frame)
        if isinstance(owner, Instance) and linker.evaluator.force(term, frame) is given:
            owner.busy.add(term.name)
            try:
                return linker.evaluator.attribute(owner, term.name)
            finally:
                owner.busy.discard(term.name)
    return Unknown(Reason.INVOLVED)


def _made_at(linker: Linker, node: Node) -> Site | None:
    whole: Node | None = node.node if isinstance(node, ByDefault) else node
    if isinstance(whole, MappingNode):
        whole = changed(linker.evaluator, whole)
    return whole.site if isinstance(whole, CallResult) else None


# --- whether it is a PEFT model -----------------------------------------------------------------


def wraps(linker: Linker, flow: Flow) -> bool:
    """Whether an object is a PEFT model: an adapter was wrapped or loaded on the way."""
    return any(linker.meaning(site).kind == "wrap" for site in flow.steps) or any(
        linker.meaning(key.site).artifact == "adapter" for key in flow.loads
    )


def is_whole(linker: Linker, node: Node) -> bool:
    """Whether an object is what a load returns itself, and no part of it: `pipe.unet` is one."""
    if isinstance(node, (ByDefault, MappingNode)):
        inner = node.node if isinstance(node, ByDefault) else changed(linker.evaluator, node)
        return inner is not None and is_whole(linker, inner)
    if isinstance(node, ItemOf):  # `model, tokenizer = load()`
        return node.key == 0 and is_whole(linker, node.whole)
    return isinstance(node, CallResult) and linker.made(node).loads


def is_adapted(linker: Linker, node: Node) -> bool:
    """Whether an object is certainly a PEFT model itself, and not made of one."""
    if isinstance(node, OneOf):
        return all(is_adapted(linker, option) for option in node.options)
    if isinstance(node, (ByDefault, MappingNode)):
        inner = node.node if isinstance(node, ByDefault) else changed(linker.evaluator, node)
        return inner is not None and is_adapted(linker, inner)
    if not isinstance(node, CallResult):
        return False
    meaning = linker.made(node)
    acting, loading = meaning.acting, meaning.loading
    if acting is not None and acting.kind == "wrap" and acting.callee in _WRAPPERS:
        return True
    return loading is not None and _PEFT_MODEL.fullmatch(loading.name) is not None
