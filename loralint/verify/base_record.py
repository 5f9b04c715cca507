"""The base model of a contract: which repository, which commit, which files, whose code."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loralint.contract import Base, Code
from loralint.refs import is_commit
from loralint.verify import files, provenance
from loralint.verify.adapter import below_peft, own_class
from loralint.verify.files import Located

_REMOTE = "transformers_modules."


class BaseMismatchError(Exception):
    """The model in memory is not the base that was named; the message says so."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a base beforehand; None where nobody says.

    `changed` are parts of the names of tensors that training may have changed.
    """

    id: str
    revision: str | None = None
    code_revision: str | None = None
    changed: tuple[str, ...] = ()


def describe(told: Told, model: Any) -> tuple[Base, dict[str, str]]:
    """The base of a model, and what of it could not be found out, with the reasons.

    `model` is None where none is loaded: then the revision that was told is believed.
    """
    located, reason = _located(told, model)
    skipped = {"base.commit": reason} if reason else {}
    config, weights = {}, {}
    if located.folder is not None:
        config = files.hashes([located.folder / files.CONFIG])
        expected = files.weight_files(located.folder)
        weights = files.hashes(expected)
        missing = len(expected) - len(weights)
        if not weights or missing:
            skipped["base.weights"] = f"{missing or 'all'} weight files are not on this machine"
    elif not reason:
        skipped["base.files"] = located.reason
    code = _code(told, model, located)
    described = Base(
        id=located.id or told.id,
        kind=located.kind,
        requested=told.revision,
        commit=located.commit,
        config=config,
        weights=weights,
        code=code,
    )
    return described, skipped


def _located(told: Told, model: Any) -> tuple[Located, str]:
    """Where the base lies. What was told is checked; what was not is looked for."""
    found = files.locate(told.id, told.revision)
    if model is None or found.kind == "unknown":
        return found, found.reason if found.folder is None else ""
    if told.revision is not None or found.kind == "folder" or found.id is not None:
        _insist(told, model, found)
        return found, ""
    return _searched(told, model, found)


def _insist(told: Told, model: Any, found: Located) -> None:
    if found.folder is not None and provenance.fits(model, found.folder, told.changed) is False:
        at = f" at {told.revision}" if told.revision else ""
        raise BaseMismatchError(
            f"the model in memory does not have the weights of {told.id}{at}:"
            " name the base and revision that it was loaded from"
        )


def _searched(told: Told, model: Any, default: Located) -> tuple[Located, str]:
    """The commit of a base whose revision nobody recorded: the one whose weights these are.

    The default branch is only the first guess: `refs/pr/23` may have been loaded and not told.
    """
    commits = files.snapshots(told.id)
    fitting = [one for one, path in commits.items() if provenance.fits(model, path, told.changed)]
    ran = _code_commit(model, told.id)
    if ran in commits and (not fitting or ran in fitting):
        fitting = [ran]
    if default.commit in fitting:
        fitting = [default.commit]
    if len(fitting) == 1:
        return Located("hub", commits[fitting[0]], fitting[0]), ""
    several = f"{len(fitting)} commits in the Hub's cache fit"
    none = "no commit in the Hub's cache could be recognised by its weights"
    reason = f"{several if fitting else none}: give the revision that was loaded"
    return Located("hub", reason=reason), reason


def _code(told: Told, model: Any, located: Located) -> Code | None:
    """The remote code that the model runs, by the files that Python imported."""
    if model is None:
        return None
    module = own_class(below_peft(model)).__module__
    if not module.startswith(_REMOTE):
        return None
    folder = Path(inspect.getfile(own_class(below_peft(model)))).parent
    own_files = [one for one in files.code_files(folder) if one.name != "__init__.py"]
    own = located.id or told.id
    return Code(
        repository=_code_repository(model) or own,
        requested=told.code_revision,
        commit=_imported_commit(model),
        files=files.hashes(own_files),
    )


def _code_commit(model: Any, own: str) -> str | None:
    """The commit of the remote code, where it lies in the repository of the weights."""
    return _imported_commit(model) if _code_repository(model) in (None, own) else None


def _imported_commit(model: Any) -> str | None:
    """The commit that names the folder from which the remote code was imported."""
    parts = own_class(below_peft(model)).__module__.split(".")
    return next((part for part in parts if is_commit(part)), None)


def _code_repository(model: Any) -> str | None:
    """The repository that the code comes from: `auto_map` has `org/code--file.Class`."""
    named = getattr(below_peft(model).config, "auto_map", None) or {}
    targets = (one for value in named.values() for one in _each(value) if isinstance(one, str))
    return next((one.partition("--")[0] for one in targets if "--" in one), None)


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
