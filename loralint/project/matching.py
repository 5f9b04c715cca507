"""Which calls load something: the callee reduced to a name of the ecosystem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.catalog import (
    FOREIGN,
    LOAD_METHODS,
    Loader,
    canonical,
    class_of,
    loader_of,
    unresolved,
)
from loralint.facts import Known, Reason, Site, Unknown
from loralint.values import calls
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    ByDefault,
    CallResult,
    Class,
    External,
    Frame,
    Function,
    Instance,
    ItemOf,
    Node,
    PartialCall,
    arguments_of,
    options,
)
from loralint.values.values import origin_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_PEFT = "peft.PeftModel.load_adapter"

VENDORED = frozenset({"peft", "transformers", "diffusers", "trl", "sentence_transformers"})
"""Libraries whose own source may be what is read: their classes count as theirs."""


@dataclass(frozen=True, slots=True)
class Match:
    """A call that loads: by which loader, under which names, with which arguments."""

    loader: Loader
    name: str
    classes: tuple[str, ...]
    arguments: Arguments
    receiver: Node | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One option of a callee: its canonical name, and what its method is called on.

    `called` is what a class is called that cannot be resolved.
    """

    name: str
    class_: str
    receiver: Node | None = None
    unresolved: bool = False
    called: str = ""


def match(evaluator: Evaluator, site: Site, frame: Frame) -> Match | None:
    """The loader that a call calls; all options of a callee must be loaders."""
    call = evaluator.index.call(site)
    node = evaluator.callee(site, call.callee, frame)
    return match_node(evaluator, node, arguments_of(call.arguments, frame))


def match_node(evaluator: Evaluator, node: Node, arguments: Arguments) -> Match | None:
    """The same for a callee that has been looked at."""
    found: list[Candidate] = []
    for option in _called(node):
        inner = option.node if isinstance(option, ByDefault) else option
        if isinstance(inner, PartialCall):
            arguments = (*inner.arguments, *arguments)
            inner = inner.callee
        candidate = named(evaluator, inner)
        if candidate is None or _loader(candidate) is None:
            return None
        found.append(candidate)
    return _match(found, arguments)


def _called(node: Node) -> tuple[Node, ...]:
    """What may be called: where an import failed (`LLM = None`) nothing is."""
    found = options(node)
    return tuple(each for each in found if each != Known(None)) or found


def _match(found: list[Candidate], arguments: Arguments) -> Match | None:
    known = [each for each in found if not each.unresolved] or found
    loader = _loader(known[0])
    if loader is None:
        return None
    classes = tuple(dict.fromkeys(each.class_ for each in known if each.class_))
    return Match(loader, known[0].name, classes, arguments, known[0].receiver)


def _loader(candidate: Candidate) -> Loader | None:
    if not candidate.unresolved:
        return loader_of(candidate.name)
    called = candidate.called or candidate.class_
    return unresolved(called) if candidate.name.endswith("from_pretrained") else None


def named(evaluator: Evaluator, node: Node) -> Candidate | None:
    """The name in the ecosystem of what is called; None for what is certainly none of it."""
    if isinstance(node, External):
        return _external(node.name)
    if isinstance(node, Class):
        return _of_class(evaluator, node, "")
    if isinstance(node, Function):
        return _function(evaluator, node)
    if isinstance(node, AttributeOf):
        return _method(evaluator, node)
    return None


def _external(full: str) -> Candidate | None:
    name = canonical(full)
    if loader_of(name) is None and full.endswith(".from_pretrained"):
        foreign = name.partition(".")[0] in FOREIGN | {"builtins"}
        return None if foreign else Candidate(name, class_of(name), unresolved=True)
    return Candidate(name, class_of(name))


def _of_class(evaluator: Evaluator, node: Class, method: str) -> Candidate | None:
    """A class of the project is what it inherits from."""
    suffix = f".{method}" if method else ""
    names = (*_vendored(node.path, node.fact.name), *evaluator.library_bases(node))
    for base in names:
        name = canonical(f"{base}{suffix}")
        if loader_of(name) is not None:
            return Candidate(name, node.fact.name.rpartition(".")[2])
    return None


