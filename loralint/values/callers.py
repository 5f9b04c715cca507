"""Who calls a function of the project, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.facts import Site, Symbol
from loralint.values import calls
from loralint.values.arguments import of_call
from loralint.values.classes import ancestors
from loralint.values.index import COMPUTED
from loralint.values.nodes import (
    Arguments,
    Bound,
    Class,
    Frame,
    Function,
    Instance,
    Node,
    Soft,
    options,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Key = tuple[str, str]
"""A function: its file and its qualified name."""

_TESTS = frozenset({"tests", "test"})

MAX_COMPUTED = 2_000
MAX_CANDIDATES = 400
"""A name that is called more often than this is too common to look at every call."""


@dataclass(slots=True, eq=False)
class Caller:
    """One call of a function; `bound` tells that `self` is not among its arguments."""

    site: Site
    arguments: Arguments
    bound: bool
    node: Function


def of(evaluator: Evaluator, path: str, function: str) -> list[Caller]:
    """The calls of a function that are seen in the project, in order."""
    cache = evaluator.cache("callers")
    key = (path, function)
    if key not in cache:
        cache[key] = []  # while they are looked for: a function that calls itself has none yet
        cache[key] = _search(evaluator, path, function)
    found: list[Caller] = cache[key]
    return found


def _search(evaluator: Evaluator, path: str, function: str) -> list[Caller]:
    sites = _candidates(evaluator, path, function)
    if len(sites) > MAX_CANDIDATES:
        return []
    wanted = (path, function)
    found = [each for site in sites for key, each in _targets(evaluator, site) if key == wanted]
    found += evaluator.cache("computed callers").get(wanted, ())
    return [each for each in _sorted(found) if _stands_in(evaluator, each.site) != wanted]


def _stands_in(evaluator: Evaluator, site: Site) -> Key:
    return site[0], evaluator.index.call(site).function


def _sorted(found: list[Caller]) -> list[Caller]:
    by_site = {each.site: each for each in reversed(found)}
    return [by_site[site] for site in sorted(by_site)]


def _candidates(evaluator: Evaluator, path: str, function: str) -> list[Site]:
    owner, _, name = function.rpartition(".")
    index = evaluator.index
    names = {name}
    if name == "__init__" and (path, owner) in index.classes:
        class_name = owner.rpartition(".")[2]
        names |= {class_name, *index.descendants(class_name)}
    sites = (site for each in sorted(names) for site in index.calls_of(each))
    found = (site for site in sites if site[0] == path or _may_be_elsewhere(evaluator, site))
    tested = is_test(path)
    return [site for site in found if tested or not is_test(site[0])]


def is_test(path: str) -> bool:
    """Whether a file is a test, whose made-up arguments decide nothing elsewhere."""
    *folders, name = path.split("/")
    named = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return named or not _TESTS.isdisjoint(folders)


def _may_be_elsewhere(evaluator: Evaluator, site: Site) -> bool:
    """Whether a call may enter a function of another file: a name of its own file does not."""
    callee = evaluator.index.call(site).callee
    return not isinstance(callee, Symbol) or callee.module != ""


def prepare(evaluator: Evaluator) -> None:
    """Find the calls of something that is looked up (`LOADERS[name](...)`), once and first.

    What was concluded meanwhile did not know of them, so it is forgotten.
    """
    found: dict[Key, list[Caller]] = {}
    for site in evaluator.index.calls_by_name.get(COMPUTED, ())[:MAX_COMPUTED]:
        for key, caller in _targets(evaluator, site):
            found.setdefault(key, []).append(caller)
    evaluator.forget()
    evaluator.cache("computed callers").update(found)


def _targets(evaluator: Evaluator, site: Site) -> list[tuple[Key, Caller]]:
    """The functions of the project that a call may enter."""
    frame = evaluator.module_frame(site[0])
    call = evaluator.index.call(site)
    node = evaluator.callee(site, call.callee, frame)
    return list(_entered(evaluator, node, site, of_call(call.arguments, frame)))


def _entered(
    evaluator: Evaluator, node: Node, site: Site, arguments: Arguments
) -> Iterator[tuple[Key, Caller]]:
    for option in options(node):
        if isinstance(option, Soft):
            yield from _entered(evaluator, option.node, site, arguments)
        elif isinstance(option, Bound):
            together = (*option.arguments, *arguments)
            yield from _entered(evaluator, option.callee, site, together)
        elif isinstance(option, Function):
            key = (option.path, option.fact.name)
            yield key, Caller(site, arguments, _is_bound(option), option)
        elif isinstance(option, Class):
            yield from _constructor(evaluator, option, site, arguments)


def _is_bound(node: Function) -> bool:
    if isinstance(node.receiver, Class):
        decorators = (getattr(each, "name", "") for each in node.fact.decorators)
        return "classmethod" in decorators or node.fact.name.endswith((".__new__", ".__init__"))
    return node.receiver is not None


def _constructor(
    evaluator: Evaluator, node: Class, site: Site, arguments: Arguments
) -> Iterator[tuple[Key, Caller]]:
    """A call of a class calls the first `__init__` among its ancestors."""
    for each in ancestors(evaluator, node):
        key = (each.path, f"{each.fact.name}.__init__")
        fact = evaluator.function(*key)
        if fact is not None:
            made = Instance(node, arguments, frame=evaluator.module_frame(site[0]), site=site)
            yield key, Caller(site, arguments, True, Function(each.path, fact, made))
            return


def frames(evaluator: Evaluator, path: str, function: str, site: Site, outer: Frame) -> list[Frame]:
    """The frames of a function as the call at `site` enters it from `outer`."""
    call = evaluator.index.call(site)
    node = evaluator.callee(site, call.callee, outer)
    for key, caller in _entered(evaluator, node, site, of_call(call.arguments, outer)):
        if key == (path, function):
            return [calls.frame_of(evaluator, caller.node, caller.arguments, outer, site)]
    return []
