"""What is read of a large module says what the whole module says of loads, and where."""

from __future__ import annotations

import pytest

from loralint.facts import FileFacts
from loralint.read import extract
from loralint.read.python.relevance import SMALL
from loralint.source import Source

LOAD = 'X.from_pretrained("a/b", revision="c")'
UNRELATED = "def unrelated():\n" + "    value = compute(value)\n" * (SMALL // 25)

MODULES = {
    "module": f"import os\nx = {LOAD}\n",
    "in a branch": f"from m import X\nx = {LOAD}\nif x:\n    x = {LOAD}\n",
    "rows": 'from m import X\nx = X.from_pretrained(\n    "a/b",  # (\n\n    revision="c",\n)\n',
    "text of rows": 'from m import X\nx = X.from_pretrained(\n    """a\n# b\n""", revision="c")\n',
    "callee": f"from m import X\ndef name():\n    return 'a/b'\ndef f():\n    {LOAD}.tie(name())\n",
    "caller": f"from m import X\ndef load():\n    return {LOAD}\ndef main():\n    use(load())\n",
    "caller's caller": (
        f"from m import X\ndef load(n):\n    return {LOAD}\ndef get(n):\n    return load(n)\n"
        "def main():\n    get('d/e')\n"
    ),
    "passed on": "from m import X\ndef f():\n    load = X.from_pretrained\n    load('a/b')\n",
    "by name": "from m import X\ndef f():\n    getattr(X, 'from_pretrained')('a/b')\n",
    "attributes": (
        "from m import X\nclass A:\n    def __init__(self, name):\n        self.name = name\n"
        "    def rename(self):\n        self.name = 'd/e'\n"
        "    def load(self):\n        return X.from_pretrained(self.name)\n"
    ),
    "constructor": (
        f"from m import X\nclass A:\n    def __init__(self):\n        self.x = {LOAD}\n"
        "def main():\n    return A()\n"
    ),
    "method": (
        "from m import X\nclass A:\n    def name(self):\n        return 'a/b'\n"
        "    def load(self):\n        return X.from_pretrained(self.name())\n"
    ),
    "inner function": f"from m import X\ndef f():\n    def g():\n        return {LOAD}\n"
    "    return g\n",
    "a guard": (
        f"from m import X\ntry:\n    import y\nexcept ImportError:\n    def load():\n"
        f"        return {LOAD}\nload()\n"
    ),
    "decorated": f"from m import X, group\n@group.command()\ndef f():\n    return {LOAD}\n",
}  # fmt: skip


def facts(text: str, *, whole: bool = False) -> FileFacts:
    """The facts of a module."""
    return extract(Source("m.py", "python", text.encode()), whole=whole)


@pytest.mark.parametrize("text", MODULES.values(), ids=MODULES)
def test_the_same_facts(text: str) -> None:
    large, small = facts(text + UNRELATED), facts(text)
    assert large.calls == facts(text + UNRELATED, whole=True).calls[: len(small.calls)]
    assert large.calls == small.calls
    assert [each for each in large.functions if each.name != "unrelated"] == [*small.functions]
    assert large.classes == small.classes
    assert large.calls


def test_what_has_nothing_to_do_with_loads_is_not_read() -> None:
    text = f"from m import X, other\ndef f():\n    return {LOAD}\n{UNRELATED}    other(value)\n"
    assert not any("other" in call.text for call in facts(text).calls)
    assert any("other" in call.text for call in facts(text, whole=True).calls)
