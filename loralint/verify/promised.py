"""An adapter folder's contract: read, and turned into the case that it describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from loralint.contract import NAME, Contract, ContractError, parse
from loralint.verify.case import DTYPES, QUANTIZATIONS, Case
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


def as_recorded(case: Case, contract: Contract) -> Case:
    """The case with base, revision, quantisation, dtype and class as the contract records them.

    A commit is asked for where one is recorded: it means the same tomorrow. What the contract
    leaves open stays as the case has it.
    """
    base, loading = contract.base, contract.loading
    code = base.code
    found: dict[str, Any] = {"base": base.id, "revision": base.commit or base.requested}
    if code is not None and code.repository != base.id and (code.commit or code.requested):
        found["code_revision"] = code.commit or code.requested
    if loading.dtype in DTYPES:
        found["dtype"] = loading.dtype
    if loading.model_class:
        found["model_class"] = loading.model_class
        found |= _quantization(contract)
    return msgspec.structs.replace(case, **found)


def _quantization(contract: Contract) -> dict[str, Any]:
    recorded = contract.loading.quantization
    if recorded is None:
        return {"quantization": "none"}
    if recorded.method not in QUANTIZATIONS:  # the base's own files say how: GPTQ, AWQ …
        return {"quantization": "none"}
    return {"quantization": recorded.method, "double_quant": recorded.double}


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
