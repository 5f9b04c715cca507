"""An adapter folder's contract, and how a load differs from the recorded one."""

from __future__ import annotations

from pathlib import Path

from loralint.contract import NAME, Contract, ContractError, Loading, parse
from loralint.verify.outcome import UnusableInputError

LARGEST = 100_000_000
"""Bytes. The contract of an adapter with 100,000 tensors has a fifth of that."""


def read(folder: Path) -> Contract | None:
    """The contract of a folder, None where it has none.

    UnusableInputError where it is damaged, or of a version that this loralint does not read.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > LARGEST:
            raise UnusableInputError(f"{path}: is larger than {LARGEST:,} bytes")
        return parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read: {error.strerror}") from error
    except ContractError as error:
        raise UnusableInputError(f"{folder}: {error}") from error


def loaded_otherwise(now: Loading, then: Loading) -> str:
    """How a load differs from the recorded one in precision: "" where it does not."""
    differences = []
    if _method(now) != _method(then):
        differences.append(f"recorded in {_method(then)}, loaded in {_method(now)}")
    elif now.quantization != then.quantization:
        differences.append(f"{_method(then)} was recorded with other settings")
    if now.dtype != then.dtype:
        differences.append(f"recorded in {then.dtype}, loaded in {now.dtype}")
    return "; ".join(differences)


def _method(loading: Loading) -> str:
    return loading.quantization.method if loading.quantization else "full precision"
