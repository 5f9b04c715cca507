"""First pass: the calls of all files that load, act or save, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loralint.catalog import SAVERS, canonical, is_training_arguments
from loralint.facts import CallFact, Site, Symbol
from loralint.project import sites
from loralint.project.flow import loader_at
from loralint.project.kinds import action_at
from loralint.values.nodes import AttributeOf, CallResult, Class, External, Instance, Node, options

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator


@dataclass(slots=True)
class Collected:
    """The calls that matter, by what they are; one call may be several things."""

    loads: list[Site] = field(default_factory=list)
    actions: dict[Site, tuple[str, str]] = field(default_factory=dict)
    saves: list[tuple[Site, str]] = field(default_factory=list)
    arguments: list[Site] = field(default_factory=list)
    load_index: dict[Site, int] = field(default_factory=dict)
    action_index: dict[Site, int] = field(default_factory=dict)


def collect(evaluator: Evaluator) -> Collected:
    """Look at every call once."""
    found = Collected()
    for path in sorted(evaluator.index.files):
        for site, call in _candidates(evaluator, path):
            _add(evaluator, found, site, call)
    found.load_index = {site: position for position, site in enumerate(found.loads)}
    found.action_index = {site: position for position, site in enumerate(found.actions)}
    return found


def _candidates(evaluator: Evaluator, path: str) -> Iterator[tuple[Site, CallFact]]:
    for position, call in enumerate(evaluator.index.files[path].calls):
        if not _is_own_function(evaluator, path, call):
            yield Site(path, position), call


def _is_own_function(evaluator: Evaluator, path: str, call: CallFact) -> bool:
    """Most recorded calls are of functions of the same file, which are none of these."""
    callee = call.callee
    if not isinstance(callee, Symbol) or callee.module != "":
        return False
    return "." not in callee.name and (path, callee.name) in evaluator.index.functions


def _add(evaluator: Evaluator, found: Collected, site: Site, call: CallFact) -> None:
    if loader_at(evaluator, site) is not None and sites.is_load(evaluator, site):
        found.loads.append(site)
    action = action_at(evaluator, site)
    if action is not None:
        found.actions[site] = action
    node = evaluator.callee(site, call.callee, evaluator.module_frame(site[0]))
    method = _saving_method(evaluator, node)
    if method:
        found.saves.append((site, method))
    elif _is_training_arguments(evaluator, node):
        found.arguments.append(site)


def _saving_method(evaluator: Evaluator, node: Node) -> str:
    """The name of the saving method that is called, on what is not an object of the project."""
    for option in options(node):
        if isinstance(option, AttributeOf) and option.name in SAVERS:
            return option.name if _may_be_saved(evaluator, option.receiver) else ""
        if isinstance(option, External) and option.name.rpartition(".")[2] in SAVERS:
            return option.name.rpartition(".")[2]
    return ""


def _may_be_saved(evaluator: Evaluator, receiver: Node) -> bool:
    if isinstance(receiver, Instance):
        return bool(evaluator.library_bases(receiver.class_))
    return not isinstance(receiver, Class)


def _is_training_arguments(evaluator: Evaluator, node: Node) -> bool:
    names: tuple[str, ...] = ()
    if isinstance(node, External):
        names = (node.name,)
    elif isinstance(node, Class):
        names = evaluator.library_bases(node)
    return any(is_training_arguments(canonical(name)) for name in names)


def outcome_site(node: Node) -> Site | None:
    """The call that made an object."""
    if isinstance(node, CallResult):
        return node.site
    return node.site if isinstance(node, Instance) else None
