"""What a model answers, with the adapter and without it, whatever kind it is."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loralint.contract import Golden
from loralint.verify.adapter import SHARDED, below_peft, is_adapted, is_sharded
from loralint.verify.base import input_rows
from loralint.verify.made_up import LENGTH, noise, takes, token_ids
from loralint.verify.offload import device_of, is_hooked

if TYPE_CHECKING:
    from torch import Tensor


# --- golden ---------------------------------------------------------------------------------------


COLUMNS = 64
"""How many entries of the last dimension are kept: all of a head with few classes."""


class NoAnswerError(Exception):
    """The model cannot be asked; the message says why."""


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


# --- asking ---------------------------------------------------------------------------------------


UNHEARD = "the model was run on token ids alone, which do not go through it"
"""Why the adapter in a part of the model is not proved to do anything."""


@dataclass(frozen=True)
class Question:
    """What is asked, and of which part of the base: a dotted name, "" for all of it.

    `rows` are token ids; where there are none, `given` are the arguments of the forward. `unheard`
    names the adapted parts of the base that no token ids reach.
    """

    part: str
    rows: tuple[tuple[int, ...], ...] = ()
    given: Mapping[str, Tensor] | None = None
    unheard: tuple[str, ...] = ()

    def ask(self, model: Any) -> Tensor:
        """The answer, on the CPU; NoAnswerError where the model raises one of its own."""
        try:
            asked = below_peft(model).get_submodule(self.part) if self.part else model
            return answers(asked, self.rows)[1] if self.rows else _show(asked, self.given or {})
        except NoAnswerError:
            raise
        except Exception as error:  # other people's forward passes
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise NoAnswerError(f"the model cannot be run on made-up input: {reason}") from error


@dataclass(frozen=True)
class Answers:
    """What a model answers with the adapter and without it: tensors of one shape."""

    full: Tensor
    bare: Tensor

    @property
    def largest(self) -> float:
        """The largest change that the adapter makes to any entry."""
        return float((self.full.float() - self.bare.float()).abs().max())

    @property
    def effect(self) -> float:
        """The mean change that the adapter makes."""
        return float((self.full.float() - self.bare.float()).abs().mean())

    @property
    def finite(self) -> bool:
        """Whether the adapter leaves numbers: neither NaN nor infinity."""
        import torch

        return bool(torch.isfinite(self.full).all())

    def apart(self, other: Tensor) -> float:
        """The mean difference of another answer, as a share of the adapter's effect."""
        other = _last(other, self.full)
        if other.shape != self.full.shape:
            return float("inf")
        mean = float((other.float() - self.full.float()).abs().mean())
        return mean / self.effect if self.effect else mean


def question(model: Any, config: Mapping[str, Any], *, whole: bool) -> Question:
    """What to ask; NoAnswerError where there is no input that this model takes.

    Without `whole`, one row goes through the part of the model that has all of the adapter in it.
    """
    base = below_peft(model)
    towers = _adapted_towers(base)
    if len(towers) == 1 and _holds_all(base.get_submodule(towers[0]), base):
        return _shown(base.get_submodule(towers[0]), towers[0])
    rows = input_rows(base)
    if rows is None or not takes(base, "input_ids") or not _starts_with_text(base):
        return _shown(base, "")
    first, *others = token_ids(rows)
    first = _with_trained(first, config)
    if whole:
        return Question("", (first, *others), unheard=towers)
    part = "" if invocation(config) else _inner(model, base)  # PEFT's wrapper looks for them
    return Question(part, (first,), unheard=towers)


def both(model: Any, asked: Question) -> Answers:
    """The answers with the adapter and without it; NoAnswerError where it cannot be asked."""
    return compared(alone(model, asked), without(model, asked))


def compared(full: Tensor, bare: Tensor) -> Answers:
    """Two answers, without those to virtual tokens."""
    return Answers(_last(full, bare), bare)


def without(model: Any, asked: Question) -> Tensor:
    """The answer of a model with its adapter switched off."""
    with quiet(model):
        if _is_prompt(model):
            return asked.ask(model.get_base_model())
        with adapter_off(model):
            return asked.ask(model)


