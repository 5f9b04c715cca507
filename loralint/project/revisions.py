"""The revision of a load: its own keyword, or one inside what the call hands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.catalog import Loader
from loralint.facts import ABSENT, Absent, Default, Known, Reason, Unknown, Value
from loralint.project.matching import Match
from loralint.values.nodes import Arguments, CallResult, MappingNode, Node, arguments_of
from loralint.values.objects import changed
from loralint.values.values import SPREAD, value_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator


def revision_of(evaluator: Evaluator, match: Match, arguments: Arguments) -> Value:
    """The revision that a load asks for; Absent where it is not said."""
    loader = match.loader
    if loader.revision is None:
        return ABSENT
    node = evaluator.argument(arguments, (loader.revision,), loader.revision_position)
    if node is None or isinstance(node, Absent):
        node = _nested(evaluator, loader, arguments, loader.revision)
    found = value_of(node) if node is not None else ABSENT
    return _unless_mirrored(evaluator, loader, arguments, found)


def _nested(evaluator: Evaluator, loader: Loader, arguments: Arguments, name: str) -> Node | None:
    """A keyword inside a dict that is handed on: `model_kwargs={"revision": ...}`."""
    for path in loader.nested:
        first, *rest = path.split(".")
        node = evaluator.argument(arguments, (first,))
        for part in rest:
            node = _of_arguments_object(evaluator, node, part) if node is not None else None
        if node is not None:
            found = evaluator.lookup(MappingNode(((None, node),)), name)
            if found is not None:
                return found
    return None


def _of_arguments_object(evaluator: Evaluator, node: Node, name: str) -> Node | None:
    """A keyword of the call that made a library's arguments object (`SFTConfig(...)`)."""
    if isinstance(node, CallResult):
        call = evaluator.index.call(node.site)
        return evaluator.argument(arguments_of(call.arguments, node.frame), (name,))
    if isinstance(node, MappingNode):  # `training_args.model_init_kwargs = dict(...)`
        found = evaluator.lookup(node, name)
        whole = changed(evaluator, node)
        unset = found is None or found == SPREAD
        return _of_arguments_object(evaluator, whole, name) if unset and whole else found
    if isinstance(node, Unknown):
        return Unknown(Reason.FRAMEWORK, "in the trainer's arguments")
    return None


def _unless_mirrored(
    evaluator: Evaluator, loader: Loader, arguments: Arguments, found: Value
) -> Value:
    """A 4-bit unsloth load maps the name to a mirror and drops the revision."""
    if not loader.packages.startswith("unsloth"):
        return found
    exact = evaluator.argument(arguments, ("use_exact_model_name",))
    four_bit = evaluator.argument(arguments, ("load_in_4bit",))
    if _is(exact, True) or _is(four_bit, False):
        return found
    return Unknown(Reason.FRAMEWORK, "unsloth drops it when it maps the name to a 4-bit mirror")


def _is(node: Node | None, flag: bool) -> bool:
    """Whether a flag is certainly or by default this."""
    return isinstance(node, (Known, Default)) and node.value is flag
