"""Recording: the contract of an adapter, put together from what lies in memory and on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loralint.contract import (
    NAME,
    VERSION,
    Adapter,
    Contract,
    Golden,
    Loading,
    TensorHash,
    Tokenizer,
    serialise,
)
from loralint.verify import (
    answers,
    atomic,
    base_record,
    files,
    fingerprints,
    loading_record,
    provenance,
    versions,
    write_revision,
)
from loralint.verify.adapter import active_adapters, is_sharded, unwrapped
from loralint.verify.arrival import arrival
from loralint.verify.base_record import Told
from loralint.verify.case import Case
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder, open_folder
from loralint.verify.result import UnusableInputError
from loralint.verify.values import FileTensors, Look
from loralint.version import __version__

NOT_ACTIVE = "LOR509"
LOST = frozenset({"LOR501", "LOR502", "LOR503", "LOR504"})
"""What keeps a model from being the one that was saved to a folder."""


class RecordError(UnusableInputError):
    """The contract cannot be written; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be recorded beside what can be seen, and what is known of it.

    `base`, `revision` and `code_revision` are how the base was loaded; what is None is taken from
    adapter_config.json, or found out. `adapter_name` is the adapter's name in the model, None for
    the active one. `write_revision` asks for the commit in adapter_config.json and model card too.
    """

    base: str | None = None
    revision: str | None = None
    code_revision: str | None = None
    tokenizer: Any = None
    golden: bool = True
    adapter_name: str | None = None
    write_revision: bool = False


def record(model: Any, folder: Path, wish: Wish) -> Contract:
    """Describe a model and the adapter folder that was saved from it, and write `loralint.json`.

    `model` is None where only what lies on disk is to be recorded. RecordError where the folder
    holds no adapter, where the model is not the one that was saved, or where the contract cannot
    be written; an older contract is then left as it was.
    """
    model = None if model is None else unwrapped(model)
    contract = describe(model, folder, wish)
    if wish.write_revision:
        contract = _with_revision(contract, model, folder)
    path = folder / NAME
    try:
        atomic.replace(path, serialise(contract))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}; nothing was written") from error
    return contract


def describe(model: Any, folder: Path, wish: Wish) -> Contract:
    """The contract of an adapter folder."""
    opened = _opened(folder)
    adapter = _adapter(opened, model, wish.adapter_name)
    told = _told(opened, wish)
    try:
        base, skipped = base_record.describe(told, model)
    except base_record.BaseMismatchError as error:
        raise RecordError(f"{folder}: {error}") from error
    answered, why_not = _golden(model, wish)
    spoken, no_tokenizer = _tokenizer(folder, wish, told)
    reasons = {"golden": why_not, "tokenizer": no_tokenizer}
    return Contract(
        version=VERSION,
        loralint=__version__,
        base=base,
        loading=_loading(model, opened.text("task_type")),
        adapter=adapter,
        versions=versions.installed(),
        tokenizer=spoken,
        golden=answered,
        skipped={**skipped, **{name: reason for name, reason in reasons.items() if reason}},
    )


def _with_revision(contract: Contract, model: Any, folder: Path) -> Contract:
    """Write the proven commit into the folder's files; where there is none, say why."""
    config = contract.adapter.config
    try:
        commit = write_revision.proven_commit(contract.base, model, provenance.changed_by(config))
        write_revision.write(folder, commit)
    except (write_revision.NotProvenError, OSError, ValueError) as error:
        skipped = {**contract.skipped, write_revision.WHAT: str(error)}
        return msgspec.structs.replace(contract, skipped=skipped)
    adapter = msgspec.structs.replace(contract.adapter, config={**config, "revision": commit})
    return msgspec.structs.replace(contract, adapter=adapter)


def _opened(folder: Path) -> AdapterFolder:
    try:
        found = open_folder(folder)
    except UnusableInputError as error:
        raise RecordError(f"{error}; save the adapter first, as safetensors") from error
    if not found.tensors:
        raise RecordError(f"{found.weights}: it holds no tensors; there is no adapter to record")
    if found.partitioned:
        raise RecordError(
            f"{found.weights}: some of its tensors have no elements: the save got one partition of"
            " the weights; gather them before saving"
        )
    return found


def _adapter(folder: AdapterFolder, model: Any, name: str | None) -> Adapter:
    """The adapter's tensors by hash; where there is a whole model, it has to hold the same ones."""
    tensors: dict[str, TensorHash] = {}

    def look(key: str, tensor: Any) -> None:
        tensors[key] = files.of_tensor(tensor)

    if model is not None and not is_sharded(model):
        _insist_on_same(model, folder, name, look)
    if not tensors:
        for _ in FileTensors(folder.weights, look):
            pass
    ordered = dict(sorted(tensors.items()))
    return Adapter(config=dict(folder.config), weights=WEIGHTS, tensors=ordered)


def _insist_on_same(model: Any, folder: AdapterFolder, name: str | None, look: Look) -> None:
    """Golden logits of another adapter than the folder's would be a promise nobody can keep."""
    case = Case(adapter=folder.path, name=str(folder.path))
    checked = arrival(model, case, folder, name, look=look)
    active = name in (None, _active(model))
    lost = [one.message for one in checked.findings
            if one.code in LOST or (one.code == NOT_ACTIVE and active)]  # fmt: skip
    if lost:
        raise RecordError(
            f"{folder.path}: the model in memory is not what the folder holds: {lost[0]};"
            " save the adapter first, then record it"
        )


def _told(folder: AdapterFolder, wish: Wish) -> Told:
    base = wish.base or folder.text("base_model_name_or_path")
    if base is None:
        raise RecordError(f"{folder.path / CONFIG} names no base: give it (`--base`, or `base=`)")
    revision = wish.revision or folder.text("revision")
    return Told(base, revision, wish.code_revision, provenance.changed_by(folder.config))


def _loading(model: Any, task: str | None) -> Loading:
    if model is None:
        return Loading(model_class="", task_type=task)
    return loading_record.describe(model, task)


def _golden(model: Any, wish: Wish) -> tuple[Golden | None, str]:
    if model is None or not wish.golden:
        return None, "it was not asked for"
    if wish.adapter_name not in (None, _active(model)):
        return None, f"the adapter {wish.adapter_name} is not the active one"
    try:
        return answers.ask(model), ""
    except answers.NoAnswerError as error:
        return None, str(error)


def _tokenizer(folder: Path, wish: Wish, told: Told) -> tuple[Tokenizer | None, str]:
    found, reason = wish.tokenizer, ""
    if found is None:
        options: dict[str, Any] = {"local_files_only": True}
        pinned = {**options, "revision": told.revision} if told.revision else options
        found, reason = fingerprints.load([(str(folder), options), (told.id, pinned)])
    if found is None:
        return None, reason
    try:
        return fingerprints.fingerprint(found), ""
    except Exception as error:  # whatever somebody else's tokenizer raises
        return None, f"the tokenizer cannot be described: {type(error).__name__}: {error}"


def _active(model: Any) -> str:
    """The name of the adapter that a model runs with."""
    return next(iter(active_adapters(model)), "default")
