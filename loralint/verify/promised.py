"""An adapter folder's contract, and how a load differs from the recorded one."""

from __future__ import annotations

from pathlib import Path

from loralint.contract import NAME, Contract, ContractError, parse
from loralint.verify.case import QUANTIZATIONS, Case
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


def loaded_like(case: Case, contract: Contract) -> str:
    """What of the load differs from what is recorded: "" where nothing does."""
    loading = contract.loading
    method = loading.quantization.method if loading.quantization else "none"
    differences = []
    if method in QUANTIZATIONS and method != case.quantization:
        differences.append(f"recorded in {_named(method)}, loaded in {_named(case.quantization)}")
    elif method in ("nf4", "fp4") and _double(contract) != case.double_quant:
        differences.append("double quantisation differs")
    if loading.dtype and case.dtype not in ("auto", loading.dtype):
        differences.append(f"recorded in {loading.dtype}, loaded in {case.dtype}")
    return "; ".join(differences)


def _double(contract: Contract) -> bool:
    return contract.loading.quantization is not None and contract.loading.quantization.double


def _named(method: str) -> str:
    return "full precision" if method == "none" else method