def _vendored(path: str, name: str) -> tuple[str, ...]:
    package = next((part for part in path.split("/")[:-1] if part in VENDORED), None)
    return (f"{package}.{name}",) if package is not None else ()


def _function(evaluator: Evaluator, node: Function) -> Candidate | None:
    if "." not in node.fact.name:
        names = _vendored(node.path, node.fact.name)
        return Candidate(canonical(names[0]), "") if names else None
    owner = calls.library_owner(evaluator, node)
    method = node.fact.name.rpartition(".")[2]
    return _of_class(evaluator, owner, method) if owner is not None else None


def _method(evaluator: Evaluator, node: AttributeOf) -> Candidate | None:
    receiver = node.receiver.node if isinstance(node.receiver, ByDefault) else node.receiver
    if isinstance(receiver, Class):
        return _of_class(evaluator, receiver, node.name)
    if isinstance(receiver, Instance):
        found = _of_class(evaluator, receiver.class_, node.name)
        on_object = found is not None and node.name != "from_pretrained"
        return Candidate(found.name, found.class_, receiver) if found and on_object else None
    if node.name not in LOAD_METHODS:
        return None
    return _on_object(evaluator, receiver, node.name)


def _on_object(evaluator: Evaluator, receiver: Node, method: str) -> Candidate | None:
    """A loading method of an object that a library made, or of something unknown."""
    if isinstance(receiver, CallResult) and isinstance(receiver.callee, External):
        name = canonical(f"{receiver.callee.name}.{method}")
        if method == "from_pretrained":
            return None  # a model's own method loads nothing new into it
        if "." in name and loader_of(name) is not None:
            return Candidate(_own_name(evaluator, name, receiver, method), class_of(name), receiver)
    if _is_own(evaluator, receiver, method):
        return None
    if method == "from_pretrained":
        loaded = isinstance(receiver, (CallResult, ItemOf)) and _is_loaded(evaluator, receiver)
        origin = origin_of(receiver)
        called = origin.last if origin is not None else ""
        return None if loaded else Candidate(method, "", unresolved=True, called=called)
    name = _own_name(evaluator, "", receiver, method)
    return Candidate(name, class_of(name), receiver) if name else None


def _is_own(evaluator: Evaluator, receiver: Node, method: str) -> bool:
    """Whether the method is that of a class of the project, by annotation or by what made it."""
    if isinstance(receiver, Unknown):
        return receiver.reason is Reason.OWN_OBJECT
    if not isinstance(receiver, CallResult) or not isinstance(receiver.callee, Function):
        return False
    owner = calls.library_owner(evaluator, receiver.callee)
    classes = evaluator.ancestors(owner) if owner is not None else ()
    return any(evaluator.function(each.path, f"{each.fact.name}.{method}") for each in classes)


def _is_loaded(evaluator: Evaluator, node: Node) -> bool:
    from loralint.project.flow import trace

    return bool(trace(evaluator, node).loads)


def _own_name(evaluator: Evaluator, name: str, receiver: Node, method: str) -> str:
    """`load_adapter` is PEFT's on a PeftModel, else that of transformers or diffusers."""
    if method in ("load_adapter",):
        from loralint.project.flow import trace
        from loralint.project.kinds import wraps

        flow = trace(evaluator, receiver)
        if wraps(evaluator, flow):
            return _PEFT
        unseen = isinstance(receiver, (Unknown, AttributeOf)) and not flow.loads
        return _PEFT if unseen else "transformers.PreTrainedModel.load_adapter"
    if name:
        return name
    owner = "DiffusionPipeline" if method.startswith(("load_", "lora_")) else ""
    return f"diffusers.{owner}.{method}" if owner else f"huggingface_hub.HfApi.{method}"
