"""Attributes of objects: set in methods, given to constructors, said by the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Absent, Default, FieldFact, Known, Result, Symbol, Unknown
from loralint.linker import commands
from loralint.linker.classes import ancestors, found_in, library_bases, name_of
from loralint.linker.nodes import Arguments, Class, Frame, Instance, Method, Node, soften
from loralint.linker.values import SPREAD

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

_MODELS = ("pydantic.", "pydantic_settings.", "msgspec.", "attr.", "attrs.", "typing.NamedTuple")
_PLAIN = frozenset({"builtins", "abc", "enum", "typing", "torch"})
"""Packages with bases whose constructors fill no fields."""

_RECORD_DECORATORS = frozenset(
    {"dataclass", "define", "frozen", "attrs", "s", "pydantic_dataclass"}
)


def instance_attribute(machine: Machine, node: Instance, name: str) -> Node:
    """`object.name`: set in a method, given to a constructor, or said by the class."""
    classes = ancestors(machine, node.class_)
    found = _set_on_self(machine, node, classes, name)
    if found is None and (is_record(machine, node.class_) or _is_filled(machine, node, name)):
        found = _record_field(machine, node, classes, name)
    if found is None:
        found = found_in(machine, classes, name, node)
    return found if found is not None else Method(node, name)


def _set_on_self(
    machine: Machine, node: Instance, classes: tuple[Class, ...], name: str
) -> Node | None:
    """What methods set; while that is under way (`self.x = self.x or 1`), what came before."""
    if name in node.busy:
        return None
    for class_ in classes:
        term = next((term for key, term in class_.fact.attributes if key == name), None)
        if term is not None:
            node.busy.add(name)
            try:
                return machine.force(term, _making(machine, node, class_))
            finally:
                node.busy.discard(name)
    return None


def _making(machine: Machine, node: Instance, class_: Class) -> Frame:
    """The frame of the constructor of `class_` as it runs for this object."""
    cache = machine.cache("making")
    key = (id(node), class_.path, class_.fact.name)
    if key not in cache:
        arguments = _constructor_arguments(machine, node, class_)
        name = f"{class_.fact.name}.__init__" if arguments is not None else ""
        module = machine.module_frame(class_.path)
        depth = node.frame.depth + 1 if node.frame is not None else 0
        frame = Frame(class_.path, name, arguments or (), module, node.frame, node.site, node)
        frame.depth = depth
        cache[key] = (node, frame)  # the node is kept, so that its id stays its own
    made: Frame = cache[key][1]
    return made


def _constructor_arguments(machine: Machine, node: Instance, class_: Class) -> Arguments | None:
    """What the constructor of `class_` is given: by the call, or by a subclass's constructor."""
    if node.arguments is None:
        return None
    for each in ancestors(machine, node.class_):
        if each is class_ or each.fact is class_.fact:
            return node.arguments
        if machine.function(each.path, f"{each.fact.name}.__init__") is not None:
            return _passed_on(machine, node, each)
    return node.arguments


def _passed_on(machine: Machine, node: Instance, class_: Class) -> Arguments | None:
    """The arguments of `super().__init__(...)` in the constructor of `class_`."""
    name = f"{class_.fact.name}.__init__"
    for path, position in machine.index.calls_by_name.get("__init__", ()):
        call = machine.index.call((path, position))
        if path == class_.path and call.function == name:
            frame = _making(machine, node, class_)
            return tuple((argument, frame) for argument in call.arguments)
    return None


# --- records: dataclasses, pydantic models, named tuples ----------------------------------------


def is_record(machine: Machine, class_: Class) -> bool:
    """Whether the constructor of a class takes its fields."""
    if has_constructor(machine, class_) and not _passes_all(machine, class_):
        return False
    for each in ancestors(machine, class_):
        if any(_is_record_decorator(machine, each, term) for term in each.fact.decorators):
            return True
    names = library_bases(machine, class_)
    return any(name.startswith(_MODELS) for name in names)


def _is_filled(machine: Machine, node: Instance, name: str) -> bool:
    """Whether a library's constructor may have filled an annotated field of the class.

    What is not found of the libraries may well be pydantic's: a base of one's own, installed.
    """
    if not node.arguments or has_constructor(machine, node.class_):
        return False
    bases = (base.partition(".")[0] for base in library_bases(machine, node.class_))
    if not any(package not in _PLAIN for package in bases):
        return False
    known = fields(machine, node.class_)
    return name in known and not isinstance(known[name][1].annotation, Absent)


def _is_record_decorator(machine: Machine, class_: Class, term: object) -> bool:
    if isinstance(term, Symbol):
        return name_of(term) in _RECORD_DECORATORS
    if isinstance(term, Result):
        call = machine.index.call((class_.path, term.call))
        return name_of(call.callee) in _RECORD_DECORATORS
    return False


def has_constructor(machine: Machine, class_: Class) -> bool:
    """Whether a class or an ancestor in the project writes its own `__init__`."""
    return any(
        machine.function(each.path, f"{each.fact.name}.__init__") is not None
        for each in ancestors(machine, class_)
    )


def _passes_all(machine: Machine, class_: Class) -> bool:
    """Whether every own constructor is `__init__(self, **data)`, which hands on what it gets."""
    for each in ancestors(machine, class_):
        fact = machine.function(each.path, f"{each.fact.name}.__init__")
        if fact is not None and [given.kind for given in fact.parameters[1:]] != ["**"]:
            return False
    return True


def fields(machine: Machine, class_: Class) -> dict[str, tuple[Class, FieldFact]]:
    """The fields of a record in the order of its constructor."""
    found: dict[str, tuple[Class, FieldFact]] = {}
    for each in reversed(ancestors(machine, class_)):
        for field in each.fact.fields:
            found[field.name] = (each, field)
    return found


def has_field(machine: Machine, node: Instance, name: str) -> bool:
    """Whether an object certainly has an attribute of this name."""
    classes = ancestors(machine, node.class_)
    set_here = (key for each in classes for key, _ in each.fact.attributes)
    return name in fields(machine, node.class_) or name in set_here


def _record_field(
    machine: Machine, node: Instance, classes: tuple[Class, ...], name: str
) -> Node | None:
    known = fields(machine, node.class_)
    if name not in known:
        return None
    owner, field = known[name]
    given = _given(machine, node, list(known).index(name), name)
    if given is not None and given != SPREAD:
        return given
    origin = node.origin or f"{owner.path}:{owner.fact.name}"
    default = _default(machine, owner, field, f"{origin}.{name}")
    if given is not None:  # `Config(**json.load(f))`: whoever writes the file may give it
        return soften_option(default, f"{origin}.{name}")
    if not node.origin or node.frame is None:
        return default
    return commands.decided(machine, (node.frame.path,), (name,), default, f"{origin}.{name}")


def _given(machine: Machine, node: Instance, position: int, name: str) -> Node | None:
    if not node.arguments:
        return None
    from loralint.linker.arguments import argument

    return argument(machine, node.arguments, (name,), position)


def _default(machine: Machine, owner: Class, field: FieldFact, origin: str) -> Node:
    if isinstance(field.default, Absent):
        return Unknown("a required field", origin)
    node = machine.force(field.default, machine.module_frame(owner.path))
    return soften_option(node, origin)


def soften_option(node: Node, origin: str) -> Node:
    """The default of an option or field; an empty text asks for a value as None does."""
    if node == Known(None) or node == Known("") or node == ABSENT:
        return Default(None, origin)
    return soften(node, origin)
