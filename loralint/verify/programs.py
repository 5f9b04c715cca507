"""What programs use: `loralint.record`, `loralint.load_verified`, `loralint.verify_loaded`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from loralint.contract import Contract
from loralint.verify import record as recording
from loralint.verify.record import Wish


def record(  # noqa: PLR0913  # keyword arguments are what its callers read best
    model: Any,
    folder: str | PathLike[str],
    *,
    base: str | None = None,
    revision: str | None = None,
    code_revision: str | None = None,
    tokenizer: Any = None,
    golden: bool = True,
) -> Contract:
    """Write `loralint.json` into an adapter folder: what the adapter was trained on.

    `model` is the PEFT model (or the transformers model with an adapter) that was just saved to
    `folder`, with its adapter active. `base`, `revision` and `code_revision` say how the base was
    loaded; what is not given is taken from adapter_config.json or found in the Hub's cache. The
    tokenizer is that of the folder or of the base unless it is given. `golden=False` leaves out
    the golden logits, and so any forward.

    Returns the contract; what could not be recorded is in its `skipped`, with reasons. Raises
    `RecordError` where the folder holds no adapter, where the model is not what it holds, and
    where the file cannot be written: an older contract stays as it was.
    """
    wish = Wish(base, revision, code_revision, tokenizer, golden)
    return recording.record(model, Path(folder), wish)
