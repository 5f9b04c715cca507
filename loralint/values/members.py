"""Attributes of objects: set in methods, given to constructors, said by the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import (
    ABSENT,
    Absent,
    Default,
    FieldFact,
    Known,
    Origin,
    OriginKind,
    Reason,
    Result,
    Site,
    Symbol,
    Unknown,
)
from loralint.values import commands
from loralint.values.classes import ancestors, found_in, library_bases, name_of
from loralint.values.nodes import Arguments, Class, Frame, Instance, Method, Node, soften
from loralint.values.values import SPREAD

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_MODELS = ("pydantic.", "pydantic_settings.", "msgspec.", "attr.", "attrs.", "typing.NamedTuple")
_PLAIN = frozenset({"builtins", "abc", "enum", "typing", "torch"})
"""Packages with bases whose constructors fill no fields."""

_RECORD_DECORATORS = frozenset(
    {"dataclass", "define", "frozen", "attrs", "s", "pydantic_dataclass"}
)


def instance_attribute(evaluator: Evaluator, node: Instance, name: str) -> Node:
    """`object.name`: set in a method, given to a constructor, or said by the class."""
    classes = ancestors(evaluator, node.class_)
    found = _set_on_self(evaluator, node, classes, name)
    if found is None and (is_record(evaluator, node.class_) or _is_filled(evaluator, node, name)):
        found = _record_field(evaluator, node, classes, name)
    if found is None:
        found = found_in(evaluator, classes, name, node)
    return found if found is not None else Method(node, name)


def _set_on_self(
    evaluator: Evaluator, node: Instance, classes: tuple[Class, ...], name: str
) -> Node | None:
    """What methods set; while that is under way (`self.x = self.x or 1`), what came before."""
    if name in node.busy:
        return None
    for class_ in classes:
        term = next((term for key, term in class_.fact.attributes if key == name), None)
        if term is not None:
            node.busy.add(name)
            try:
                return evaluator.force(term, _making(evaluator, node, class_))
            finally:
                node.busy.discard(name)
    return None


def _making(evaluator: Evaluator, node: Instance, class_: Class) -> Frame:
    """The frame of the constructor of `class_` as it runs for this object."""
    cache = evaluator.cache("making")
    key = (id(node), class_.path, class_.fact.name)
    if key not in cache:
        arguments = _constructor_arguments(evaluator, node, class_)
        name = f"{class_.fact.name}.__init__" if arguments is not None else ""
        module = evaluator.module_frame(class_.path)
        depth = node.frame.depth + 1 if node.frame is not None else 0
        frame = Frame(class_.path, name, arguments or (), module, node.frame, node.site, node)
        frame.depth = depth
        cache[key] = (node, frame)  # the node is kept, so that its id stays its own
    made: Frame = cache[key][1]
    return made


def _constructor_arguments(evaluator: Evaluator, node: Instance, class_: Class) -> Arguments | None:
    """What the constructor of `class_` is given: by the call, or by a subclass's constructor."""
    if node.arguments is None:
        return None
    for each in ancestors(evaluator, node.class_):
        if each is class_ or each.fact is class_.fact:
            return node.arguments
        if evaluator.function(each.path, f"{each.fact.name}.__init__") is not None:
            return _passed_on(evaluator, node, each)
    return node.arguments


def _passed_on(evaluator: Evaluator, node: Instance, class_: Class) -> Arguments | None:
    """The arguments of `super().__init__(...)` in the constructor of `class_`."""
    name = f"{class_.fact.name}.__init__"
    for site in evaluator.index.calls_by_name.get("__init__", ()):
        call = evaluator.index.call(site)
        if site.file == class_.path and call.function == name:
            frame = _making(evaluator, node, class_)
            return tuple((argument, frame) for argument in call.arguments)
    return None


# --- records: dataclasses, pydantic models, named tuples ----------------------------------------


