"""Which files are read at all, by name."""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH116, PTH119, PTH122

from __future__ import annotations

import os
import re
from types import MappingProxyType

from loralint.lockfile import NAME as LOCK
from loralint.source import SourceKind

BY_SUFFIX: MappingProxyType[str, SourceKind] = MappingProxyType(
    {
        ".py": "python",
        ".pyw": "python",
        ".ipynb": "notebook",
        ".yaml": "yaml",
        ".yml": "yaml",
        ".json": "json",
        ".toml": "toml",
        ".env": "dotenv",
        ".sh": "shell",
        ".bash": "shell",
        ".sbatch": "shell",
        ".slurm": "shell",
        ".job": "shell",
        ".mk": "shell",
        ".dockerfile": "shell",
        ".containerfile": "shell",
    }
)
"""A new kind of file is a line here and a front end."""


COMMANDS = re.compile(
    r"(gnu)?makefile(\..*)?|(docker|container)file([._-].*)?|procfile"
    r"|(docker-)?compose([._-][\w.-]*)?\.ya?ml",
    re.IGNORECASE,
)
"""Files with command lines that have no suffix of their own."""

PROGRAM = re.compile(r"[a-z][a-z0-9_-]*")
"""A name without a suffix: if it can be executed, perhaps a script."""

LARGEST_PROGRAM = 200_000

WORKFLOWS = "/.github/workflows/"


def is_workflow(path: str) -> bool:
    """Whether a file holds the steps of a GitHub workflow."""
    return WORKFLOWS in f"/{path}" and path.endswith((".yml", ".yaml"))


def may_be_script(path: str) -> bool:
    """Whether a file is worth a look for `#!/bin/sh`, if only that can make it a script."""
    name = os.path.basename(path)
    if COMMANDS.fullmatch(name) or not PROGRAM.fullmatch(name):
        return True
    try:
        status = os.stat(path)
    except OSError:
        return False
    return bool(status.st_mode & 0o111) and status.st_size <= LARGEST_PROGRAM


ADAPTER = "adapter_config.json"
"""The file that makes a folder an adapter folder."""

WEIGHTS = "adapter_model.safetensors"

_BY_NAME: dict[str, SourceKind] = {ADAPTER: "adapter", LOCK: "lock"}

_BESIDE = re.compile(
    r"adapter_model\.(bin|safetensors)|config\.json"
    r"|(model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)(\.index\.json)?"
)


def companion_of(name: str) -> SourceKind | None:
    """What a file is to the adapter folder that it lies in."""
    if name == WEIGHTS:
        return "weights"
    if name == "README.md":
        return "card"
    return "beside" if is_looked_at(name) and kind_of(name) is None else None


def is_looked_at(name: str) -> bool:
    """Whether it matters that an adapter folder has a file, and how old and large it is."""
    return name == ADAPTER or _BESIDE.fullmatch(name) is not None


_REQUIREMENTS = re.compile(r"(.*[-_.])?(requirements?|constraints?|reqs?)([-_.].*)?\.(txt|in)")
_LISTS = (".txt", ".in")
_OF_LISTS = frozenset({"requirements", "requires", "reqs", "constraints"})


def kind_of(name: str, folder: str = "") -> SourceKind | None:
    """What a file is, by its name and that of its folder; None for one that nobody reads."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith(_LISTS):
        listed = _REQUIREMENTS.fullmatch(name) or os.path.basename(folder) in _OF_LISTS
        return "requirements" if listed else None
    if name == "setup.cfg":
        return "requirements"
    if name.startswith(".env"):
        return "dotenv" if name == ".env" or name.startswith(".env.") else None
    if COMMANDS.fullmatch(name) or PROGRAM.fullmatch(name):
        return "shell"
    return BY_SUFFIX.get(os.path.splitext(name)[1].lower())
