"""Hydra's `_target_`: a mapping that is a call, with its keys for arguments."""

from __future__ import annotations

from collections.abc import Iterator

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
from loralint.facts import ABSENT, Known, LoadSite, Reason, Unknown, Value
from loralint.read.recipe_nodes import Entry, Node, Tree, mappings
from loralint.read.recipe_values import Options, Reader
from loralint.source import Span

_QUANTISED = frozenset({"base-model", "pipeline", "engine", "embedding"})


def loads(path: str, tree: Tree) -> Iterator[LoadSite]:
    """The loads that `_target_` mappings of a file ask for, what flows in first."""
    places: dict[int, int] = {}
    for document in tree.documents:
        stage = _stage(document)
        for _, node in reversed(list(mappings(document))):
            site = _site(Reader(path, node, document), places, stage)
            if site is not None:
                places[id(node)] = len(places)
                yield site


def _stage(document: Node) -> str:
    """What the other targets of a file do with the model."""
    kinds = {action_of(name) for _, node in mappings(document) if (name := _target(node))}
    return "train" if kinds & {"wrap", "train", "lora-config"} else ""


def _target(node: Node) -> str:
    entry = (node.entries or {}).get("_target_")
    return canonical(entry.node.text) if entry is not None and entry.node.text else ""


def _site(reader: Reader, places: dict[int, int], stage: str) -> LoadSite | None:
    node, name = reader.recipe, _target(reader.recipe)
    loader = loader_of(name) if name else None
    if loader is None or node.entries is None:
        return None
    entry = _given(node, loader.id, loader.position)
    identity = (
        reader.name(entry.node)
        if entry is not None
        else Unknown(Reason.NOT_GIVEN, "no id is given")
    )
    if not _fits(loader, entry, identity):
        return None
    base = _given(node, loader.base, loader.base_position)
    flows = (places[id(base.node)],) if base is not None and id(base.node) in places else ()
    place = entry or node.entries["_target_"]
    return LoadSite(
        path=reader.path,
        span=place.span,
        artifact=loader.artifact,
        loader=name,
        repo_id=identity,
        revision=_named(reader, loader.revision) if loader.revision else ABSENT,
        options=tuple(_options(reader, loader).items()),
        text=f"{name}: {place.node.text}",
        inputs=flows,
        stage="" if loader.artifact == "adapter" else stage,
        revision_at=_place(node, loader.revision),
    )


def _fits(loader: Loader, entry: Entry | None, identity: Value) -> bool:
    is_object = entry is not None and entry.node.entries is not None
    if loader.text_only and (entry is None or is_object):
        return False
    is_file = isinstance(identity, Known) and identity.value in DATASET_BUILDERS
    return not (loader.artifact == "dataset" and is_file)


def _given(node: Node, names: tuple[str, ...], position: int | None) -> Entry | None:
    entries = node.entries or {}
    found = next((entries[name] for name in names if name in entries), None)
    if found is not None or position is None or "_args_" not in entries:
        return found
    items = entries["_args_"].node.items or ()
    return items[position] if position < len(items) else None


def _place(node: Node, key: str | None) -> Span | None:
    entry = (node.entries or {}).get(key or "")
    return entry.span if entry is not None else None


def _named(reader: Reader, key: str) -> Value:
    node = reader.node(key)
    if node is None:
        return ABSENT
    return Known(None) if node.value is None and not node.text.strip("~") else reader.name(node)


def _options(reader: Reader, loader: Loader) -> Options:
    found: Options = {}
    for option, keywords in OPTIONS.items():
        given = next((v for key in keywords if (v := reader.value(key)) != ABSENT), None)
        if given is not None:
            found[option] = _plain(given) if option == "dtype" else given
    if loader.artifact in _QUANTISED:
        found |= _quantization(reader)
    return found


def _plain(given: Value) -> Value:
    text = given.value if isinstance(given, Known) else None
    return Known(text.removeprefix("torch.")) if isinstance(text, str) else given


def _quantization(reader: Reader) -> Options:
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
    return _flags(Reader(reader.path, node, reader.root))


def _flags(reader: Reader) -> Options:
    given = {key: reader.value(key) for key, _ in BITSANDBYTES}
    found = {key: value for key, value in given.items() if value != ABSENT}
    if found.get("load_in_4bit") == Known(True):
        defaults = {key: Known(default) for key, default in BITSANDBYTES[2:]}
        found = {**defaults, **found}
        return {**found, "quantization": found["bnb_4bit_quant_type"]}
    eight = found.get("load_in_8bit") == Known(True)
    return {**found, "quantization": Known("int8" if eight else "none")}
