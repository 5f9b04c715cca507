"""Keys that a YAML or JSON text has twice in one mapping: parsers take the last without a word."""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from loralint.read.documents import events


@dataclass
class _Mapping:
    """A mapping that is being read: its keys, and whether a key comes next."""

    keys: set[str] = field(default_factory=set)
    is_key: bool = True


def repeated(text: str) -> int:
    """How many keys repeat one of their mapping; 0 where the text is no YAML."""
    found = 0
    open_: list[_Mapping | None] = []
    try:
        for event in events(text.replace("\t", " ")):
            if isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
            elif isinstance(event, yaml.NodeEvent):
                found += _takes(open_[-1] if open_ else None, event)
                if isinstance(event, yaml.CollectionStartEvent):
                    is_mapping = isinstance(event, yaml.MappingStartEvent)
                    open_.append(_Mapping() if is_mapping else None)
    except yaml.YAMLError:
        return 0
    return found


def _takes(mapping: _Mapping | None, event: yaml.NodeEvent) -> bool:
    """Take a key or value of a mapping; whether it is a key that the mapping has already."""
    if mapping is None:
        return False
    is_key, mapping.is_key = mapping.is_key, not mapping.is_key
    if not is_key or not isinstance(event, yaml.ScalarEvent):
        return False
    again = event.value in mapping.keys
    mapping.keys.add(event.value)
    return again
