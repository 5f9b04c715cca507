"""Hydra's `_target_`: a mapping that is a call, with its keys for arguments."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from loralint.catalog import (
    BITSANDBYTES,
    DATASET_BUILDERS,
    OPTIONS,
    QUANTIZATION_CONFIGS,
    Loader,
    action_of,
    canonical,
    loader_of,
)
from loralint.facts import ABSENT, Known, LoadSite, Reason, Unknown, Value, Writing
from loralint.read.documents import Entry, Node, Tree, mappings
from loralint.read.recipe_options import Options, Reader

_QUANTISED = frozenset({"base-model", "pipeline", "engine", "embedding"})


def loads(path: str, tree: Tree) -> Iterator[LoadSite]:
    """The loads that `_target_` mappings of a file ask for, what flows in first."""
    places: dict[int, int] = {}
    for document in tree.documents:
        calls = [(node, name) for _, node in mappings(document) if (name := _target(node))]
        trains = {action_of(name) for _, name in calls} & {"wrap", "train", "lora-config"}
        for node, name in reversed(calls):
            loader = loader_of(name)
            reader = Reader(path, node, document)
            site = _site(reader, name, loader, places) if loader is not None else None
            if site is not None:
                if trains and site.artifact != "adapter":
                    site = replace(site, stage="train")
                places[id(node)] = len(places)
                yield site


def _target(node: Node) -> str:
    """The name of what a mapping calls; "" where it is no call."""
    entry = (node.entries or {}).get("_target_")
    return canonical(entry.node.text) if entry is not None and entry.node.text else ""


def _site(reader: Reader, name: str, loader: Loader, places: dict[int, int]) -> LoadSite | None:
    """The load that a loader's mapping asks for; None where it loads nothing of its own."""
    node = reader.recipe
    entries = node.entries or {}
    entry = _given(entries, loader.id, loader.position)
    identity = (
        reader.name(entry.node)
        if entry is not None
        else Unknown(Reason.NOT_GIVEN, "no id is given")
    )
    if loader.text_only and (entry is None or entry.node.entries is not None):
        return None
    is_file = isinstance(identity, Known) and identity.value in DATASET_BUILDERS
    if loader.artifact == "dataset" and is_file:
        return None
    base = _given(entries, loader.base, loader.base_position)
    revision = entries.get(loader.revision or "")
    place = entry or entries["_target_"]
    return LoadSite(
        path=reader.path,
        span=place.span,
        artifact=loader.artifact,
        loader=name,
        repo_id=identity,
        revision=_revision(reader, revision.node) if revision is not None else ABSENT,
        options=tuple(_options(reader, loader).items()),
        text=f"{name}: {place.node.text}",
        inputs=(places[id(base.node)],) if base is not None and id(base.node) in places else (),
        revision_at=revision.span if revision is not None else None,
        writing=Writing.RECIPE,
    )


def _given(entries: dict[str, Entry], names: tuple[str, ...], position: int | None) -> Entry | None:
    found = next((entries[name] for name in names if name in entries), None)
    if found is not None or position is None or "_args_" not in entries:
        return found
    items = entries["_args_"].node.items or ()
    return items[position] if position < len(items) else None


def _revision(reader: Reader, node: Node) -> Value:
    """What a revision's key gives; one that is empty gives None."""
    is_empty = node.value is None and not node.text.strip("~")
    return Known(None) if is_empty else reader.name(node)


def _options(reader: Reader, loader: Loader) -> Options:
    found: Options = {}
    for option, keywords in OPTIONS.items():
        given = next((v for key in keywords if (v := reader.value(key)) != ABSENT), None)
        if given is None:
            continue
        if option == "dtype" and isinstance(given, Known) and isinstance(given.value, str):
            given = Known(given.value.removeprefix("torch."))
        found[option] = given
    if loader.artifact in _QUANTISED:
        found |= _quantization(reader)
    return found


def _quantization(reader: Reader) -> Options:
    """What `quantization_config` says, which may be a call of its own."""
    node = reader.node("quantization_config")
    if node is None or node.entries is None:
        return (
            {}
            if node is None or node.value is None
            else {"quantization": Unknown(Reason.EXPRESSION, "a name")}
        )
    name = _target(node).rpartition(".")[2]
    if name in QUANTIZATION_CONFIGS:
        return {"quantization": Known(QUANTIZATION_CONFIGS[name])}
    if name and not name.endswith("BitsAndBytesConfig"):
        return {"quantization": Unknown(Reason.FRAMEWORK, f"what {name} means")}
    flags = Reader(reader.path, node, reader.root)
    found = {key: value for key, _ in BITSANDBYTES if (value := flags.value(key)) != ABSENT}
    if found.get("load_in_4bit") == Known(True):
        found = {**{key: Known(default) for key, default in BITSANDBYTES[2:]}, **found}
        return {**found, "quantization": found["bnb_4bit_quant_type"]}
    eight = found.get("load_in_8bit") == Known(True)
    return {**found, "quantization": Known("int8" if eight else "none")}
