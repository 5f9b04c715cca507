"""What `load_verified` and `verify_loaded` prove, piece by piece."""

from __future__ import annotations

from typing import Any

from loralint.contract import Contract, TensorHash
from loralint.diagnostics import Skipped
from loralint.source import START, Place
from loralint.verify import contract_tier, golden_check, hashing, loading_record
from loralint.verify.case import Case
from loralint.verify.folder import CONFIG, AdapterFolder
from loralint.verify.golden import NoAnswerError
from loralint.verify.inspection import inspect
from loralint.verify.loading import rewrites_base
from loralint.verify.outcome import Checked
from loralint.verify.values import FileTensors


def joined(*parts: Checked) -> Checked:
    """Several checks as one; it is decided where each of them is."""
    return Checked(
        sum(part.checked for part in parts),
        tuple(one for part in parts for one in part.findings),
        tuple(one for part in parts for one in part.skipped),
        all(part.decided for part in parts),
    )


def of_loaded(
    model: Any,
    case: Case,
    folder: AdapterFolder,
    contract: Contract | None,
    adapter: str | None = None,
) -> Checked:
    """The adapter in a model against its file, and the file against the contract: one pass."""
    hashes: dict[str, TensorHash] = {}

    def look(name: str, tensor: Any) -> None:
        hashes[name] = hashing.of_tensor(tensor)

    checked = inspect(model, case, folder, adapter, None if contract is None else look)
    if contract is None:
        return checked
    if not hashes:  # PEFT converts them, all at once and under other names
        hashes = {name: hashing.of_tensor(one) for name, one in FileTensors(folder.weights)}
    promised = Checked(len(hashes), (
        *contract_tier.check_tensors(case, contract, hashes),
        *contract_tier.check_configuration(case, folder, contract),
    ))  # fmt: skip
    return joined(checked, promised)


def of_base(case: Case, contract: Contract | None) -> Checked:
    """The base's files against the contract, before they are loaded; LOR510 alone decides."""
    if contract is None:
        return Checked()
    found = contract_tier.check_base(case, contract)
    return Checked(found.checked, found.findings, found.skipped)


def of_answers(model: Any, case: Case, contract: Contract | None) -> Checked:
    """The model's answers against the golden logits."""
    if contract is None or contract.golden is None:
        reason = "there are none: `loralint record` writes them"
        return Checked(skipped=(open_question(case.name, reason, "golden logits"),), decided=False)
    try:
        distance = golden_check.measure(model, contract.golden)
    except NoAnswerError as error:
        skipped = open_question(case.name, error, "the golden logits")
        return Checked(skipped=(skipped,), decided=False)
    now = loading_record.describe(model, None)
    return contract_tier.judge(case, contract, now, distance)


def needs_answers(folder: AdapterFolder, contract: Contract | None) -> bool:
    """Whether right tensors are not enough, because loading the adapter changes the base.

    Most such changes are the same at every load, and answers are asked for where some are
    recorded; `pissa_niter_*` draws on chance, and proves nothing without them.
    """
    if not rewrites_base(folder):
        return False
    is_random = str(folder.config.get("init_lora_weights")).startswith("pissa_niter")
    return is_random or (contract is not None and contract.golden is not None)


def open_question(name: str, reason: object, what: str = "the model") -> Skipped:
    """Something that could not be looked at."""
    return Skipped(Place(f"{name}/{CONFIG}", START), what, str(reason))
