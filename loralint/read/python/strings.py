"""String expressions → terms: literals, f-strings, `%`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from loralint.facts import Known, Reason, Sequence, Term, Unknown
from loralint.literals import may_be
from loralint.read.python import terms

if TYPE_CHECKING:
    from loralint.read.python.evaluate import Evaluator


def string(evaluator: Evaluator, node: cst.SimpleString | cst.ConcatenatedString) -> Term:
    """A literal, implicit concatenation included."""
    if isinstance(node, cst.SimpleString) and node.value[0] in "\"'" and "\\" not in node.value:
        found = Known(node.raw_value)  # ten times as fast as evaluating the literal
        return evaluator.recorder.literal(found, node) if may_be(found) else found
    try:
        value = node.evaluated_value
    except (SyntaxError, ValueError):
        return Unknown(Reason.EXPRESSION, "a string that Python cannot read")
    if isinstance(value, str):
        return terms.text(value)
    if value is None and isinstance(node, cst.ConcatenatedString):
        return terms.join((evaluator.term(node.left), evaluator.term(node.right)))
    return Unknown(Reason.EXPRESSION, "bytes")


def formatted(evaluator: Evaluator, node: cst.FormattedString) -> Term:
    """An f-string, its expressions evaluated."""
    parts: list[Term] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            parts.append(Known(part.value.replace("{{", "{").replace("}}", "}")))
        elif isinstance(part, cst.FormattedStringExpression):
            value = evaluator.term(part.expression)
            plain = part.conversion in (None, "s") and not part.format_spec
            parts.append(value if plain else Unknown(Reason.EXPRESSION, "a formatted value"))
    return terms.join(parts) if parts else Known("")


def percent(left: Known, right: Term) -> Term:
    """`"%s/%s" % (a, b)`, where only plain `%s` fields stand."""
    if not isinstance(left.value, str) or left.value.count("%") != left.value.count("%s"):
        return Unknown(Reason.EXPRESSION, "arithmetic")
    values = right.items if isinstance(right, Sequence) else (right,)
    texts = left.value.split("%s")
    if len(texts) != len(values) + 1:
        return Unknown(Reason.EXPRESSION, "a format whose arguments do not fit")
    parts: list[Term] = [Known(texts[0])]
    for value, text in zip(values, texts[1:], strict=True):
        parts.extend((value, Known(text)))
    return terms.join(part for part in parts if part != Known(""))
