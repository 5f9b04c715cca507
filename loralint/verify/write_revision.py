"""The commit that the weights in memory prove, written where loaders and readers look for it.

It is never looked up under the name of a branch after the training: by then `main` may be another
commit than the one that was trained on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loralint.contract import Base, FileHash
from loralint.verify import atomic, files, provenance
from loralint.verify.folder import CONFIG

WHAT = "revision"
"""What a contract calls it where no revision could be written."""

CARD = "README.md"
CARD_KEY = "base_model_revision"


class NotProvenError(Exception):
    """No commit is proved by what is in memory; the message says why."""


def proven_commit(base: Base, model: Any, changed: tuple[str, ...]) -> str:
    """The commit whose weights a model has; NotProvenError where none, or more than one, may be.

    `base` is the recorded base, `changed` parts of the names of tensors that training may change.
    """
    if model is None:
        raise NotProvenError("no model is loaded, and only its weights prove a commit")
    if base.kind != "hub":
        raise NotProvenError(f"{base.id} is a folder, and has no commit")
    if base.commit is None:
        raise NotProvenError("the commit could not be told")
    folder = files.locate(base.id, base.commit).folder
    if folder is None or provenance.fits(model, folder, changed) is not True:
        raise NotProvenError(
            f"none of the weights in memory could be compared with those of {base.commit}"
        )
    if base.requested is None and (others := _others(base, base.commit, model, changed)):
        raise NotProvenError(
            f"what is unquantised in memory fits {base.commit} and {len(others)} other commits"
            " in the Hub's cache: say which was loaded (`revision=`)"
        )
    return base.commit


def _others(base: Base, commit: str, model: Any, changed: tuple[str, ...]) -> list[str]:
    """The commits with other weight files that fit just as well."""
    cached = files.snapshots(base.id)
    mine = _weights(cached[commit]) if commit in cached else {}
    return [
        other
        for other, path in cached.items()
        if other != commit
        and provenance.fits(model, path, changed) is True
        and _weights(path) != mine
    ]


def _weights(folder: Path) -> dict[str, FileHash]:
    return files.hashes(files.weight_files(folder))


def write(folder: Path, commit: str) -> None:
    """Put a commit into an adapter's configuration, and into its model card where there is one.

    OSError where a file cannot be written, ValueError where it is damaged; the files are replaced
    whole or not at all.
    """
    path = folder / CONFIG
    config = json.loads(path.read_bytes())
    if config.get("revision") != commit:
        config["revision"] = commit
        atomic.replace(path, json.dumps(config, indent=2).encode())
    into_card(folder, commit)


def into_card(folder: Path, commit: str) -> None:
    """Put a commit into the metadata of the model card of a folder, where there is one."""
    path = folder / CARD
    if not path.is_file():
        return
    from huggingface_hub import ModelCard

    try:
        card = ModelCard(path.read_bytes().decode())
    except Exception as error:  # whatever a damaged card makes the libraries raise
        raise ValueError(f"{path} cannot be read as a model card: {error}") from error
    if card.data.get(CARD_KEY) != commit:
        card.data[CARD_KEY] = commit
        atomic.replace(path, str(card).encode())
