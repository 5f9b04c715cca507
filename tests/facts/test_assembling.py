"""A module put together from its statements says what the whole module says, and where."""

from __future__ import annotations

import libcst as cst
import pytest

from loralint.facts import CallFact
from loralint.read.python import module as python
from loralint.read.python.assembling import whole
from loralint.read.python.units import NotCut

LOAD = 'X.from_pretrained("a/b", revision="c")'

MODULES = {
    "plain": f"import os\nx = {LOAD}\n",
    "the same twice": f"from m import X\nx = {LOAD}\nif x:\n    x = {LOAD}\n",
    "rows": 'from m import X\nx = X.from_pretrained(\n    "a/b",  # (\n\n    revision="c",\n)\n',
    "text of rows": 'from m import X\nx = X.from_pretrained(\n    """a\n# b\n""", revision="c")\n',
    "backslash": 'from m import X\nx = \\\n  X.from_pretrained("a/b",\\\n  revision="c")\n',
    "clauses": (
        f"from m import X\nif a:\n    x = 1\nelif f({LOAD}):\n    x = {LOAD}\nelse: x = {LOAD}\n"
        f"try: import y\nexcept (A, B) as e: y = {LOAD}\nexcept:\n    raise E(e)\n"
        f"else:\n    z = {LOAD}\nfinally: q = {LOAD}\n"
    ),
    "loops": (
        f"from m import X\nfor i in f({LOAD}):\n    break\nelse:\n    i = {LOAD}\n"
        f"while {LOAD}:\n    pass\nwith {LOAD} as w, open(w): u = w\n"
    ),
    "match": (
        f"from m import X\nmatch {LOAD}:\n    case [1]:\n        x = 1\n"
        f"    case _:\n        x = {LOAD}\n"
    ),
    "definitions": (
        f"from m import X\n@f({LOAD})\n# comment\n@g\nasync def load(a={LOAD}, *b, **c) -> X:\n"
        f'    """Text."""\n    return {LOAD}\nclass A(B, m=1): c = {LOAD}\nclass C:\n'
        f"    d: int = {LOAD}; e = d\n    def f(self): return self.d\n"
    ),
    "a field's help": (
        'from m import X\nclass A:\n    a: str = field(\n        default="a/b",\n'
        '        metadata={"help": "a) {b", "more": [1]},\n    )\n'
        f"    b: int = field(default=f({LOAD}), metadata={{}})\n"
    ),
    "tabs": f"from m import X\nif a:\n\tx = {LOAD}\n\tif b:\n\t\ty = x\n",
    "wide": f'from m import X\nx = f("ä€😀", f"{{a}}ü", {LOAD})\n',
}  # fmt: skip


@pytest.mark.parametrize("text", MODULES.values(), ids=MODULES)
def test_the_same_facts(text: str) -> None:
    lines = text.split("\n")
    tree = python._sliced(text, lines)
    assert tree.origins
    together = python._facts("m.py", text, lines, tree)
    assert together == python._facts("m.py", text, lines, whole(cst.parse_module(text)))
    assert any("from_pretrained" in call.text for call in together.calls)
    for call in together.calls:
        assert written(lines, call).startswith(("X", "f", "g", "open"))


def written(lines: list[str], call: CallFact) -> str:
    """What stands where a call is said to begin."""
    return lines[call.span.start.row - 1][call.span.start.column - 1 :]


WRONG = ["if x:\ny = 1\n", "x = 1\n  y = 2\n", "else:\n    x = 1\n", "  x = 1\n", "try:\n    x\n",
         "@f\nx = 1\n", "if x:\n    a = 1\n  b = 2\n", "match x:\n    y = 1\n"]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_blocks_that_do_not_add_up_are_read_whole(text: str) -> None:
    with pytest.raises((NotCut, cst.ParserSyntaxError)):
        python._sliced(text, text.split("\n"))
