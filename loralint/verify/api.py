"""What programs use: `loralint.record`, `loralint.load_verified`, `loralint.verify_loaded`."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from loralint.contract import Contract
from loralint.diagnostics import Diagnostic, Skipped
from loralint.verify import record as recording
from loralint.verify.adapter import is_sharded, unwrapped
from loralint.verify.attempts import drawn_anew, refused
from loralint.verify.case import Asked, Case, Dtype, NotAvailableError, Quantization, case_for
from loralint.verify.contract import of_answers, of_base_files, of_base_in_memory, of_loaded
from loralint.verify.folder import CONFIG, AdapterFolder, open_folder, read_contract
from loralint.verify.forecast import foresee
from loralint.verify.loading import Loaded, load
from loralint.verify.record import RecordError, Wish
from loralint.verify.result import (
    Checked,
    RefusedError,
    UndecidedError,
    UnusableInputError,
    left_open,
    together,
)
from loralint.verify.tiers import guarded


class AdapterVerificationError(Exception):
    """The model is not the one that was trained, or it could not be loaded to see.

    `findings` say what is wrong: each has `code` ("LOR501"), `name`, `message` and more. `skipped`
    are the things that could not be looked at, each with `what` and `reason`; where there are
    only those, nothing was proved either way.
    """

    def __init__(
        self, adapter: str, findings: Iterable[Diagnostic] = (), skipped: Iterable[Skipped] = ()
    ) -> None:
        self.adapter = adapter
        self.findings = tuple(findings)
        self.skipped = tuple(skipped)
        lines = [f"{one.code} {one.name}: {one.message}" for one in self.findings]
        lines = lines or [f"{one.what}: {one.reason}" for one in self.skipped]
        super().__init__("\n  ".join([f"{adapter} is not verified:", *lines]))


def record(  # noqa: PLR0913  # keyword arguments are what its callers read best
    model: Any,
    folder: str | PathLike[str],
    *,
    base: str | None = None,
    revision: str | None = None,
    code_revision: str | None = None,
    tokenizer: Any = None,
    golden: bool = True,
    write_revision: bool = False,
) -> Contract:
    """Write `loralint.json` into an adapter folder: what the adapter was trained on.

    `model` is the PEFT model (or the transformers model with an adapter) that was just saved to
    `folder`, with its adapter active. `base`, `revision` and `code_revision` say how the base was
    loaded; what is not given is taken from adapter_config.json or found in the Hub's cache. The
    tokenizer is that of the folder or of the base unless it is given. `golden=False` leaves out
    the golden logits, and so any forward. `write_revision=True` writes the commit that the weights
    in memory prove into `revision` of adapter_config.json, and into the model card's metadata as
    `base_model_revision`; where they prove none, nothing is written and `skipped` says why.

    Returns the contract; what could not be recorded is in its `skipped`, with reasons. Raises
    `RecordError` where the folder holds no adapter, where the model is not what it holds, and
    where the file cannot be written: an older contract stays as it was.
    """
    wish = Wish(base, revision, code_revision, tokenizer, golden, write_revision=write_revision)
    return recording.record(model, Path(folder), wish)


def verify_loaded(
    model: Any,
    folder: str | PathLike[str],
    *,
    adapter_name: str | None = None,
    golden: bool = False,
) -> Checked:
    """Prove that the adapter in a model is the one in a folder; raise where it is not.

    Every tensor is compared bit by bit, with the model's own and with the hash that
    `loralint.json` records where there is one; scaling, activity, and that nothing is missing or
    left over are looked at too. That is one pass over the adapter's tensors and no forward;
    `golden=True` runs the model once as well, on the recorded token ids. The model is left as it
    was.

    `adapter_name` is needed only where the model has several adapters with equal tensors.
    Returns what was checked and what was not. Raises `AdapterVerificationError` with the findings,
    and `UnusableInputError` where the folder holds no adapter.
    """
    name = str(folder)
    opened = open_folder(Path(folder))
    if is_sharded(model):
        raise UnusableInputError(
            "the model is spread over several processes: verify what they save, with"
            f" `loralint verify {name}`"
        )
    model = unwrapped(model)
    contract = read_contract(opened.path)
    base = opened.text("base_model_name_or_path")
    case = Case(adapter=opened.path, name=name, base=base, revision=opened.text("revision"))

    def all_of_it() -> Checked:
        checked = of_loaded(model, case, opened, contract, adapter_name)
        if contract is not None:
            checked = together(checked, of_base_in_memory(model, case, contract))
        if golden:
            checked = together(checked, of_answers(model, case, contract))
        return checked

    return _insisted(name, guarded(case, "loaded model's", all_of_it))


def load_verified(  # noqa: PLR0913  # keyword arguments are what its callers read best
    folder: str,
    *,
    base: str | None = None,
    revision: str | None = None,
    quantization: Quantization | None = None,
    dtype: Dtype | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    offline: bool = False,
    golden: bool | None = None,
) -> Any:
    """Load the base and the adapter, and return the model only when it is the one that was trained.

    `folder` is an adapter folder or a Hub id (`org/name`, `org/name@revision`). Base, revision,
    quantisation ("nf4", "fp4", "int8", "none") and dtype are those of `loralint.json`, else those
    of adapter_config.json, unless they are given; without a contract the base is not quantised.
    With a contract, the base's files are compared with the recorded ones before they are loaded.
    `golden` runs the model once on the recorded token ids; by default that is done only where
    loading the adapter changes the base's own weights.

    Returns a `PeftModel` in evaluation mode that has not been run (unless `golden`): on some CPUs
    bitsandbytes packs the weights in the first forward, and nothing can be merged after it.
    Raises `AdapterVerificationError` with the findings, and `UnusableInputError` where there is
    no adapter.
    """
    asked = Asked(
        base=base,
        revision=revision,
        quantization=quantization,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
        offline=offline,
    )
    try:
        case = case_for(folder, asked)
    except NotAvailableError as error:
        reason = left_open(f"{folder}/{CONFIG}", "the model", error)
        raise AdapterVerificationError(folder, (), (reason,)) from error
    if case.quantization is None:
        case = msgspec.structs.replace(case, quantization="none")
    return _verified(case, open_folder(case.adapter), golden)


def _verified(case: Case, folder: AdapterFolder, golden: bool | None) -> Any:
    """The steps of the command in their order, without its forecast and its round trip."""
    contract = read_contract(case.adapter)
    if contract is not None:
        _insisted(case.name, of_base_files(case, contract))
    loaded = _loaded(case, folder)

    def all_of_it() -> Checked:
        checked = together(
            of_loaded(loaded.model, case, folder, contract),
            drawn_anew(case, folder, loaded),
        )
        if golden or (golden is None and _needs_answers(loaded, folder, contract)):
            answers = of_answers(loaded.model, case, contract)
            checked = together(checked, answers)
        return checked

    _insisted(case.name, guarded(case, "loaded model's", all_of_it))
    return loaded.model


def _loaded(case: Case, folder: AdapterFolder) -> Loaded:
    try:
        return load(case, folder)
    except UndecidedError as error:
        reason = left_open(case.file(CONFIG), "the model", error)
        raise AdapterVerificationError(case.name, (), (reason,)) from error
    except RefusedError as error:
        found = refused(case, folder, foresee(case, folder), error)
        raise AdapterVerificationError(case.name, found.findings) from error


def _needs_answers(loaded: Loaded, folder: AdapterFolder, contract: Contract | None) -> bool:
    """Whether right tensors are not enough, because putting the adapter on changes the base.

    Most such changes are the same at every load, and answers are asked for where some are
    recorded; `pissa_niter_*` draws on chance, and proves nothing without them.
    """
    if not loaded.rewritten:
        return False
    is_random = str(folder.config.get("init_lora_weights")).startswith("pissa_niter")
    return is_random or (contract is not None and contract.golden is not None)


def _insisted(name: str, checked: Checked) -> Checked:
    """What was checked, if nothing is wrong with it and it was decided."""
    wrong = [one for one in checked.findings if one.severity == "error"]
    if wrong or not checked.decided:
        raise AdapterVerificationError(name, wrong, checked.skipped)
    return checked


__all__ = [
    "AdapterVerificationError", "RecordError", "UnusableInputError", "load_verified", "record",
    "verify_loaded",
]  # fmt: skip
