"""Configurations laid over one another: later ones win, key by key and all the way down."""

from __future__ import annotations

from loralint.values.evaluation import Evaluation
from loralint.values.nodes import ByDefault, Evaluable, MappingNode, Node, soften


def layered(evaluation: Evaluation, layers: list[Node]) -> Node:
    """All layers as one mapping."""
    node = layers[0]
    for layer in layers[1:]:
        node = _over(evaluation, node, layer)
    return node


def _over(evaluation: Evaluation, below: Node, above: Node) -> Node:
    if isinstance(above, ByDefault) and isinstance(above.node, MappingNode):
        return soften(_over(evaluation, below, above.node), above.origin)
    if isinstance(below, ByDefault):
        return soften(_over(evaluation, below.node, above), below.origin)
    if not isinstance(above, MappingNode):
        return above if isinstance(below, MappingNode) else below
    if not isinstance(below, MappingNode):
        return MappingNode(((None, below), (None, above))) if above.entries else above
    entries: list[tuple[str | None, Evaluable]] = []
    for key, given in above.entries:
        before = evaluation.lookup(below, key) if key is not None else None
        node = evaluation.look(given)
        deep = isinstance(before, MappingNode) and isinstance(node, MappingNode)
        entries.append((key, _over(evaluation, before, node) if deep and before else given))
    return MappingNode((*below.entries, *entries))