def is_record(evaluator: Evaluator, class_: Class) -> bool:
    """Whether the constructor of a class takes its fields."""
    if has_constructor(evaluator, class_) and not _passes_all(evaluator, class_):
        return False
    for each in ancestors(evaluator, class_):
        if any(_is_record_decorator(evaluator, each, term) for term in each.fact.decorators):
            return True
    names = library_bases(evaluator, class_)
    return any(name.startswith(_MODELS) for name in names)


def _is_filled(evaluator: Evaluator, node: Instance, name: str) -> bool:
    """Whether a library's constructor may have filled an annotated field of the class.

    What is not found of the libraries may well be pydantic's: a base of one's own, installed.
    """
    if not node.arguments or has_constructor(evaluator, node.class_):
        return False
    bases = (base.partition(".")[0] for base in library_bases(evaluator, node.class_))
    if not any(package not in _PLAIN for package in bases):
        return False
    known = fields(evaluator, node.class_)
    return name in known and not isinstance(known[name][1].annotation, Absent)


def _is_record_decorator(evaluator: Evaluator, class_: Class, term: object) -> bool:
    if isinstance(term, Symbol):
        return name_of(term) in _RECORD_DECORATORS
    if isinstance(term, Result):
        call = evaluator.index.call(Site(class_.path, term.call))
        return name_of(call.callee) in _RECORD_DECORATORS
    return False


def has_constructor(evaluator: Evaluator, class_: Class) -> bool:
    """Whether a class or an ancestor in the project writes its own `__init__`."""
    return any(
        evaluator.function(each.path, f"{each.fact.name}.__init__") is not None
        for each in ancestors(evaluator, class_)
    )


def _passes_all(evaluator: Evaluator, class_: Class) -> bool:
    """Whether every own constructor is `__init__(self, **data)`, which hands on what it gets."""
    for each in ancestors(evaluator, class_):
        fact = evaluator.function(each.path, f"{each.fact.name}.__init__")
        if fact is not None and [given.kind for given in fact.parameters[1:]] != ["**"]:
            return False
    return True


def fields(evaluator: Evaluator, class_: Class) -> dict[str, tuple[Class, FieldFact]]:
    """The fields of a record in the order of its constructor."""
    found: dict[str, tuple[Class, FieldFact]] = {}
    for each in reversed(ancestors(evaluator, class_)):
        for field in each.fact.fields:
            found[field.name] = (each, field)
    return found


def has_field(evaluator: Evaluator, node: Instance, name: str) -> bool:
    """Whether an object certainly has an attribute of this name."""
    classes = ancestors(evaluator, node.class_)
    set_here = (key for each in classes for key, _ in each.fact.attributes)
    return name in fields(evaluator, node.class_) or name in set_here


def _record_field(
    evaluator: Evaluator, node: Instance, classes: tuple[Class, ...], name: str
) -> Node | None:
    known = fields(evaluator, node.class_)
    if name not in known:
        return None
    owner, field = known[name]
    given = _given(evaluator, node, list(known).index(name), name)
    if given is not None and given != SPREAD:
        return given
    whole = node.origin or Origin(OriginKind.FIELD, owner.path, (owner.fact.name,))
    origin = whole.item(name)
    default = _default(evaluator, owner, field, origin)
    if given is not None:  # `Config(**json.load(f))`: whoever writes the file may give it
        return soften_option(default, origin)
    if node.origin is None or node.frame is None:
        return default
    return commands.decided(evaluator, (node.frame.path,), (name,), default, origin)


def _given(evaluator: Evaluator, node: Instance, position: int, name: str) -> Node | None:
    if not node.arguments:
        return None
    from loralint.values.arguments import argument

    return argument(evaluator, node.arguments, (name,), position)


def _default(evaluator: Evaluator, owner: Class, field: FieldFact, origin: Origin | None) -> Node:
    if isinstance(field.default, Absent):
        return Unknown(Reason.REQUIRED, "field", origin)
    node = evaluator.force(field.default, evaluator.module_frame(owner.path))
    return soften_option(node, origin)


def soften_option(node: Node, origin: Origin | None) -> Node:
    """The default of an option or field; an empty text asks for a value as None does."""
    if node == Known(None) or node == Known("") or node == ABSENT:
        return Default(None, origin)
    return soften(node, origin)
