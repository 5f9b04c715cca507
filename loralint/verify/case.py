"""One case of verification: which adapter, on which base, loaded how.

What the user says counts most, then the contract beside the adapter, then adapter_config.json.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from loralint.contract import NAME, Contract
from loralint.verify.folder import CONFIG, AdapterFolder, adapters_below, open_folder, read_contract

# --- case -----------------------------------------------------------------------------------------


Quantization: TypeAlias = Literal["nf4", "fp4", "int8", "none"]
Dtype: TypeAlias = Literal["auto", "float32", "float16", "bfloat16"]

QUANTIZATIONS: tuple[Quantization, ...] = ("nf4", "fp4", "int8", "none")
DTYPES: tuple[Dtype, ...] = ("auto", "float32", "float16", "bfloat16")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a tier works on. Plain data: a case can be sent to a child process.

    `adapter` is the local folder (a Hub id has been fetched by then) and `name` what the user
    calls it. `base` is a Hub id or a folder, None where nobody names one; `revision` is the one
    to ask for, None for the default branch. `quantization` is None where nobody asks for any: then
    the base is loaded in nf4, or plainly where that does not go. `double_quant` counts for nf4 and
    fp4. `dtype` is that of the base's unquantised weights and of 4-bit arithmetic; `auto` is what
    the base's config.json says. `device` is `auto` (accelerate's device map where there is a GPU,
    else the CPU), `cpu`, `cuda` or `cuda:N`. `model_class` names a transformers class (`AutoModel`,
    `PhiForCausalLM`); None derives it from the adapter's task type. `alone` is False where the
    adapters in subfolders have cases of their own.
    """

    adapter: Path
    name: str
    base: str | None = None
    revision: str | None = None
    code_revision: str | None = None
    quantization: Quantization | None = None
    double_quant: bool = True
    dtype: Dtype = "auto"
    device: str = "auto"
    model_class: str | None = None
    trust_remote_code: bool = False
    offline: bool = False
    alone: bool = True

    @property
    def precision(self) -> str:
        """How the base is loaded, in words."""
        return self.quantization or "nf4 if that goes"

    def file(self, name: str) -> str:
        """The path of a file of the adapter folder, as findings name it."""
        return shown_path(self.adapter / name)

    def hub_options(self) -> dict[str, Any]:
        """The keyword arguments that every `from_pretrained` of the base takes."""
        options: dict[str, Any] = {"trust_remote_code": self.trust_remote_code}
        if self.revision is not None:
            options["revision"] = self.revision
        if self.code_revision is not None:
            options["code_revision"] = self.code_revision
        if self.offline:
            options["local_files_only"] = True
        return options


def named(case: Case) -> str:
    """The base in words, with its revision."""
    if case.base is None:
        return "the model"
    return f"{case.base} at {case.revision}" if case.revision else f"{case.base}"


def other_base(case: Case) -> str:
    """What to do where the base is not the right one."""
    at = f" at {case.revision}" if case.revision else ", at no given revision"
    return (
        "load the base and the revision that the adapter was trained on (this was"
        f" {case.base}{at}): `loralint verify {case.name} --base ID --revision COMMIT`"
    )


def shown_path(path: Path) -> str:
    """A path relative to the working directory where it lies below it, with `/` between."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()


# --- resolve --------------------------------------------------------------------------------------


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
    return read_contract(folder.path)


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
