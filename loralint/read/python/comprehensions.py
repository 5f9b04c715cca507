"""Comprehensions that pass on what they are made of."""

from __future__ import annotations

import ast


def passed_on(node: ast.DictComp) -> ast.expr | None:
    """The mapping whose items `{k: v for k, v in x.items() if …}` passes on, each as it is.

    None where it may leave out what somebody asks for: a key that is written down.
    """
    loop, *others = node.generators
    items, target = loop.iter, loop.target
    if others or not (isinstance(items, ast.Call) and isinstance(items.func, ast.Attribute)):
        return None
    if items.func.attr != "items" or not isinstance(target, ast.Tuple):
        return None
    given = [each.id for each in (*target.elts, node.key, node.value) if isinstance(each, ast.Name)]
    if len(given) != 4 or given[:2] != given[2:]:
        return None
    named = (
        test
        for condition in loop.ifs
        for test in ast.walk(condition)
        if isinstance(test, ast.Compare) and not isinstance(test.ops[0], (ast.In, ast.IsNot))
    )
    return None if any(given[0] in _names(test) for test in named) else items.func.value


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
