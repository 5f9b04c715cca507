"""The files of an adapter folder → facts: its configuration, its weights' header, its card.

A file is judged by what it says alone; the linker puts the folder together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import yaml

from loralint.facts import (
    ABSENT,
    RECORDED,
    AdapterFacts,
    FileError,
    FileFacts,
    Known,
    LoadSite,
    Mapping,
    Writing,
)
from loralint.read import data, safetensors_header as header
from loralint.read.documents import TooLarge, events, parse
from loralint.source import START, Source, Span

KEYS = frozenset(
    """base_model_name_or_path revision peft_type r rank_pattern task_type modules_to_save
    auto_mapping""".split()
)
"""The keys of adapter_config.json that a finding may stand on."""

CARD_BYTES = 16 * 1024
"""Front matter stands at the top; what follows is prose."""

MAX_DEPTH = 20

_POINTER = "it only points to a file of Git LFS (`git lfs pull` fetches it)"

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)


def extract(source: Source) -> FileFacts:
    """Read one file of an adapter folder; what cannot be read is an error of that file."""
    if source.kind == "weights":
        return _weights(source)
    return _card(source) if source.kind == "card" else _configuration(source)


# --- adapter_config.json ------------------------------------------------------------------------


def _configuration(source: Source) -> FileFacts:
    """The configuration as any script may read it, and as PEFT's where it is PEFT's."""
    if header.is_pointer(source.content):
        return FileFacts(path=source.path, error=FileError(_POINTER, START))
    source = Source(source.path, "json", source.content)
    facts = data.plain(source)
    if facts.error is None and not isinstance(facts.data, Mapping):
        return FileFacts(path=source.path, error=FileError("it is no JSON object", START))
    values = dict(facts.data.entries) if isinstance(facts.data, Mapping) else {}
    if "peft_type" not in values:  # mlx and others use the name for files of their own
        return facts
    try:
        entries = parse(source).documents[0].entries or {}
    except TooLarge:
        entries = {}
    keys = {name: entry.span for name, entry in entries.items() if name in KEYS}
    loads: tuple[LoadSite, ...] = ()
    base, revision = values.get(RECORDED), values.get("revision")
    if isinstance(base, Known) and isinstance(base.value, str) and base.value:
        recorded = LoadSite(  # whoever loads the folder may load the base that it names
            path=source.path,
            span=keys.get(RECORDED, START),
            artifact="base-model",
            loader=RECORDED,
            repo_id=base,
            revision=revision if isinstance(revision, Known) and revision.value else ABSENT,
            text=RECORDED,
            writing=Writing.ADAPTER,
        )
        loads = (recorded,)
    adapter = AdapterFacts(keys=tuple(keys.items()))
    return msgspec.structs.replace(facts, adapter=adapter, loads=loads)


# --- adapter_model.safetensors ------------------------------------------------------------------


def _weights(source: Source) -> FileFacts:
    if header.is_pointer(source.content):
        return FileFacts(path=source.path, adapter=AdapterFacts(pointer=True))
    try:
        found = header.parse(source.content)
    except header.HeaderError as error:
        return FileFacts(path=source.path, error=FileError(str(error), START))
    adapter = AdapterFacts(tensors=found.tensors, extent=found.extent)
    return FileFacts(path=source.path, adapter=adapter)


# --- README.md ----------------------------------------------------------------------------------


def _card(source: Source) -> FileFacts:
    """The `base_model` of the front matter; a card that does not parse says nothing."""
    text = source.content[:CARD_BYTES].decode("utf-8-sig", errors="replace")
    match = _FRONT_MATTER.match(text)
    try:
        found = tuple(_base_models(match[1])) if match is not None else ()
    except (yaml.YAMLError, RecursionError, ValueError):
        found = ()
    return FileFacts(path=source.path, adapter=AdapterFacts(card=found))


def _base_models(text: str) -> Iterator[tuple[str, Span]]:
    """The scalars under the key `base_model` of the outermost mapping.

    Events, not nodes: composing brackets that are nested deeply enough kills the process.
    """
    depth, is_key, key = 0, True, ""
    for event in events(text):
        is_value = key == "base_model" and (depth == 2 or not is_key)
        if is_value and isinstance(event, yaml.ScalarEvent) and event.value:
            yield event.value, _span(event)
        if depth == 1 and is_key:
            key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        opens = isinstance(event, yaml.CollectionStartEvent)
        depth += opens - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return
        if depth == 1 and isinstance(event, (yaml.NodeEvent, yaml.CollectionEndEvent)):
            is_key = not is_key if not opens else True


def _span(event: yaml.Event) -> Span:
    """Where an event stands in the card, below the line of dashes."""
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:
        return START
    return Span.of(start.line + 2, start.column + 1, end.line + 2, end.column + 1)
