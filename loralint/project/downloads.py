"""Folders that a download of the project fills: whoever loads them loads what was downloaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from loralint.facts import RevisionKey
from loralint.project.instances import Instance, Instances
from loralint.project.script_places import ScriptPlaces
from loralint.values.values import texts_of

_DOWNLOADED = frozenset({"file"})
_NO_MODEL = frozenset({"file", "dataset"})


def from_downloads(instances: Instances, places: ScriptPlaces) -> Instances:
    """The instances; a load of a folder of `snapshot_download(…, local_dir=folder)` is its own."""
    filled: defaultdict[str, list[Instance]] = defaultdict(list)
    for each in instances.every:
        folders = texts_of(each.load.option("local_dir"))
        if each.artifact in _DOWNLOADED and folders:
            for place in places.of_all(folders, each.path, dict(each.site.options)):
                filled[place].append(each)
    if not filled:
        return instances
    by_key = instances.by_key.items()
    return Instances({key: _fetched(each, filled, places) for key, each in by_key})


def _fetched(
    each: Instance, filled: Mapping[str, Sequence[Instance]], places: ScriptPlaces
) -> Instance:
    texts = texts_of(each.site.repo_id)
    if len(texts) != 1 or each.artifact in _NO_MODEL or each.load.download is not None:
        return each
    named = places.of(texts[0], each.path, dict(each.site.options))
    found = [one for place in named for one in filled.get(place, ())]
    reachable = [
        one for one in found if any(places.is_for_both(p, one.path, each.path) for p in named)
    ]
    download = _only([one for one in reachable if one.path == each.path] or reachable)
    if download is None:
        return each
    site = msgspec.structs.replace(
        each.site,
        repo_id=download.site.repo_id,
        revision=download.site.revision,
        revision_key=RevisionKey(""),
    )
    load = replace(each.load, site=site, local=True, download=download.load.place)
    return replace(each, load=load)


def _only(downloads: Sequence[Instance]) -> Instance | None:
    """The download of several that fill one folder, where they fetch the same."""
    asked = {(each.site.repo_id, each.site.revision) for each in downloads}
    return downloads[0] if len(asked) == 1 else None
