"""What an adapter folder says."""

from __future__ import annotations

from loralint.facts.terms import Fact
from loralint.source import Span

RECORDED = "base_model_name_or_path"
"""The key of adapter_config.json that names the base: the loader of that load site."""


class TensorFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A tensor as a safetensors header describes it."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class BesideFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A file of an adapter folder: its name, size in bytes and time of change in nanoseconds."""

    name: str
    size: int
    changed: int


class AdapterFacts(Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """What one file of an adapter folder says; the linker puts a folder's files together.

    `keys` are the places of the keys of adapter_config.json, whose content is `FileFacts.data`.
    `tensors` are those of the weights, None where they are not there or not read, and `extent` is
    how many bytes their file has to have; `pointer` tells that it is one of Git LFS. `card` holds
    the `base_model` of the model card. `beside` comes from the folder, not from the file.
    """

    keys: tuple[tuple[str, Span], ...] = ()
    tensors: tuple[TensorFact, ...] | None = None
    extent: int = 0
    pointer: bool = False
    card: tuple[tuple[str, Span], ...] = ()
    beside: tuple[BesideFact, ...] = ()
