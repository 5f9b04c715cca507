"""Adapter folders: their files put together, and found by the loads that name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from posixpath import basename, dirname

import msgspec

from loralint.diagnostics import Skipped
from loralint.facts import (
    ABSENT,
    RECORDED,
    AdapterFacts,
    FileError,
    FileFacts,
    Known,
    Mapping as Mapped,
    Sequence,
    Term,
)
from loralint.project.folders import Adapter
from loralint.project.instances import Instance
from loralint.source import START, Place
from loralint.values.paths import candidates
from loralint.values.values import texts_of

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Folders:
    """The adapter folders of a project by path, and the facts of all other files."""

    facts: Mapping[str, FileFacts]
    adapters: Mapping[str, Adapter]
    unread: tuple[Skipped, ...] = ()

    def loaded(self, instance: Instance) -> Adapter | None:
        """The folder that a load names, where it certainly names one."""
        site = instance.site
        texts = texts_of(site.repo_id)
        if len(texts) != 1 or site.loader == RECORDED:
            return None
        below = texts_of(dict(site.options).get("subfolder", ABSENT))
        text = "/".join((texts[0], *below))
        found = (self.adapters.get(place) for place in candidates(text, instance.path))
        return next((each for each in found if each is not None), None)


def fold(facts: Mapping[str, FileFacts], files: Iterable[str]) -> Folders:
    """Put the files of each adapter folder together; only the configuration remains a file."""
    kept = {path: each for path, each in facts.items() if basename(path) not in (WEIGHTS, CARD)}
    adapters: dict[str, Adapter] = {}
    unread: list[Skipped] = []
    existing = {dirname(path) for path in files}
    for path, each in list(kept.items()):
        if each.adapter is not None and basename(path) == CONFIG:
            folder = dirname(path)
            weights = facts.get(_below(folder, WEIGHTS))
            kept[path] = _with_error(each, weights)
            found = _adapter(each, each.adapter, facts)
            adapters[folder] = replace(found, inside=_is_inside(found, existing))
            if weights is not None and weights.adapter is not None and weights.adapter.pointer:
                unread.append(Skipped(Place(path, START), f"the tensors of {WEIGHTS}", _POINTER))
    return Folders(kept, adapters, tuple(unread))


_POINTER = "the file only points to one of Git LFS (`git lfs pull` fetches it)"


def _is_inside(adapter: Adapter, existing: set[str]) -> bool:
    """Whether the recorded base is a folder of the project, from wherever it is loaded."""
    base = adapter.base
    return base is not None and any(place in existing for place in candidates(base, adapter.path))


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _adapter(facts: FileFacts, own: AdapterFacts, files: Mapping[str, FileFacts]) -> Adapter:
    folder = dirname(facts.path)
    model = files.get(_below(folder, "config.json"))
    weights = _said(files, folder, WEIGHTS)
    return Adapter(
        path=facts.path,
        config=_entries(facts.data),
        keys=dict(own.keys),
        tensors=weights.tensors,
        beside={each.name: each for each in own.beside},
        card=_said(files, folder, CARD).card,
        model=_entries(model.data) if model is not None else {},
    )


def _said(files: Mapping[str, FileFacts], folder: str, name: str) -> AdapterFacts:
    found = files.get(_below(folder, name))
    return found.adapter if found is not None and found.adapter is not None else AdapterFacts()


def _with_error(facts: FileFacts, weights: FileFacts | None) -> FileFacts:
    """Let the configuration bear the weights' error: a report cannot show a binary file."""
    message = _fault(facts, weights) if weights is not None else ""
    if not message or facts.error is not None:
        return facts
    return msgspec.structs.replace(facts, error=FileError(f"{WEIGHTS} beside it: {message}", START))


def _fault(facts: FileFacts, weights: FileFacts) -> str:
    if weights.error is not None:
        return weights.error.message
    beside = facts.adapter.beside if facts.adapter is not None else ()
    size = next((each.size for each in beside if each.name == WEIGHTS), None)
    extent = weights.adapter.extent if weights.adapter is not None else 0
    if size is None or size >= extent:
        return ""
    return f"it is cut off: its header describes {extent:,} bytes, and it has {size:,}"


# --- terms as plain values ----------------------------------------------------------------------


def _entries(term: Term) -> dict[str, object]:
    """The entries of a mapping that are known."""
    entries = term.entries if isinstance(term, Mapped) else ()
    return {key: _plain(value) for key, value in entries if key is not None}


def _plain(term: Term) -> object:
    if isinstance(term, Known):
        return term.value
    if isinstance(term, Sequence):
        return [_plain(item) for item in term.items]
    return _entries(term) if isinstance(term, Mapped) else None
