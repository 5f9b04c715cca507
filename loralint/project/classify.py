"""What a call is: its callee reduced to a name of the ecosystem, and what the catalogue says of it.

This is the one place that decides it; everybody else asks `Linker.meaning`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loralint.catalog import (
    FOREIGN,
    LOAD_METHODS,
    METHOD_ACTIONS,
    PACKAGES,
    SAVERS,
    VENDORED,
    Loader,
    action_of,
    canonical,
    class_of,
    is_training_arguments,
    loader_of,
    may_be_meant,
    may_load,
    unresolved,
)
from loralint.facts import Attribute, Known, Parameter, Reason, Site, Symbol, Term, Unknown
from loralint.project.calls import NOTHING, Acting, Linker, Loading, Meaning
from loralint.project.flow import trace, wraps
from loralint.project.ids_and_revisions import asked
from loralint.values import calls
from loralint.values.evaluator import Evaluator
from loralint.values.index import Index
from loralint.values.libraries import libraries
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    ByDefault,
    CallResult,
    Class,
    External,
    Function,
    Instance,
    ItemOf,
    Node,
    PartialCall,
    options,
)
from loralint.values.values import origin_of


def new_linker(index: Index) -> Linker:
    """What is to be asked about a project's calls, nothing of it answered yet."""
    return Linker(Evaluator(index, libraries), meaning_of)


def meaning_of(linker: Linker, site: Site) -> Meaning:
    """What the call at a site is, whoever calls its function."""
    call = linker.call(site)
    node = _called_at(linker, site, may_be_meant)
    if node is None:
        return NOTHING
    loading = _loading(linker, node, linker.arguments(site))
    if loading is not None and _is_handed_on(linker, site, loading):
        return NOTHING
    saving = _saving_method(linker, node)
    return Meaning(
        loading=loading,
        asked=asked(linker, loading, loading.arguments) if loading is not None else None,
        acting=_acting(linker, node, call.text),
        saving=saving,
        arguments=not saving and _is_training_arguments(linker, node),
    )


def calls_a_loader(linker: Linker, site: Site) -> bool:
    """Whether a loader of the catalogue is called at a site, whatever it is given."""
    node = _called_at(linker, site, may_load)
    return node is not None and _loading(linker, node, ()) is not None


def _called_at(linker: Linker, site: Site, may_be: Callable[[str], bool]) -> Node | None:
    """What is called at a site; None where its name tells that it is nothing of the catalogue.

    Nine in ten calls are: to follow what each of them calls would take most of a run.
    """
    call = linker.call(site)
    name = _own_name(call.callee)
    if name is not None and not may_be(name) and name not in linker.index.bound:
        return None
    frame = linker.evaluator.module_frame(site.file)
    return linker.evaluator.callee(site, call.callee, frame)


def _own_name(callee: Term) -> str | None:
    """The name of what is called, where it may be called so by the project alone."""
    if isinstance(callee, Attribute):
        return callee.name
    if isinstance(callee, Symbol) and callee.module.partition(".")[0] not in PACKAGES:
        return callee.name.rpartition(".")[2] or callee.module.rpartition(".")[2]
    return None


def _is_handed_on(linker: Linker, site: Site, loading: Loading) -> bool:
    """Whether a `from_pretrained` of the project's own hands its id on to that of its parents.

    Who calls it loads, and can say which revision; here nobody can.
    """
    call = linker.call(site)
    owner, _, name = call.function.rpartition(".")
    fact = linker.index.classes.get((site.file, owner)) if name == "from_pretrained" else None
    if fact is None or not linker.evaluator.library_bases(Class(site.file, fact)):
        return False
    plain = [each for each in call.arguments if each.name is None or each.stars]
    named = [each for each in call.arguments if each.name in loading.loader.id]
    given = next(iter((*named, *plain)), None)
    return given is not None and (
        isinstance(given.value, Parameter) and given.value.function == call.function
    )


# --- names of the ecosystem ---------------------------------------------------------------------

_AUTO = re.compile(r"Auto\w*(?:Model\w*|For[A-Z]\w*|Tokenizer|Processor|Config)")
"""Classes that are built like those of transformers, and named so that people see it."""


@dataclass(frozen=True, slots=True)
class _Named:
    """What is called, under its canonical name, and the class that loads.

    `loader` is what the catalogue says of it.
    """

    name: str
    class_: str
    loader: Loader | None
    resolved: bool = True


def _by_name(name: str, class_: str | None = None) -> _Named:
    return _Named(name, class_of(name) if class_ is None else class_, loader_of(name))


def _named(linker: Linker, node: Node) -> _Named | None:
    """The name in the ecosystem of what is called; None for what is certainly none of it."""
    if isinstance(node, External):
        return _external(node.name)
    if isinstance(node, Class):
        return _of_class(linker, node, "")
    if isinstance(node, Function):
        return _function(linker, node)
    return _method(linker, node) if isinstance(node, AttributeOf) else None


