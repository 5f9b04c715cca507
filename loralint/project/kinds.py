"""Which calls are actions: wrapping, training, merging and the like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loralint.catalog import METHOD_ACTIONS, action_of, canonical
from loralint.facts import Site
from loralint.project import matching
from loralint.project.flow import Flow, loader_at, trace
from loralint.values.nodes import (
    AttributeOf,
    ByDefault,
    CallResult,
    Class,
    External,
    Frame,
    Function,
    MappingNode,
    Node,
    OneOf,
    PartialCall,
)
from loralint.values.objects import changed

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator


def action_at(evaluator: Evaluator, site: Site) -> tuple[str, str] | None:
    """The kind of action that the call at a site is, and the name of its callee."""
    cache = evaluator.cache("actions")
    if site not in cache:
        cache[site] = None
        cache[site] = _action(evaluator, site, evaluator.module_frame(site[0]))
    found: tuple[str, str] | None = cache[site]
    return found


def _action(evaluator: Evaluator, site: Site, frame: Frame) -> tuple[str, str] | None:
    call = evaluator.index.call(site)
    node = evaluator.callee(site, call.callee, frame)
    for option in node.options if isinstance(node, OneOf) else (node,):
        found = _kind(evaluator, option)
        switched = found == ("train", "train") and _sets_mode(option, call.text)
        if found is not None and not switched:
            return found
    return None


def _sets_mode(node: Node, text: str) -> bool:
    """`model.train()` switches dropout on; `trainer.train()` trains."""
    owner = node.receiver if isinstance(node, AttributeOf) else node
    if isinstance(owner, CallResult) and isinstance(owner.callee, External):
        return not owner.callee.name.endswith("Trainer")
    return "trainer" not in text.partition("(")[0].lower()


def _kind(evaluator: Evaluator, node: Node) -> tuple[str, str] | None:
    if isinstance(node, (PartialCall, ByDefault)):
        return _kind(evaluator, node.callee if isinstance(node, PartialCall) else node.node)
    if isinstance(node, AttributeOf):
        return _method_kind(evaluator, node)
    if isinstance(node, (Class, External)):
        return _named_kind(evaluator, node)
    if isinstance(node, Function):
        candidate = matching.named(evaluator, node)
        kind = action_of(candidate.name) if candidate is not None else None
        return (kind, candidate.name) if kind and candidate else None
    return None


def _named_kind(evaluator: Evaluator, node: Class | External) -> tuple[str, str] | None:
    names = (node.name,) if isinstance(node, External) else evaluator.library_bases(node)
    for name in map(canonical, names):
        method = name.rpartition(".")[2]
        kind = action_of(name) or METHOD_ACTIONS.get(method if "." in name else "")
        of_library = isinstance(node, External) and not name.startswith("builtins.")
        if kind is not None and (of_library or action_of(name)):
            return kind, name
    return None


def _method_kind(evaluator: Evaluator, node: AttributeOf) -> tuple[str, str] | None:
    receiver = node.receiver
    if isinstance(receiver, CallResult) and isinstance(receiver.callee, External):
        name = canonical(f"{receiver.callee.name}.{node.name}")
        kind = action_of(name)
        if kind is not None:
            return kind, name
    if isinstance(receiver, Class):
        return None
    kind = METHOD_ACTIONS.get(node.name)
    if kind == "unload" and not wraps(evaluator, trace(evaluator, receiver)):
        return None
    return (kind, node.name) if kind is not None else None


def wraps(evaluator: Evaluator, flow: Flow) -> bool:
    """Whether an object is a PEFT model: an adapter was wrapped or loaded on the way."""
    return any(_is_kind(evaluator, site, "wrap") for site in flow.steps) or any(
        _is_adapter(evaluator, site) for site, _ in flow.loads
    )


def is_adapted(evaluator: Evaluator, node: Node) -> bool:
    """Whether an object is certainly a PEFT model itself, and not made of one."""
    if isinstance(node, OneOf):
        return all(is_adapted(evaluator, option) for option in node.options)
    if isinstance(node, (ByDefault, MappingNode)):
        inner = node.node if isinstance(node, ByDefault) else changed(evaluator, node)
        return inner is not None and is_adapted(evaluator, inner)
    if not isinstance(node, CallResult):
        return False
    site = node.site
    found = action_at(evaluator, site)
    wrapping = found is not None and found[0] == "wrap" and found[1] in _WRAPPERS
    return wrapping or _is_peft_model(evaluator, site)


_WRAPPERS = frozenset({"peft.get_peft_model", "unsloth.FastLanguageModel.get_peft_model"})


def _is_peft_model(evaluator: Evaluator, site: Site) -> bool:
    found = loader_at(evaluator, site)
    name = found.name if found is not None else ""
    return re.fullmatch(r"peft\.(Auto)?PeftModel\w*\.from_pretrained", name) is not None


def _is_kind(evaluator: Evaluator, site: Site, kind: str) -> bool:
    found = action_at(evaluator, site)
    return found is not None and found[0] == kind


def _is_adapter(evaluator: Evaluator, site: Site) -> bool:
    found = loader_at(evaluator, site)
    return found is not None and found.loader.artifact == "adapter"
