"""Import statements: what they bind, and which modules they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from loralint.facts import Symbol

if TYPE_CHECKING:
    from loralint.read.python.evaluate import Evaluator


def dotted(node: cst.BaseExpression | None) -> str:
    """`a.b.c` of a chain of names."""
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def bind_import(evaluator: Evaluator, node: cst.Import) -> None:
    """`import a.b` binds `a`; `import a.b as c` binds the module itself."""
    for alias in node.names:
        module = dotted(alias.name)
        evaluator.recorder.imports[module] = None
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            evaluator.frame.names[alias.asname.name.value] = Symbol(module, "")
        else:
            root = module.partition(".")[0]
            evaluator.frame.names[root] = Symbol(root, "")


def bind_import_from(evaluator: Evaluator, node: cst.ImportFrom) -> None:
    """`from m import x as y` binds `y`; a star is left to the linker."""
    module = "." * len(node.relative) + dotted(node.module)
    evaluator.recorder.imports[module] = None
    if isinstance(node.names, cst.ImportStar):
        evaluator.recorder.star_imports[module] = None
        return
    for alias in node.names:
        name = dotted(alias.name)
        bound = alias.asname.name if alias.asname is not None else alias.name
        if module.strip(".") == "":
            evaluator.recorder.imports[f"{module}{name}"] = None
        if isinstance(bound, cst.Name):
            evaluator.frame.names[bound.value] = Symbol(module, name)
