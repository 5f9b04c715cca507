"""The header of a safetensors file: names, types and shapes of the tensors, never the tensors.

Eight bytes say how long the header is, and the header is JSON. Everything in it is somebody
else's claim, so every length, count and number is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from loralint.facts import TensorFact

LENGTH = 8
LONGEST = 100_000_000
"""The format's own limit."""

MAX_TENSORS = 200_000
MAX_DIMENSIONS = 8
_METADATA = "__metadata__"
_POINTER = b"version "

_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**60)]


class HeaderError(Exception):
    """The header is not one; the message says why."""


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[_Number]
    data_offsets: tuple[_Number, _Number]


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says; `extent` is how many bytes the whole file has to have."""

    tensors: tuple[TensorFact, ...]
    extent: int


def is_pointer(content: bytes) -> bool:
    """Whether the file only names the real one, which Git LFS has not fetched."""
    return content.startswith(_POINTER)


def parse(content: bytes) -> Header:
    """Read the first bytes of a file; HeaderError where they are no header."""
    length = _length(content)
    header = content[LENGTH : LENGTH + length]
    try:
        entries = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HeaderError(f"its header is no JSON object: {error}") from None
    entries.pop(_METADATA, None)
    if len(entries) > MAX_TENSORS:
        raise HeaderError(f"its header lists more than {MAX_TENSORS:,} tensors")
    tensors = [(name, _tensor(name, raw)) for name, raw in entries.items()]
    end = max((tensor.data_offsets[1] for _, tensor in tensors), default=0)
    facts = tuple(TensorFact(name, one.dtype, tuple(one.shape)) for name, one in tensors)
    return Header(facts, LENGTH + length + end)


def _length(content: bytes) -> int:
    if len(content) < LENGTH:
        raise HeaderError(f"it has {len(content)} bytes, and the shortest safetensors file has 10")
    length = int.from_bytes(content[:LENGTH], "little")
    if length > LONGEST:
        raise HeaderError(f"its header claims {length:,} bytes, and the format allows {LONGEST:,}")
    if length > len(content) - LENGTH:
        raise HeaderError(f"its header claims {length:,} bytes, more than the file has")
    return length


def _tensor(name: str, raw: msgspec.Raw) -> _Tensor:
    try:
        found = msgspec.json.decode(raw, type=_Tensor)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HeaderError(f"its header does not describe `{name[:100]}`: {error}") from None
    start, end = found.data_offsets
    if start > end or len(found.shape) > MAX_DIMENSIONS:
        raise HeaderError(f"its header gives `{name[:100]}` a shape or place that cannot be")
    return found
