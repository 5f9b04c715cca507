"""Classes of the project and their objects: ancestors, methods, fields, what constructors set."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.catalog import STARTED_ELSEWHERE
from loralint.facts import (
    ABSENT,
    Absent,
    ClassFact,
    FieldFact,
    Origin,
    OriginKind,
    ParameterFact,
    Reason,
    Result,
    Site,
    Symbol,
    Unknown,
)
from loralint.values.evaluation import Evaluation
from loralint.values.index import last_name
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Node,
    arguments_of,
    merge,
    options,
    soften_option,
)
from loralint.values.values import SPREAD

MAX_ANCESTORS = 24
_PROPERTIES = frozenset({"property", "cached_property", "computed_field"})
_MODELS = (
    *("pydantic.", "pydantic_settings.", "msgspec.", "attr.", "attrs.", "typing.NamedTuple"),
    "tap.",
)
_PLAIN = frozenset({"builtins", "abc", "enum", "typing", "torch"})
"""Packages with bases whose constructors fill no fields."""

_RECORD_DECORATORS = frozenset(
    {"dataclass", "define", "frozen", "attrs", "s", "pydantic_dataclass"}
)
"""Decorators of classes whose constructors take their fields."""


class Classes:
    """What is known of classes and of the making of their objects, once for all."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._ancestors: dict[int, tuple[Class, ...]] = {}
        self._library_bases: dict[int, tuple[str, ...]] = {}
        self._making: dict[tuple[int, int], tuple[Instance, Frame]] = {}
        self._unseen: dict[tuple[str, str], Node] = {}

    def ancestors(self, class_: Class) -> tuple[Class, ...]:
        """The class and its ancestors within the project, in the order of attribute look-up."""
        key = id(class_.fact)  # several of one name may stand in different branches
        if key not in self._ancestors:
            found: dict[int, Class] = {}
            self._collect(class_, found)
            self._ancestors[key] = tuple(found.values())
        return self._ancestors[key]

    def _collect(self, class_: Class, found: dict[int, Class]) -> None:
        if id(class_.fact) in found or len(found) >= MAX_ANCESTORS:
            return
        found[id(class_.fact)] = class_
        for node in self._bases(class_):
            if isinstance(node, Class):
                self._collect(node, found)

    def _bases(self, class_: Class) -> Iterator[Node]:
        frame = self.evaluation.module_frame(class_.path)
        for base in class_.fact.bases:
            yield from options(self.evaluation.force(base, frame))

    def library_bases(self, class_: Class) -> tuple[str, ...]:
        """The library classes that a class of the project inherits from."""
        key = id(class_.fact)
        if key not in self._library_bases:
            nodes = (node for each in self.ancestors(class_) for node in self._bases(each))
            names = (node.name for node in nodes if isinstance(node, External))
            self._library_bases[key] = tuple(dict.fromkeys(names))
        return self._library_bases[key]

    def unseen_instance(self, path: str, name: str) -> Node:
        """`self` in a method that nobody is seen to call: an object of unknown making."""
        if (path, name) not in self._unseen:
            fact = self.evaluation.index.classes.get((path, name))
            missing = Unknown(Reason.NOT_FOUND, f"class {name}")
            self._unseen[path, name] = Instance(Class(path, fact)) if fact else missing
        return self._unseen[path, name]

    def making(self, node: Instance, class_: Class) -> Frame:
        """The frame of the constructor of `class_` as it runs for this object."""
        key = (id(node), id(class_.fact))
        if key not in self._making:
            arguments = self._constructor_arguments(node, class_)
            frame = Frame(
                path=class_.path,
                function=f"{class_.fact.name}.__init__" if arguments is not None else "",
                arguments=arguments or (),
                outer=self.evaluation.module_frame(class_.path),
                caller=node.frame,
                site=node.site,
                receiver=node,
                depth=node.frame.depth + 1 if node.frame is not None else 0,
            )
            self._making[key] = (node, frame)  # the node is kept, so that its id stays its own
        return self._making[key][1]

    def _constructor_arguments(self, node: Instance, class_: Class) -> Arguments | None:
        """What the constructor of `class_` is given: by the call, or by a subclass's."""
        if node.arguments is None:
            return None
        for each in self.ancestors(node.class_):
            if each.fact is class_.fact:
                return node.arguments
            if self.evaluation.function(each.path, f"{each.fact.name}.__init__") is not None:
                return self._passed_on(node, each)
        return node.arguments

    def _passed_on(self, node: Instance, class_: Class) -> Arguments | None:
        """The arguments of `super().__init__(...)` in the constructor of `class_`."""
        name = f"{class_.fact.name}.__init__"
        for site in self.evaluation.index.calls_by_name.get("__init__", ()):
            call = self.evaluation.index.call(site)
            if site.file == class_.path and call.function == name:
                return arguments_of(call.arguments, self.making(node, class_))
        return None


# --- classes as objects -------------------------------------------------------------------------


def class_attribute(evaluation: Evaluation, node: Class, name: str) -> Node:
    """`Class.name`: a method, a nested class, a constant of its body."""
    found = _in_bodies(evaluation, evaluation.ancestors(node), name, node)
    if found is None and name in STARTED_ELSEWHERE:
        return node  # an object of it on another machine
    return found or AttributeOf(node, name)


def super_attribute(evaluation: Evaluation, node: Class, receiver: Node, name: str) -> Node:
    """`super().name` in a method of `node`."""
    found = _in_bodies(evaluation, evaluation.ancestors(node)[1:], name, receiver)
    return found or AttributeOf(receiver, name)


