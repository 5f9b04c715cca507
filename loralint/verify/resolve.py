"""From what a user names to a case: the adapter's folder, its base, and how to load it.

What the user says counts most, then the contract beside the adapter, then adapter_config.json.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from loralint.contract import NAME, Contract
from loralint.verify import promised
from loralint.verify.case import DTYPES, QUANTIZATIONS, Case, Dtype, Quantization
from loralint.verify.folder import CONFIG, AdapterFolder, adapters_below, open_folder

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_FILES = ["adapter_config.json", "adapter_model.*", NAME, "token*", "special_tokens*",
          "chat_template*", "config.json", "model*.safetensors.index.json"]  # fmt: skip


class NotAvailableError(Exception):
    """The adapter cannot be had just now: nothing is proved either way."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the user says; None where nothing was said."""

    base: str | None = None
    revision: str | None = None
    quantization: Quantization | None = None
    dtype: Dtype | None = None
    device: str = "auto"
    trust_remote_code: bool = False
    offline: bool = False


def case_for(
    adapter: str,
    asked: Asked,
    *,
    with_contract: bool = True,
    at: Path | None = None,
    below: str = "",
    alone: bool = True,
) -> Case:
    """The case for an adapter: a folder, or a Hub id with or without `@revision`.

    `at` is the folder, where `several` has found it already, and `below` the subfolder with the
    adapter; `alone` says whether those in subfolders are left.
    UnusableInputError where it is no adapter, NotAvailableError where the Hub does not give it.
    """
    folder = open_folder((at or local_folder(adapter, offline=asked.offline)) / below)
    contract = _contract(folder) if with_contract else None
    base = asked.base or (contract.base.id if contract else folder.text("base_model_name_or_path"))
    return Case(
        adapter=folder.path,
        name=f"{adapter.rstrip('/')}/{below}" if below else adapter,
        alone=alone,
        base=base,
        revision=asked.revision or _revision(base, folder, contract),
        code_revision=_code_revision(base, contract),
        quantization=asked.quantization or _quantization(contract),
        double_quant=_double(contract) if asked.quantization is None else True,
        dtype=asked.dtype or _dtype(contract),
        device=asked.device,
        model_class=_model_class(base, contract),
        trust_remote_code=asked.trust_remote_code,
        offline=asked.offline,
    )


def several(adapter: str, asked: Asked) -> tuple[Path, tuple[str, ...]]:
    """The folder, and where in it the adapters are: "" for itself, names of subfolders.

    PEFT saves the adapter `default` to the folder, and each other one to a subfolder of its name.
    Where there is none at all, "" stands for the folder. NotAvailableError as for `case_for`.
    """
    path = local_folder(adapter, offline=asked.offline)
    below = adapters_below(path)
    if (path / CONFIG).is_file():
        return path, ("", *below)
    return path, below or ("",)


def local_folder(adapter: str, *, offline: bool = False) -> Path:
    """The folder itself, or where the Hub's files are after fetching them."""
    path = Path(adapter)
    if path.exists() or not _HUB_ID.fullmatch(adapter):
        return path
    fetch = _Fetch(adapter, offline)
    found = fetch.files([*_FILES, f"*/{CONFIG}"])
    below = adapters_below(found)
    return fetch.files([f"{name}/{file}" for name in below for file in _FILES]) if below else found


class _Fetch:
    """Downloads of one repository; NotAvailableError where the Hub does not give it."""

    def __init__(self, adapter: str, offline: bool) -> None:
        self._adapter, self._offline = adapter, offline

    def files(self, patterns: list[str]) -> Path:
        """The folder of the Hub's cache with the files of these names, and others."""
        from huggingface_hub import snapshot_download

        repo, _, revision = self._adapter.partition("@")
        try:
            return Path(snapshot_download(repo, revision=revision or None, allow_patterns=patterns,
                                          local_files_only=self._offline))  # fmt: skip
        except (OSError, ValueError) as error:  # the hub's errors are both
            reason = " ".join(str(error).split())[:300]
            raise NotAvailableError(
                f"{self._adapter} is no folder, and the Hub does not give it: {reason}"
            ) from error


def _contract(folder: AdapterFolder) -> Contract | None:
    if NAME not in folder.files:
        return None
    return promised.read(folder.path)


def _revision(base: str | None, folder: AdapterFolder, contract: Contract | None) -> str | None:
    """The recorded revision, where it is of this very base."""
    if contract is not None:
        if base == contract.base.id:
            return contract.base.commit or contract.base.requested
        return None
    same = base == folder.text("base_model_name_or_path")
    return folder.text("revision") if same else None


def _code_revision(base: str | None, contract: Contract | None) -> str | None:
    if contract is None or contract.base.code is None or base != contract.base.id:
        return None
    return contract.base.code.commit or contract.base.code.requested


def _model_class(base: str | None, contract: Contract | None) -> str | None:
    """The recorded class, for this very base; one of remote code is derived again."""
    if contract is None or base != contract.base.id or contract.loading.remote_code:
        return None
    return contract.loading.model_class or None


def _quantization(contract: Contract | None) -> Quantization | None:
    """As recorded, where it is one that can be asked for; None where nothing is recorded."""
    if contract is None or not contract.loading.model_class:  # recorded without loading
        return None
    recorded = contract.loading.quantization
    if recorded is None:
        return "none"
    method = recorded.method
    return method if method in QUANTIZATIONS else "none"


def _double(contract: Contract | None) -> bool:
    recorded = contract.loading.quantization if contract else None
    return recorded.double if recorded is not None else True


def _dtype(contract: Contract | None) -> Dtype:
    recorded = contract.loading.dtype if contract else None
    return recorded if recorded in DTYPES else "auto"
