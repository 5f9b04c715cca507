"""`RecordCallback`: a contract beside every adapter that a trainer saves."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from loralint.contract import NAME, Contract
from loralint.verify import saving, write_revision
from loralint.verify.folder import CONFIG, WEIGHTS
from loralint.verify.record import RecordError, Wish, record

logger = logging.getLogger("loralint")


class RecordCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Records the contract at every save of a `transformers.Trainer` or of one of TRL's.

    Checkpoints get theirs and so does what `trainer.save_model()` writes at the end; in a
    training on several devices, only the process that saves records. `base`, `revision` and
    `code_revision` say how the base was loaded; without them adapter_config.json is asked, and the
    Hub's cache is searched for the commit whose weights these are.

    With `write_revision=True` the commit that the weights in memory prove is written into
    `revision` of adapter_config.json, and into the model card's metadata as `base_model_revision`.

    A contract that cannot be written is logged as an error, and training goes on; with
    `strict=True` it raises RecordError.
    """

    def __init__(
        self,
        *,
        base: str | None = None,
        revision: str | None = None,
        code_revision: str | None = None,
        golden: bool = True,
        strict: bool = False,
        write_revision: bool = False,
    ) -> None:
        self.strict = strict
        self._wish = Wish(
            base, revision, code_revision, golden=golden, write_revision=write_revision
        )
        self._tokenizer: Any = None
        self._commit: str | None = None

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, processing_class: Any = None,
        **given: Any,
    ) -> None:  # fmt: skip
        """Watch the model: each time that it is saved from now on is recorded."""
        self._tokenizer = processing_class
        if model is not None:
            saving.watch(model, self._record, self._complete_card)

    def on_save(self, args: Any, state: Any, control: Any, model: Any = None, **given: Any) -> None:
        """Record a checkpoint that was saved by another way than the model's own."""
        folder = Path(args.output_dir, f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}")
        if state.is_world_process_zero and model is not None and _is_unrecorded(folder):
            self._record(model, folder, None)

    def _record(self, model: Any, folder: Path, adapter_name: str | None) -> None:
        told = replace(self._wish, tokenizer=self._tokenizer, adapter_name=adapter_name)
        try:
            self._note(folder, record(model, folder, told))
        except RecordError as error:
            if self.strict:
                raise
            logger.error("the adapter was saved without a contract: %s", error)
        except Exception:  # no bug of ours is worth a training
            if self.strict:
                raise
            logger.exception("the adapter was saved without a contract")

    def _note(self, folder: Path, contract: Contract) -> None:
        """Remember the commit that was written, or say that there was none."""
        if not self._wish.write_revision:
            return
        if reason := contract.skipped.get(write_revision.WHAT):
            logger.warning("%s: no revision was written: %s", folder, reason)
        else:
            self._commit = contract.base.commit

    def _complete_card(self, folder: Path) -> None:
        """A trainer that pushes to the Hub writes the model card anew, after the save."""
        if self._commit is None:
            return
        try:
            write_revision.into_card(folder, self._commit)
        except (OSError, ValueError) as error:
            logger.warning("the model card has no %s: %s", write_revision.CARD_KEY, error)


def _is_unrecorded(folder: Path) -> bool:
    """Whether a folder holds an adapter, and no contract that was written after it."""
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        return False
    contract = folder / NAME
    newest = (folder / WEIGHTS).stat().st_mtime_ns
    return not contract.is_file() or contract.stat().st_mtime_ns < newest