def _in_bodies(
    evaluation: Evaluation, classes: tuple[Class, ...], name: str, receiver: Node
) -> Node | None:
    """What the bodies of some classes say of a name, the first that says something."""
    for class_ in classes:
        path, qualified = class_.path, f"{class_.fact.name}.{name}"
        meanings = evaluation.index.definitions.get((path, qualified))
        if meanings:
            return merge(
                Class(path, fact)
                if isinstance(fact, ClassFact)
                else _method(evaluation, Function(path, fact, receiver))
                for fact in meanings
            )
        field = next((field for field in class_.fact.fields if field.name == name), None)
        if field is not None and not isinstance(field.default, Absent):
            return evaluation.force(field.default, evaluation.module_frame(path))
    return None


def _method(evaluation: Evaluation, function: Function) -> Node:
    decorators = {last_name(each) for each in function.fact.decorators}
    if "staticmethod" in decorators:
        return Function(function.path, function.fact)
    if not isinstance(function.receiver, Instance):
        return function
    if decorators & _PROPERTIES:
        return evaluation.enter(function, (), None)
    if "classmethod" in decorators:
        return Function(function.path, function.fact, function.receiver.class_)
    return function


# --- their objects ------------------------------------------------------------------------------


def instance_attribute(evaluation: Evaluation, node: Instance, name: str) -> Node:
    """`object.name`: set in a method, given to a constructor, or said by the class."""
    found = _set_on_self(evaluation, node, name)
    if found is not None:
        return found
    if is_record(evaluation, node.class_) or _is_filled(evaluation, node, name):
        found = _record_field(evaluation, node, name)
    if found is None:
        found = _in_bodies(evaluation, evaluation.ancestors(node.class_), name, node)
    return found if found is not None else AttributeOf(node, name)


def _set_on_self(evaluation: Evaluation, node: Instance, name: str) -> Node | None:
    """What methods set; while that is under way (`self.x = self.x or 1`), what came before."""
    if name in node.busy:
        return None
    for class_ in evaluation.ancestors(node.class_):
        term = next((term for key, term in class_.fact.attributes if key == name), None)
        if term is not None:
            node.busy.add(name)
            try:
                return evaluation.force(term, evaluation.making(node, class_))
            finally:
                node.busy.discard(name)
    return None


def is_record(evaluation: Evaluation, class_: Class) -> bool:
    """Whether the constructor of a class takes its fields: dataclasses, models of pydantic."""
    constructors = _constructors(evaluation, class_)
    # `__init__(self, **data)` hands on what it gets
    if not all([given.kind for given in each] == ["**"] for each in constructors):
        return False
    for each in evaluation.ancestors(class_):
        for decorator in each.fact.decorators:
            named = decorator
            if isinstance(decorator, Result):
                named = evaluation.index.call(Site(each.path, decorator.call)).callee
            if isinstance(named, Symbol) and last_name(named) in _RECORD_DECORATORS:
                return True
    return any(name.startswith(_MODELS) for name in evaluation.library_bases(class_))


def _constructors(evaluation: Evaluation, class_: Class) -> list[tuple[ParameterFact, ...]]:
    """The parameters of the constructors that a class and its ancestors write themselves."""
    names = ((each.path, f"{each.fact.name}.__init__") for each in evaluation.ancestors(class_))
    facts = (evaluation.function(*name) for name in names)
    return [fact.parameters[1:] for fact in facts if fact is not None]


def _is_filled(evaluation: Evaluation, node: Instance, name: str) -> bool:
    """Whether a library's constructor may have filled an annotated field of the class.

    What is not found of the libraries may well be pydantic's: a base of one's own, installed.
    """
    if not node.arguments or _constructors(evaluation, node.class_):
        return False
    bases = (base.partition(".")[0] for base in evaluation.library_bases(node.class_))
    if not any(package not in _PLAIN for package in bases):
        return False
    known = _fields(evaluation, node.class_)
    return name in known and not isinstance(known[name][1].annotation, Absent)


def _fields(evaluation: Evaluation, class_: Class) -> dict[str, tuple[Class, FieldFact]]:
    """The fields of a record in the order of its constructor, each with its class."""
    return {
        field.name: (each, field)
        for each in reversed(evaluation.ancestors(class_))
        for field in each.fact.fields
    }


def has_field(evaluation: Evaluation, class_: Class, name: str) -> bool:
    """Whether the objects of a class certainly have an attribute of this name."""
    ancestors = evaluation.ancestors(class_)
    set_here = (key for each in ancestors for key, _ in each.fact.attributes)
    return name in _fields(evaluation, class_) or name in set_here


def _record_field(evaluation: Evaluation, node: Instance, name: str) -> Node | None:
    known = _fields(evaluation, node.class_)
    if name not in known:
        return None
    owner, field = known[name]
    given: Node | None = None
    if node.arguments:
        given = evaluation.argument(node.arguments, (name,), list(known).index(name))
        if given is not None and given != SPREAD and ABSENT not in options(given):
            return given
    whole = node.origin or Origin(OriginKind.FIELD, owner.path, (owner.fact.name,))
    origin = whole.item(name)
    default: Node = Unknown(Reason.REQUIRED, "field", origin)
    if not isinstance(field.default, Absent):
        frame = evaluation.module_frame(owner.path)
        default = soften_option(evaluation.force(field.default, frame), origin)
    if given is not None and given != SPREAD:  # on one branch only: elsewhere the default holds
        return merge([*(each for each in options(given) if each != ABSENT), default])
    is_filled = node.origin is not None and node.frame is not None
    if given is not None and not is_filled:
        # `Config(**json.load(f))`: whoever writes the file may give it
        return soften_option(default, origin)
    if node.origin is None or node.frame is None:
        return default
    return evaluation.decided((node.frame.path,), (name,), default, origin)