def _external(full: str) -> _Named | None:
    name = canonical(full)
    if loader_of(name) is not None or not full.endswith(".from_pretrained"):
        return _by_name(name)
    if name.partition(".")[0] in FOREIGN | {"builtins"}:
        return None
    class_ = class_of(name)
    if _AUTO.fullmatch(class_):  # a kernel's or an accelerator's own class, called as theirs
        return _Named(name, class_, loader_of(f"transformers.{class_}.from_pretrained"))
    return _Named(name, class_, unresolved(class_), resolved=False)


def _of_class(linker: Linker, node: Class, method: str) -> _Named | None:
    """A class of the project is what it inherits from."""
    suffix = f".{method}" if method else ""
    vendored = _vendored(node.path, node.fact.name)
    for base in (*vendored, *linker.evaluator.library_bases(node)):
        name = canonical(f"{base}{suffix}")
        if loader_of(name) is not None:
            return _by_name(name, node.fact.name.rpartition(".")[2])
    return None


def _vendored(path: str, name: str) -> tuple[str, ...]:
    package = next((part for part in path.split("/")[:-1] if part in VENDORED), None)
    return (f"{package}.{name}",) if package is not None else ()


def _function(linker: Linker, node: Function) -> _Named | None:
    if "." not in node.fact.name:
        names = _vendored(node.path, node.fact.name)
        return _by_name(canonical(names[0]), "") if names else None
    owner = calls.library_owner(linker.evaluator, node)
    method = node.fact.name.rpartition(".")[2]
    return _of_class(linker, owner, method) if owner is not None else None


def _method(linker: Linker, node: AttributeOf) -> _Named | None:
    receiver = node.receiver.node if isinstance(node.receiver, ByDefault) else node.receiver
    if isinstance(receiver, Class):
        return _of_class(linker, receiver, node.name)
    if isinstance(receiver, Instance):
        on_object = node.name != "from_pretrained"
        return _of_class(linker, receiver.class_, node.name) if on_object else None
    return _on_object(linker, receiver, node.name) if node.name in LOAD_METHODS else None


def _on_object(linker: Linker, receiver: Node, method: str) -> _Named | None:
    """A loading method of an object that a library made, or of something unknown."""
    if method == "from_pretrained":
        return _from_unknown(linker, receiver)
    own = ""
    if isinstance(receiver, CallResult) and isinstance(receiver.callee, External):
        own = canonical(f"{receiver.callee.name}.{method}")
    known = loader_of(own) is not None
    if not known and _is_own(linker, receiver, method):
        return None
    if method == "load_adapter":
        name = _loaded_onto(linker, receiver)
    elif known:
        name = own
    else:
        of_pipeline = method.startswith(("load_", "lora_"))
        owner = "diffusers.DiffusionPipeline" if of_pipeline else "huggingface_hub.HfApi"
        name = f"{owner}.{method}"
    return _by_name(name, class_of(own if known else name))


def _from_unknown(linker: Linker, receiver: Node) -> _Named | None:
    """`x.from_pretrained`; that of a loaded model loads nothing new into it."""
    if isinstance(receiver, CallResult) and isinstance(receiver.callee, External):
        return None
    if _is_own(linker, receiver, "from_pretrained"):
        return None
    if isinstance(receiver, (CallResult, ItemOf)) and trace(linker, receiver).loads:
        return None
    origin = origin_of(receiver)
    called = unresolved(origin.last if origin is not None else "")
    return _Named("from_pretrained", "", called, resolved=False)


def _is_own(linker: Linker, receiver: Node, method: str) -> bool:
    """Whether the method is that of a class of the project, by annotation or by what made it."""
    if isinstance(receiver, Unknown):
        return receiver.reason is Reason.OWN_OBJECT
    if not isinstance(receiver, CallResult) or not isinstance(receiver.callee, Function):
        return False
    owner = calls.library_owner(linker.evaluator, receiver.callee)
    classes = linker.evaluator.ancestors(owner) if owner is not None else ()
    names = ((each.path, f"{each.fact.name}.{method}") for each in classes)
    return any(name in linker.index.functions for name in names)


def _loaded_onto(linker: Linker, receiver: Node) -> str:
    """`load_adapter` is PEFT's on a PeftModel and on what nobody knows, else transformers'."""
    flow = trace(linker, receiver)
    unseen = isinstance(receiver, (Unknown, AttributeOf)) and not flow.loads
    peft = unseen or wraps(linker, flow)
    return f"{'peft.PeftModel' if peft else 'transformers.PreTrainedModel'}.load_adapter"


# --- loads --------------------------------------------------------------------------------------


