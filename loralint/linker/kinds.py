"""Which calls are actions: wrapping, training, merging and the like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loralint.catalog import METHOD_ACTIONS, action_of, canonical
from loralint.linker import matching
from loralint.linker.calls import callee
from loralint.linker.classes import library_bases
from loralint.linker.flow import Flow, loader_at, trace
from loralint.linker.index import Site
from loralint.linker.mappings import changed
from loralint.linker.nodes import (
    Bound,
    Class,
    External,
    Frame,
    Function,
    Many,
    Method,
    Node,
    Outcome,
    Record,
    Soft,
)

if TYPE_CHECKING:
    from loralint.linker.machine import Machine


def action_at(machine: Machine, site: Site) -> tuple[str, str] | None:
    """The kind of action that the call at a site is, and the name of its callee."""
    cache = machine.cache("actions")
    if site not in cache:
        cache[site] = None
        cache[site] = _action(machine, site, machine.module_frame(site[0]))
    found: tuple[str, str] | None = cache[site]
    return found


def _action(machine: Machine, site: Site, frame: Frame) -> tuple[str, str] | None:
    call = machine.index.call(site)
    node = callee(machine, site, call.callee, frame)
    for option in node.options if isinstance(node, Many) else (node,):
        found = _kind(machine, option)
        switched = found == ("train", "train") and _sets_mode(option, call.text)
        if found is not None and not switched:
            return found
    return None


def _sets_mode(node: Node, text: str) -> bool:
    """`model.train()` switches dropout on; `trainer.train()` trains."""
    owner = node.receiver if isinstance(node, Method) else node
    if isinstance(owner, Outcome) and isinstance(owner.callee, External):
        return not owner.callee.name.endswith("Trainer")
    return "trainer" not in text.partition("(")[0].lower()


def _kind(machine: Machine, node: Node) -> tuple[str, str] | None:
    if isinstance(node, (Bound, Soft)):
        return _kind(machine, node.callee if isinstance(node, Bound) else node.node)
    if isinstance(node, Method):
        return _method_kind(machine, node)
    if isinstance(node, (Class, External)):
        return _named_kind(machine, node)
    if isinstance(node, Function):
        candidate = matching.named(machine, node)
        kind = action_of(candidate.name) if candidate is not None else None
        return (kind, candidate.name) if kind and candidate else None
    return None


def _named_kind(machine: Machine, node: Class | External) -> tuple[str, str] | None:
    names = (node.name,) if isinstance(node, External) else library_bases(machine, node)
    for name in map(canonical, names):
        method = name.rpartition(".")[2]
        kind = action_of(name) or METHOD_ACTIONS.get(method if "." in name else "")
        of_library = isinstance(node, External) and not name.startswith("builtins.")
        if kind is not None and (of_library or action_of(name)):
            return kind, name
    return None


def _method_kind(machine: Machine, node: Method) -> tuple[str, str] | None:
    receiver = node.receiver
    if isinstance(receiver, Outcome) and isinstance(receiver.callee, External):
        name = canonical(f"{receiver.callee.name}.{node.name}")
        kind = action_of(name)
        if kind is not None:
            return kind, name
    if isinstance(receiver, Class):
        return None
    kind = METHOD_ACTIONS.get(node.name)
    if kind == "unload" and not wraps(machine, trace(machine, receiver)):
        return None
    return (kind, node.name) if kind is not None else None


def wraps(machine: Machine, flow: Flow) -> bool:
    """Whether an object is a PEFT model: an adapter was wrapped or loaded on the way."""
    return any(_is_kind(machine, site, "wrap") for site in flow.steps) or any(
        _is_adapter(machine, site) for site, _ in flow.loads
    )


def is_adapted(machine: Machine, node: Node) -> bool:
    """Whether an object is certainly a PEFT model itself, and not made of one."""
    if isinstance(node, Many):
        return all(is_adapted(machine, option) for option in node.options)
    if isinstance(node, (Soft, Record)):
        inner = node.node if isinstance(node, Soft) else changed(machine, node)
        return inner is not None and is_adapted(machine, inner)
    if not isinstance(node, Outcome):
        return False
    site = (node.path, node.index)
    found = action_at(machine, site)
    wrapping = found is not None and found[0] == "wrap" and found[1] in _WRAPPERS
    return wrapping or _is_peft_model(machine, site)


_WRAPPERS = frozenset({"peft.get_peft_model", "unsloth.FastLanguageModel.get_peft_model"})


def _is_peft_model(machine: Machine, site: Site) -> bool:
    found = loader_at(machine, site)
    name = found.name if found is not None else ""
    return re.fullmatch(r"peft\.(Auto)?PeftModel\w*\.from_pretrained", name) is not None


def _is_kind(machine: Machine, site: Site, kind: str) -> bool:
    found = action_at(machine, site)
    return found is not None and found[0] == kind


def _is_adapter(machine: Machine, site: Site) -> bool:
    found = loader_at(machine, site)
    return found is not None and found.loader.artifact == "adapter"
