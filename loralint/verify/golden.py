"""Golden logits: what a model answers to fixed token ids, with the adapter and without it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loralint.contract import Golden
from loralint.verify.adapter import below_peft
from loralint.verify.offload import device_of, is_hooked
from loralint.verify.sharded import SHARDED, is_sharded

if TYPE_CHECKING:
    from torch import Tensor

ROWS, LENGTH = 2, 16
COLUMNS = 64
"""How many entries of the last dimension are kept: all of a head with few classes."""


class NoAnswerError(Exception):
    """The model cannot be asked; the message says why."""


def token_ids(vocabulary: int) -> tuple[tuple[int, ...], ...]:
    """The fixed token ids for a vocabulary of this size: spread over it, the same everywhere."""
    strides = (7919, 104_729)
    return tuple(
        tuple((1 + row + position * stride) % vocabulary for position in range(LENGTH))
        for row, stride in enumerate(strides[:ROWS])
    )


def ask(model: Any) -> Golden:
    """The golden logits of a model whose adapter is loaded and active.

    The model is left as it was: mode, random numbers, adapters. NoAnswerError where it takes no
    token ids, where it is spread over several processes, or where what it answers is no number.
    """
    if is_sharded(model):  # a forward that every process has to take part in
        raise NoAnswerError(SHARDED)
    embeddings = _embeddings(model)
    ids = token_ids(embeddings.weight.shape[0])
    with quiet(model):
        full = answers(model, ids)
        with adapter_off(model):
            without = answers(model, ids)
    return _golden(ids, full, without, device_of(embeddings).type)


def _golden(
    ids: tuple[tuple[int, ...], ...], full: tuple[str, Tensor], without: tuple[str, Tensor],
    device: str,
) -> Golden:  # fmt: skip
    import torch

    output, logits = full
    if not torch.isfinite(logits).all():
        raise NoAnswerError("the model answers with NaN or infinity")
    columns = chosen_columns(logits.shape[-1])
    kept = logits[..., list(columns)].float()
    difference = (kept - without[1][..., list(columns)].float()).abs()
    return Golden(
        token_ids=ids,
        output=output,  # type: ignore[arg-type]
        shape=(kept.shape[0], kept.shape[1], kept.shape[2]),
        columns=columns,
        values=kept.contiguous().numpy().astype("<f4").tobytes(),
        sha256=digest(logits),
        effect=float(difference.mean()),
        largest_effect=float(difference.max()),
        device=device,
    )


def answers(model: Any, ids: tuple[tuple[int, ...], ...]) -> tuple[str, Tensor]:
    """What a model answers, on the CPU: a name, and (rows, positions, width) values.

    Rows are asked one by one: a classifier without a padding token takes no more.
    """
    import torch

    name = "logits"
    rows = []
    for row in ids:
        found = _forward(model, row)
        values = getattr(found, "logits", None)
        if values is None:
            name, values = "last_hidden_state", getattr(found, "last_hidden_state", None)
        if not isinstance(values, torch.Tensor):
            raise NoAnswerError("the model gives neither logits nor hidden states")
        rows.append(values.detach().cpu().reshape(1, -1, values.shape[-1]))
    return name, torch.cat(rows)


def table_size(model: Any) -> int:
    """How many tokens the model's table of embeddings has; NoAnswerError without one."""
    return int(_embeddings(model).weight.shape[0])


def _forward(model: Any, row: tuple[int, ...]) -> Any:
    import torch

    device = device_of(_embeddings(model))
    taken = inspect.signature(below_peft(model).forward).parameters
    if "input_ids" not in taken:
        raise NoAnswerError("the model takes no token ids")
    ids = torch.tensor([row], device=device)
    given: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "decoder_input_ids" in taken:
        given["decoder_input_ids"] = ids
    if "use_cache" in taken:
        given["use_cache"] = False
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            if is_hooked(model):  # its weights have to be fetched
                return model(**given)
            # The class's own forward: accelerate puts one that casts in its place for training.
            return type(model).forward(model, **given)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise NoAnswerError(f"the model cannot be run on token ids alone: {first[:200]}") from error


def chosen_columns(width: int) -> tuple[int, ...]:
    """The entries of the last dimension that are kept, spread evenly."""
    count = min(width, COLUMNS)
    return tuple(index * width // count for index in range(count))


def digest(logits: Tensor) -> str:
    """The SHA-256 of all values, in the type in which they were computed."""
    import torch

    content = logits.contiguous().reshape(-1).view(torch.uint8).numpy()
    return hashlib.sha256(content.data).hexdigest()


@contextmanager
def quiet(model: Any) -> Iterator[None]:
    """Evaluation mode; modules get their mode back, parameters whether they are trained.

    Switching adapters off and on makes PEFT mark all of theirs as trained.
    """
    training = [module for module in model.modules() if module.training]
    trained = [(one, one.requires_grad) for one in model.parameters()]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
        for parameter, was in trained:
            if parameter.requires_grad != was:
                parameter.requires_grad = was


@contextmanager
def adapter_off(model: Any) -> Iterator[None]:
    """The base alone: PEFT's adapters, or those that transformers manages, switched off."""
    disable = getattr(model, "disable_adapter", None)
    if disable is not None:
        with disable():
            yield
        return
    if not getattr(model, "_hf_peft_config_loaded", False):
        raise NoAnswerError("the model has no adapter")
    model.disable_adapters()
    try:
        yield
    finally:
        model.enable_adapters()


def _embeddings(model: Any) -> Any:
    try:
        found = below_peft(model).get_input_embeddings()
    except (AttributeError, NotImplementedError):
        found = None
    if found is None or not hasattr(found, "weight"):
        raise NoAnswerError("the model has no table of token embeddings")
    return found
