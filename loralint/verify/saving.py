"""Being told when a model saves its adapters.

A trainer tells its callbacks of checkpoints only: the `save_model` after the training, which
writes what people use, passes them by. All of them go through `PeftModel.save_pretrained`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

Told: TypeAlias = Callable[[Any, Path, str], None]
"""Takes the model, the folder of an adapter that was just saved, and the adapter's name."""

_watched: WeakKeyDictionary[Any, Told] = WeakKeyDictionary()


def watch(model: Any, told: Told) -> None:
    """Call `told` after each `model.save_pretrained`, for every adapter that it wrote.

    Copies of the model are not watched, and a second watcher takes the place of the first. What
    is no PeftModel is not watched at all.
    """
    from peft import PeftModel

    if not isinstance(model, PeftModel):
        return
    _wrap(PeftModel)
    _watched[model] = told


def _wrap(class_: Any) -> None:
    """Put our step behind the class's method, once. It is idle for models nobody watches."""
    plain = class_.save_pretrained
    if getattr(plain, "tells", False):
        return

    @functools.wraps(plain)
    def save_pretrained(self: Any, save_directory: Any, *args: Any, **given: Any) -> Any:
        returned = plain(self, save_directory, *args, **given)
        told = _watched.get(self)
        if told is not None and given.get("is_main_process", True):
            for name in _saved(self, args, given):
                below = () if name == "default" else (name,)
                told(self, Path(save_directory, *below), name)
        return returned

    save_pretrained.tells = True  # type: ignore[attr-defined]
    class_.save_pretrained = save_pretrained


def _saved(model: Any, args: tuple[Any, ...], given: dict[str, Any]) -> list[str]:
    """The adapters that a call of `save_pretrained` writes."""
    selected = args[1] if len(args) > 1 else given.get("selected_adapters")
    return list(model.peft_config) if selected is None else list(selected)