def _loading(linker: Linker, node: Node, arguments: Arguments) -> Loading | None:
    """The loader that a call calls; all options of a callee must be loaders."""
    found: list[tuple[_Named, Loader]] = []
    for option in _called(node):
        inner = option.node if isinstance(option, ByDefault) else option
        if isinstance(inner, PartialCall):
            arguments = (*inner.arguments, *arguments)
            inner = inner.callee
        named = _named(linker, inner)
        if named is None or named.loader is None:
            return None
        found.append((named, named.loader))
    known = [each for each in found if each[0].resolved] or found
    (named, loader), *_ = known
    classes = tuple(dict.fromkeys(each.class_ for each, _ in known if each.class_))
    return Loading(loader, named.name, classes, arguments)


def _called(node: Node) -> tuple[Node, ...]:
    """What may be called: where an import failed (`LLM = None`) nothing is."""
    found = options(node)
    return tuple(each for each in found if each != Known(None)) or found


# --- actions ------------------------------------------------------------------------------------


def _acting(linker: Linker, node: Node, text: str) -> Acting | None:
    """The action that a call is: wrapping, training, merging and the like."""
    for option in options(node):
        found = _kind(linker, option)
        switched = found == Acting("train", "train") and _sets_mode(option, text)
        if found is not None and not switched:
            return found
    return None


def _sets_mode(node: Node, text: str) -> bool:
    """`model.train()` switches dropout on; `trainer.train()` trains."""
    owner = node.receiver if isinstance(node, AttributeOf) else node
    if isinstance(owner, CallResult) and isinstance(owner.callee, External):
        return not owner.callee.name.endswith("Trainer")
    return "trainer" not in text.partition("(")[0].lower()


def _kind(linker: Linker, node: Node) -> Acting | None:
    while isinstance(node, (PartialCall, ByDefault)):
        node = node.callee if isinstance(node, PartialCall) else node.node
    if isinstance(node, AttributeOf):
        return _kind_of_method(linker, node)
    if isinstance(node, (Class, External)):
        return next(_kinds_by_name(linker, node), None)
    if isinstance(node, CallResult):
        return Acting("forward", "") if _is_model(linker, node) else None
    named = _named(linker, node) if isinstance(node, Function) else None
    kind = action_of(named.name) if named is not None else None
    return Acting(kind, named.name) if kind is not None and named is not None else None


def _is_model(linker: Linker, node: CallResult) -> bool:
    """Whether a call gives a model, which is called in its turn: `model(**batch)`."""
    meaning = linker.made(node)
    wrapped = meaning.acting is not None and meaning.acting.kind == "wrap"
    return wrapped or meaning.artifact in _MODELS


_MODELS = frozenset({"base-model", "model", "adapter"})


def _kinds_by_name(linker: Linker, node: Class | External) -> Iterator[Acting]:
    of_library = isinstance(node, External) and not node.name.startswith("builtins.")
    names = (node.name,) if isinstance(node, External) else linker.evaluator.library_bases(node)
    for name in map(canonical, names):
        owner, _, method = name.rpartition(".")
        by_method = METHOD_ACTIONS.get(method) if owner and of_library else None
        kind = action_of(name) or by_method
        if kind is not None:
            yield Acting(kind, name)


def _kind_of_method(linker: Linker, node: AttributeOf) -> Acting | None:
    receiver = node.receiver
    if isinstance(receiver, CallResult) and isinstance(receiver.callee, External):
        name = canonical(f"{receiver.callee.name}.{node.name}")
        own = action_of(name)
        if own is not None:
            return Acting(own, name)
    kind = METHOD_ACTIONS.get(node.name) if not isinstance(receiver, Class) else None
    if kind is None or (kind == "unload" and not wraps(linker, trace(linker, receiver))):
        return None
    return Acting(kind, node.name)


# --- saves --------------------------------------------------------------------------------------


def _saving_method(linker: Linker, node: Node) -> str:
    """The name of the saving method that is called, on what is not an object of the project."""
    for option in options(node):
        if isinstance(option, AttributeOf) and option.name in SAVERS:
            return option.name if _may_be_saved(linker, option.receiver) else ""
        if isinstance(option, External) and option.name.rpartition(".")[2] in SAVERS:
            return option.name.rpartition(".")[2]
    return ""


def _may_be_saved(linker: Linker, receiver: Node) -> bool:
    if isinstance(receiver, Instance):
        return bool(linker.evaluator.library_bases(receiver.class_))
    return not isinstance(receiver, Class)


def _is_training_arguments(linker: Linker, node: Node) -> bool:
    names: tuple[str, ...] = ()
    if isinstance(node, External):
        names = (node.name,)
    elif isinstance(node, Class):
        names = linker.evaluator.library_bases(node)
    return any(is_training_arguments(canonical(name)) for name in names)
