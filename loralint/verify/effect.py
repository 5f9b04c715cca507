"""Whether the adapter changes what the model answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loralint.verify.golden import LENGTH, NoAnswerError, adapter_off, answers, quiet, token_ids


@dataclass(frozen=True)
class Effect:
    """The largest and the mean change of the output; `finite` is False for NaN or infinity."""

    largest: float
    mean: float
    finite: bool


def effect(model: Any, config: Mapping[str, Any]) -> Effect:
    """Run the model with the adapter and without it; NoAnswerError where it cannot be run."""
    import torch

    try:
        full, bare = _both(model, config)
    except NoAnswerError:
        raise
    except Exception as error:  # other people's forward passes
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise NoAnswerError(f"the model cannot be run on made-up input: {reason}") from error
    difference = (full.float() - bare.float()).abs()
    finite = bool(torch.isfinite(full).all())
    return Effect(float(difference.max()), float(difference.mean()), finite)


def _both(model: Any, config: Mapping[str, Any]) -> tuple[Any, Any]:
    """The answers with the adapter and without it, of one shape."""
    ask = _asking(model, config)
    with quiet(model):
        full = ask(model)
        if _is_prompt(model):
            bare = ask(model.get_base_model())
        else:
            with adapter_off(model):
                bare = ask(model)
    if full.ndim > 2 and full.shape != bare.shape:  # virtual tokens before the answer
        full = full[..., -bare.shape[-2] :, :]
    return full, bare


def _asking(model: Any, config: Mapping[str, Any]) -> Callable[[Any], Any]:
    """How to ask: with token ids, or with an image where the model takes none."""
    embeddings = _embeddings(model)
    if embeddings is not None:
        ids = (_row(int(embeddings.shape[0]), config),)
        return lambda asked: answers(asked, ids)[1]
    pixels = _image(model)
    if pixels is None:
        raise NoAnswerError("the model takes neither token ids nor images")
    return lambda asked: _see(asked, pixels)


def _is_prompt(model: Any) -> bool:
    found = getattr(model, "peft_config", {}).get(getattr(model, "active_adapter", None))
    return bool(getattr(found, "is_prompt_learning", False))


def _embeddings(model: Any) -> Any:
    try:
        return getattr(model.get_input_embeddings(), "weight", None)
    except (AttributeError, NotImplementedError):
        return None


def _row(vocabulary: int, config: Mapping[str, Any]) -> tuple[int, ...]:
    """Fixed token ids, with those among them that alone are trained."""
    row = list(token_ids(vocabulary)[0])
    trained = _trained_tokens(config)[: LENGTH // 2]
    row[1 : 1 + len(trained)] = trained
    return tuple(row)


def _trained_tokens(config: Mapping[str, Any]) -> list[int]:
    given = config.get("trainable_token_indices") or config.get("token_indices") or []
    lists = given.values() if isinstance(given, dict) else [given]
    return [one for some in lists for one in some if isinstance(one, int)]


def _image(model: Any) -> Any:
    """Fixed noise of the size that the configuration gives; None where it gives none."""
    import torch

    config = model.config
    if getattr(model, "main_input_name", "") != "pixel_values" or not hasattr(config, "image_size"):
        return None
    size = config.image_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    noise = torch.Generator().manual_seed(0)
    return torch.randn((1, getattr(config, "num_channels", 3), height, width), generator=noise)


def _see(model: Any, pixels: Any) -> Any:
    import torch

    parameter = next(one for one in model.parameters() if one.is_floating_point())
    with torch.inference_mode():
        found = model(pixel_values=pixels.to(parameter.device, parameter.dtype))
    values = getattr(found, "logits", None)
    return (values if values is not None else found.last_hidden_state).detach().cpu()
