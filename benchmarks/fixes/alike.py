"""Whether two versions of a file differ in nothing but what fixes may change.

This does not use loralint's own comparison (`fixer/meaning.py`): Python is compared as syntax
trees of the standard library, notebooks cell by cell, YAML, JSON and TOML as data, the rest word
by word, each without revisions and quantisation keywords.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYWORDS = re.compile(
    r"(\w+_)?(revision|rev|ref|commit(_\w+)?|branch|sha)(_of_model)?|reviso?n|revis\w+"
    r"|quantization_config|load_in_[48]bit|(trust|allow)_\w+|local_files\w*"
)
CONFIG = "BitsAndBytesConfig"
_REVISION = re.compile(r"[0-9a-f]{40}|main|master|HEAD|refs/pr/\d+|v?\d+(\.\d+)*|")
_IGNORE = re.compile(r"#\s*(loralint:\s*ignore|noqa)[^#\n]*")
_FLAG = re.compile(r"\s*--?[\w-]*revision[= ](\"[^\"]*\"|'[^']*'|\S+)|,revision=[0-9a-f]{40}\b")
"""A flag of a command line, or one of the `--model_args a=b,c=d` of lm_eval."""


class _Stripped(ast.NodeTransformer):
    """A module without what fixes may change."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords = [one for one in node.keywords if not _may_change(one)]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        if node.module == "transformers":
            node.names = [name for name in node.names if name.name != CONFIG]
        return node if node.names else None

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        is_revision = isinstance(node.value, str) and _REVISION.fullmatch(node.value)
        return ast.Constant("REVISION") if is_revision else node


def _may_change(given: ast.keyword) -> bool:
    """Whether a keyword is one of those, or holds them alone: `model_kwargs={"revision": "…"}`."""
    inside = given.value.keys if isinstance(given.value, ast.Dict) else []
    names = [given.arg or "", *(key.value for key in inside if isinstance(key, ast.Constant))]
    alone = bool(inside) and len(names) == len(inside) + 1
    fits = [KEYWORDS.fullmatch(str(name)) is not None for name in names]
    return fits[0] or (alone and all(fits[1:]))


def differences(name: str, before: bytes, after: bytes) -> str:
    """What else than fixes may change is different, in a word; "" if nothing is."""
    kind = PurePath(name).suffix
    compare = _COMPARE.get(kind, _words)
    return compare(before.decode(errors="replace"), after.decode(errors="replace"))


def _python(before: str, after: str) -> str:
    old, new = _tree(before), _tree(after)
    if new is None:
        return "does not parse" if old is not None else _lines(before, after)
    return "" if old == new else "another syntax tree"


def _tree(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError):
        return None
    return ast.dump(_Stripped().visit(tree))


def _lines(before: str, after: str) -> str:
    """For what Python cannot read: as many lines, each the same without revisions."""
    return "" if _plain(before) == _plain(after) else "other words"


def _plain(text: str) -> str:
    text = _FLAG.sub("", _IGNORE.sub("", text))
    text = re.sub(rf",?\s*({KEYWORDS.pattern})\s*=\s*[\w.\"'/()=]*", "", text)
    text = re.sub(rf"from transformers import {CONFIG}\n", "", text)
    return "".join(re.sub(r"(['\"])[0-9a-f]{40}\1", "REVISION", text).split())


def _notebook(before: str, after: str) -> str:
    old, new = json.loads(before), json.loads(after)
    problems = [_cell(one, other) for one, other in zip(_cells(old), _cells(new), strict=True)]
    if any(problems):
        return next(filter(None, problems))
    return "" if json.dumps(old) == json.dumps(new) else "more than cells differs"


def _cells(notebook: dict[str, Any]) -> list[str]:
    """The sources of the cells, taken out of the notebook."""
    sheets = notebook.get("worksheets") or [notebook]
    found = []
    for cell in (cell for sheet in sheets for cell in sheet.get("cells", ())):
        source = cell.pop("source", None) or cell.pop("input", None) or ""
        found.append(source if isinstance(source, str) else "".join(source))
    return found


def _cell(before: str, after: str) -> str:
    if before == after:
        return ""
    return _python(before, after)


def _data(read: Callable[[str], Any]) -> Callable[[str, str], str]:
    def compare(before: str, after: str) -> str:
        try:
            old = _without(read(before))
        except Exception:  # any parser's error: the file was none before
            return _lines(before, after)
        return "" if old == _without(read(after)) else "other data"

    return compare


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if not KEYWORDS.fullmatch(str(k))}
    if isinstance(value, str):
        return _FLAG.sub("", value)  # a command in a workflow
    return [_without(one) for one in value] if isinstance(value, list) else value


def _words(before: str, after: str) -> str:
    old, new = (_FLAG.sub("", _IGNORE.sub("", text)).split() for text in (before, after))
    return "" if old == new else "other words"


_YAML = _data(lambda text: list(yaml.load_all(text, Loader=yaml.BaseLoader)))
_COMPARE: dict[str, Callable[[str, str], str]] = {
    ".py": _python,
    ".ipynb": _notebook,
    ".yaml": _YAML,
    ".yml": _YAML,
    ".json": _data(json.loads),
    ".toml": _data(tomllib.loads),
}