def alone(model: Any, asked: Question) -> Tensor:
    """The answer of a model as it stands."""
    with quiet(model):
        return asked.ask(model)


def _last(full: Tensor, bare: Tensor) -> Tensor:
    """Without the answers to virtual tokens, which come before the others."""
    if full.ndim > 2 and full.shape != bare.shape:
        return full[..., -bare.shape[-2] :, :]
    return full


def _adapted_towers(base: Any) -> tuple[str, ...]:
    """The models inside the base that take no token ids, and have adapted modules in them."""
    from transformers import PreTrainedModel

    found: list[str] = []
    for name, module in base.named_modules():
        inside = any(name.startswith(f"{one}.") for one in found)
        if not name or inside or not isinstance(module, PreTrainedModel):
            continue
        if not takes(module, "input_ids") and any(map(is_adapted, module.modules())):
            found.append(name)
    return tuple(found)


def _holds_all(part: Any, base: Any) -> bool:
    """Whether every adapted module of the base lies in the part."""
    inside = {id(module) for module in part.modules()}
    adapted = [module for module in base.modules() if is_adapted(module)]
    return bool(adapted) and all(id(one) in inside for one in adapted)


def _starts_with_text(base: Any) -> bool:
    return getattr(base, "main_input_name", "input_ids") == "input_ids"


def _shown(part: Any, name: str) -> Question:
    given = noise(part)
    if given is None:
        where = f"its part `{name}`, where the adapter is," if name else "the model"
        raise NoAnswerError(f"{where} takes no input that can be made up")
    return Question(name, given=given)


def _inner(model: Any, base: Any) -> str:
    """The model without its head, where all of the adapter is in it.

    The head need not run then: over a large vocabulary it costs as much memory as everything else
    together, and can only pass a difference on.
    """
    prefix = getattr(base, "base_model_prefix", "")
    inner = getattr(base, prefix, None) if prefix else None
    if inner is None or inner is base or input_rows(inner) is None or _is_prompt(model):
        return ""
    return prefix if _holds_all(inner, base) else ""


def _with_trained(row: tuple[int, ...], config: Mapping[str, Any]) -> tuple[int, ...]:
    """Token ids, with those among them that alone are trained, or that call the adapter up."""
    called = invocation(config)
    if called:
        return (row[0], *called, *row[1:])
    trained = list(_trained_tokens(config))[: LENGTH // 2]
    return (row[0], *trained, *row[1 + len(trained) :])


def invocation(config: Mapping[str, Any]) -> tuple[int, ...]:
    """The token ids that an adapter waits for (aLoRA); none for most."""
    given = config.get("alora_invocation_tokens")
    return tuple(one for one in given if isinstance(one, int)) if isinstance(given, list) else ()


def _trained_tokens(config: Mapping[str, Any]) -> Iterator[int]:
    given = config.get("trainable_token_indices") or config.get("token_indices") or []
    for some in given.values() if isinstance(given, dict) else [given]:
        yield from (one for one in some if isinstance(one, int))


def _show(model: Any, given: Mapping[str, Tensor]) -> Tensor:
    import torch

    parameter = next(one for one in model.parameters() if one.is_floating_point())
    # Where hooks fetch the weights they fetch the input too, from anywhere.
    device = "cpu" if parameter.is_meta else parameter.device
    placed = {
        name: one.to(device, parameter.dtype if one.is_floating_point() else None)
        for name, one in given.items()
    }
    with torch.no_grad():
        found = model(**placed)
    for name in ("logits", "logits_per_image", "last_hidden_state"):
        values = getattr(found, name, None)
        if isinstance(values, torch.Tensor):
            return values.detach().cpu()
    raise NoAnswerError("the model gives neither logits nor hidden states")


def _is_prompt(model: Any) -> bool:
    found = getattr(model, "peft_config", {}).get(getattr(model, "active_adapter", None))
    return bool(getattr(found, "is_prompt_learning", False))
