"""loralint's hook in .pre-commit-config.yaml: everything else in the file stays as it is."""

from __future__ import annotations

from typing import Any

import yaml

from loralint import __version__

NAME = ".pre-commit-config.yaml"

ENTRY = f"""\
- repo: local
  hooks:
    - id: loralint
      name: loralint
      entry: loralint check
      language: python
      additional_dependencies: ["loralint=={__version__}"]
      types_or: [python, jupyter, yaml, json, toml, shell, dotenv, dockerfile, makefile]
      # One run over the whole project: a single file cannot show a pair.
      pass_filenames: false
      require_serial: true
"""


class CannotAdd(Exception):
    """Why the hook cannot be added by itself, in words."""


def with_hook(text: str | None) -> str | None:
    """The file with the hook; None where it is there already. Raises CannotAdd."""
    if text is None or not text.strip():
        return f"repos:\n{_indented(ENTRY, 2)}"
    before = _loaded(text)
    if _has_hook(before):
        return None
    after = _inserted(text, _repos(text))
    expected = {**before, "repos": [*(before.get("repos") or []), yaml.safe_load(ENTRY)[0]]}
    if _loaded(after) != expected:
        raise CannotAdd("its layout is unusual")
    return after


def _loaded(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CannotAdd("it is not valid YAML") from error
    if not isinstance(found, dict) or not isinstance(found.get("repos", []), list):
        raise CannotAdd("it has no list `repos`")
    return found


def _has_hook(content: dict[str, Any]) -> bool:
    hooks = (hook for repo in content.get("repos") or [] for hook in repo.get("hooks") or [])
    return any(isinstance(hook, dict) and hook.get("id") == "loralint" for hook in hooks)


def _repos(text: str) -> yaml.SequenceNode | None:
    """The list that the hook goes into; None where there is no such key."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next((value for key, value in pairs if key.value == "repos"), None)
    if found is None:
        return None
    if not isinstance(found, yaml.SequenceNode) or found.flow_style or not found.value:
        raise CannotAdd("its list `repos` is not written row by row")
    return found


def _inserted(text: str, repos: yaml.SequenceNode | None) -> str:
    """The text with the hook behind the last repository, as far in as the others."""
    rows = text.splitlines(keepends=True)
    newline = "\r\n" if rows[0].endswith("\r\n") else "\n"
    if not rows[-1].endswith(("\n", "\r")):
        rows[-1] += newline
    if repos is None:
        at, entry = len(rows), f"repos:\n{_indented(ENTRY, 2)}"
    else:
        at, entry = _last_row(repos), _indented(ENTRY, repos.start_mark.column)
    return "".join((*rows[:at], entry.replace("\n", newline), *rows[at:]))


def _last_row(node: yaml.Node) -> int:
    """The row behind the last scalar of a node: comments below may belong to what follows."""
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _last_row(node.value[-1])
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _last_row(node.value[-1][1])
    end = node.end_mark
    return int(end.line) + (1 if end.column or not isinstance(node, yaml.ScalarNode) else 0)


def _indented(text: str, column: int) -> str:
    return "".join(f"{' ' * column}{row}" for row in text.splitlines(keepends=True))
