"""What the Hub's cache on this machine tells of a model, read as plain files.

models--org--name/snapshots/<commit>/config.json
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from loralint.reading import Content, read
from loralint.refs import is_repo_id


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where huggingface_hub keeps what it has downloaded."""
    env = os.environ if environment is None else environment
    own = env.get("HF_HUB_CACHE") or env.get("HUGGINGFACE_HUB_CACHE")
    if own:
        return _expanded(own)
    home = env.get("HF_HOME")
    if home:
        return _expanded(home) / "hub"
    caches = env.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(caches) / "huggingface" / "hub"


def _expanded(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()


def bring_code(repo_ids: Iterable[str]) -> dict[str, bool]:
    """Of models that the cache knows, whether they bring code of their own.

    Nothing is said of a model of which some commits do and others do not.
    """
    folder = cache_folder()
    found = {each: set(_answers(folder, each)) for each in repo_ids if is_repo_id(each)}
    return {each: answers.pop() for each, answers in found.items() if len(answers) == 1}


def _answers(folder: Path, repo_id: str) -> Iterator[bool]:
    """Whether `auto_map` stands in the config.json of each commit that is there."""
    snapshots = folder / f"models--{repo_id.replace('/', '--')}" / "snapshots"
    with suppress(OSError):
        for commit in sorted(snapshots.iterdir()):
            with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
                content = read(str(commit / "config.json"))
                if isinstance(content, Content):
                    yield bool(msgspec.json.decode(content.text, type=_Config).auto_map)


class _Config(msgspec.Struct):
    """What matters of a config.json."""

    auto_map: Any = None


def state_of_cache() -> str:
    """Changes when a model, or a commit of one, comes into the cache or goes."""
    folder = cache_folder()
    models = _below(folder)
    return " ".join(f"{path.name} {_changed(path / 'snapshots')}" for path in models)


def _below(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name.startswith("models--"))
    return []


def _changed(folder: Path) -> int:
    with suppress(OSError):
        return folder.stat().st_mtime_ns
    return 0
