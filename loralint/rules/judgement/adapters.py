"""Adapter folders: what they record as their base, and which of them belong to one run."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from typing import Literal

from loralint.project import Adapter, Project
from loralint.refs import is_repo_id, snapshot_of

WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"

_CHECKPOINT = re.compile(r"(?:checkpoint|ckpt|step|epoch|iter|global_step)s?[-_]?(\d+)")
_PATH = re.compile(r"[/~.\\]|[A-Za-z]:[\\/]|.*\\")


def is_saved(adapter: Adapter) -> bool:
    """Whether PEFT has written the folder, and not somebody a configuration to train with."""
    has_weights = WEIGHTS in adapter.beside or PICKLE in adapter.beside
    return has_weights or adapter.config.get("inference_mode") is True


def kind_of_base(adapter: Adapter) -> Literal["hub", "local", "none", "unclear"]:
    """Where the base lies that a folder records."""
    base = adapter.base
    if base is None:
        return "none"
    if is_repo_id(base):
        return "hub"
    if _PATH.match(base) or base.count("/") > 1 or re.search(r"[A-Z_]", base):
        return "local"
    return "local" if "/" in base else "unclear"


def hub_base(adapter: Adapter) -> tuple[str, str | None] | None:
    """The Hub id and revision that are recorded, if only as a path of the Hub's cache."""
    found = snapshot_of(adapter.base or "")
    if found is not None and found[1]:
        return found
    if adapter.base is None or kind_of_base(adapter) != "hub":
        return None
    return adapter.base, adapter.revision


def shown(adapter: Adapter) -> str:
    """The folder, as code."""
    return f"`{adapter.folder or '.'}`"


def by_run(
    project: Project, key: Callable[[Adapter], Hashable | None]
) -> Iterator[tuple[Adapter, str]]:
    """Adapters of which something is to be said, one for those of a run that share it.

    With each comes what to add about the others. A key of None means that nothing is to be said.
    """
    parents = {_parent(each.folder) for each in project.adapters if _step(each) is not None}
    groups: dict[object, list[Adapter]] = {}
    for adapter in project.adapters:
        found = key(adapter)
        if found is not None:
            groups.setdefault((_run(adapter, parents), found), []).append(adapter)
    for group in groups.values():
        first = max(group, key=lambda each: (_step(each) is None, _step(each) or 0))
        yield first, _others(len(group) - 1)


def _others(count: int) -> str:
    if not count:
        return ""
    return f" (so do {count} more of its run)" if count > 1 else " (so does one more of its run)"


def _run(adapter: Adapter, parents: set[str]) -> str:
    """The folder of a training run: above its checkpoints, and above what lies beside those."""
    folder, above = adapter.folder, _parent(adapter.folder)
    if _step(adapter) is not None or (folder not in parents and above in parents):
        return above
    return folder


def _parent(folder: str) -> str:
    return folder.rpartition("/")[0]


def _step(adapter: Adapter) -> int | None:
    match = _CHECKPOINT.fullmatch(adapter.folder.rpartition("/")[2].lower())
    return int(match[1][:12]) if match is not None else None
