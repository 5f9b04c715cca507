"""Libraries that make objects of data: namespaces, configurations, dataclasses, pydantic, tyro."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loralint.facts import (
    EACH,
    Absent,
    Argument,
    Elements,
    Known,
    Origin,
    OriginKind,
    Partial,
    Reason,
    Term,
    Unknown,
    parts_of,
)
from loralint.values.evaluation import CallModel, Evaluation
from loralint.values.libraries.layers import layered
from loralint.values.nodes import (
    Arguments,
    ByDefault,
    CallResult,
    Class,
    Evaluable,
    External,
    FilledObject,
    Frame,
    Function,
    Instance,
    MappingNode,
    Node,
    OneOf,
    PartialCall,
    SequenceNode,
    Unevaluated,
    arguments_of,
    soften_option,
)
from loralint.values.objects import rows

_NAMESPACES = """SimpleNamespace EasyDict AttrDict Munch Box Dict DictConfig create structured
Namespace ConfigDict""".split()


class Records:
    """Calls that return what they are given, in another form."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    @property
    def functions(self) -> dict[str, CallModel]:
        """The models of functions."""
        return {
            **dict.fromkeys(_NAMESPACES, self._namespace),
            **dict.fromkeys(("merge", "unsafe_merge"), self._merged),
            **dict.fromkeys(("cli", "parse", "wrap"), self._parsed),
            **dict.fromkeys(("field", "Field"), self._field),
            "from_cli": self._from_cli,
            "replace": self._replaced,
            "modal.parameter": self._parameter,
            "builtins.zip": self._zipped,
            "builtins.enumerate": self._enumerated,
        }

    @property
    def methods(self) -> dict[str, CallModel]:
        """The models of methods."""
        return {
            **dict.fromkeys(
                ("model_validate", "parse_obj", "from_dict", "schema"), self._validated
            ),
            **dict.fromkeys(("copy", "model_dump", "to_dict", "dict", "model_copy"), self._copied),
            "options": self._with_resources,
            "values": self._values,
            "items": self._items,
            "pop": self._popped,
        }

    def partial(self, term: Partial, frame: Frame) -> Node:
        """`functools.partial(f, x)`."""
        callee = self.evaluation.force(term.callee, frame)
        return PartialCall(callee, arguments_of(term.arguments, frame))

    # --- functions ---

    def _namespace(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`SimpleNamespace(**x)`, `EasyDict(x)`, `OmegaConf.create(x)`: the mapping itself."""
        return MappingNode(
            tuple(
                (None if given.stars else given.name, Unevaluated(given.value, frame))
                for given, frame in arguments
                if given.stars != 1
            )
        )

    def _merged(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`OmegaConf.merge(a, b)`: later ones win, key by key."""
        layers: list[Node] = []
        for given, frame in arguments:
            if given.stars == EACH:
                layers += self._each(given.value, frame)
                continue
            found = self.evaluation.positionals(((given, frame),))
            layers += [self.evaluation.look(each) for each in found if each]
        return layered(self.evaluation, layers) if layers else None

    def _each(self, term: Term, frame: Frame) -> Iterator[Node]:
        """What a term is for every element of the loop around, in order."""
        todo = [term]
        while todo:
            each = todo.pop()
            if isinstance(each, Elements):
                count = len(rows(self.evaluation.force(each.base, frame)))
                for number in range(count):
                    yield self.evaluation.force(term, replace(frame, row=(each, number)))
                return
            todo += parts_of(each)

    def _from_cli(self, result: CallResult, arguments: Arguments) -> Node | None:
        """What the command line gives: nothing, unless somebody says otherwise."""
        origin = Origin(OriginKind.COMMAND_LINE, result.path, ("cli",))
        return ByDefault(MappingNode(()), origin)

    def _parsed(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`tyro.cli(Config)`, `draccus.parse(Config)`: an object that the command line fills."""
        given = self.evaluation.argument(arguments, ("config_class",), 0)
        files = tuple(
            (Argument(each.value, None, 2), frame)
            for each, frame in arguments
            if each.name == "config_path"
        )
        return filled(given, result, files) if isinstance(given, (Class, External)) else None

    def _field(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`field(default_factory=X)`: what X() returns."""
        default = self.evaluation.argument(arguments, ("default",))
        if default is not None and not isinstance(default, Absent):
            return default
        factory = self.evaluation.argument(arguments, ("default_factory", "factory"))
        if factory is None:
            return None
        if isinstance(factory, Class):
            return Instance(factory, ())
        if isinstance(factory, External):
            if factory.name in ("builtins.dict", "builtins.list"):
                return MappingNode(()) if factory.name.endswith("dict") else SequenceNode(())
            return Unknown(Reason.RESULT, factory.name)
        return self.evaluation.call(factory, (), result.frame, result.site)

    def _parameter(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`modal.parameter(default=x)` of a class: x, unless its maker says otherwise."""
        default = self.evaluation.argument(arguments, ("default",))
        origin = Origin(OriginKind.FIELD, result.path, call=result.site.number)
        return soften_option(default, origin) if default is not None else None

    def _with_resources(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`train.options(num_gpus=1)` is the function still."""
        receiver = result.receiver
        return receiver if isinstance(receiver, (Class, Function)) else None

    def _replaced(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`dataclasses.replace(x, a=1)`."""
        base: Evaluable = Unknown(Reason.NOT_GIVEN)
        if arguments:
            base = Unevaluated(arguments[0][0].value, arguments[0][1])
        changes = ((a.name, Unevaluated(a.value, f)) for a, f in arguments[1:] if a.name)
        return MappingNode(((None, base), *changes))

    def _zipped(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`zip(names, revisions)`: rows of both."""
        given = [self.evaluation.look(e) for e in self.evaluation.positionals(arguments) if e]
        columns = [rows(each) for each in given]
        made = tuple(SequenceNode(row) for row in zip(*columns, strict=False))
        return SequenceNode(made) if made else None

    def _enumerated(self, result: CallResult, arguments: Arguments) -> Node | None:
        given = self.evaluation.argument(arguments, ("iterable",), 0)
        index = Unknown(Reason.EXPRESSION, "an index")
        made = tuple(SequenceNode((index, each)) for each in rows(given)) if given else ()
        return SequenceNode(made) if made else None

    # --- methods ---

    def _validated(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`Model.model_validate(x)` of a pydantic model, `Config.from_dict(x)` of a dataclass."""
        receiver = result.receiver
        if not isinstance(receiver, Class) or not arguments:
            return None
        given, frame = arguments[0]
        spread = ((Argument(given.value, None, 2), frame),)
        return Instance(receiver, spread, frame=result.frame)

    def _copied(self, result: CallResult, arguments: Arguments) -> Node | None:
        receiver = result.receiver
        return receiver if isinstance(receiver, (MappingNode, Instance, ByDefault)) else None

    def _values(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`mapping.values()`."""
        receiver = result.receiver
        if not isinstance(receiver, MappingNode):
            return None
        return SequenceNode(tuple(value for _, value in receiver.entries))

    def _items(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`mapping.items()`."""
        receiver = result.receiver
        if not isinstance(receiver, MappingNode):
            return None
        pairs: list[Evaluable] = []
        for key, value in receiver.entries:
            name = Known(key) if key is not None else Unknown(Reason.EXPRESSION, "a key")
            pairs.append(SequenceNode((name, value)))
        return SequenceNode(tuple(pairs))

    def _popped(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`kwargs.pop(key, default)`."""
        receiver = result.receiver
        if not isinstance(receiver, (MappingNode, OneOf, ByDefault)):
            return None
        key = self.evaluation.argument(arguments, (), 0) or Unknown(Reason.NOT_GIVEN)
        rest = self.evaluation.positionals(arguments[1:])
        return self.evaluation.item(receiver, key, next(rest, None))


def filled(node: Node, result: CallResult, content: Arguments = ()) -> Node:
    """An object of a class whose fields come from outside, by what `result` is a call of.

    `content` is a file or dict that is spread over the fields.
    """
    if isinstance(node, Class):
        origin = Origin(OriginKind.FIELD, node.path, (node.fact.name,))
        return Instance(node, content or None, origin, result.frame)
    if isinstance(node, External):
        name = node.name.rpartition(".")[2]
        return FilledObject(node.name, Origin(OriginKind.FIELD, result.path, (name,)), content)
    return Unknown(Reason.OUTSIDE, "filled from the command line")
