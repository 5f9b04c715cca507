"""The hook that `loralint init` adds to .pre-commit-config.yaml, whatever stands there already."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

import loralint
from loralint.version import __version__

HOOKS_FILE = ".pre-commit-config.yaml"

ENTRY = """\
- repo: local
  hooks:
    - id: loralint
      name: loralint
      entry: loralint check --allow-empty
      language: python
      additional_dependencies: ["{requirement}"]
      types_or: [python, jupyter, yaml, json, toml, shell, dotenv, dockerfile, makefile]
      # One run over the whole project: a single file cannot show a pair.
      pass_filenames: false
      require_serial: true
"""


def entry() -> str:
    """The hook, with the copy of loralint that writes it."""
    return ENTRY.format(requirement=requirement())


def requirement() -> str:
    """What pip installs to get the copy that runs: a release, a commit, or a folder of this disk.

    Where it was installed from is noted beside the package (PEP 610); a copy that runs out of its
    source is that folder.
    """
    package = Path(loralint.__file__).resolve().parent
    try:
        installed = distribution("loralint")
    except PackageNotFoundError:
        return _source(package)
    noted = installed.read_text("direct_url.json")
    origin = json.loads(noted) if noted else {}
    url = str(origin.get("url", ""))
    if Path(str(installed.locate_file("loralint"))).resolve() != package:
        is_editable = url and Path(unquote(urlsplit(url).path)) / "loralint" == package
        return f"loralint @ {url}" if is_editable else _source(package)
    if "vcs_info" in origin:
        return f"loralint @ {origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    return f"loralint @ {url}" if url else f"loralint=={__version__}"


def _source(package: Path) -> str:
    folder = package.parent
    is_source = (folder / "pyproject.toml").is_file()
    return f"loralint @ {folder.as_uri()}" if is_source else f"loralint=={__version__}"


def is_of_this_disk() -> bool:
    """Whether nobody else could install the copy that runs."""
    return "@ file:" in requirement()


class CannotAdd(Exception):
    """Why the hook cannot be added by itself, in words."""


def with_hook(text: str | None) -> str | None:
    """The file with the hook; None where it is there already. Raises CannotAdd."""
    if text is None or not text.strip():
        return f"repos:\n{_indented(entry(), 2)}"
    before = _loaded(text)
    if _has_hook(before):
        return None
    after = _inserted(text, _repos(text))
    expected = {**before, "repos": [*(before.get("repos") or []), yaml.safe_load(entry())[0]]}
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
        at, added = len(rows), f"repos:\n{_indented(entry(), 2)}"
    else:
        at, added = _last_row(repos), _indented(entry(), repos.start_mark.column)
    return "".join((*rows[:at], added.replace("\n", newline), *rows[at:]))


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
