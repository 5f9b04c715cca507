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

Carded: TypeAlias = Callable[[Path], None]
"""Takes the folder in which a model card was just written."""

_watched: WeakKeyDictionary[Any, tuple[Told, Carded]] = WeakKeyDictionary()


def watch(model: Any, told: Told, carded: Carded) -> None:
    """Call `told` after each `model.save_pretrained`, for every adapter that it wrote.

    `carded` is called when the model has written a model card. Copies of the model are not
    watched, and a second watcher takes the place of the first. What is no PeftModel is not
    watched at all.
    """
    from peft import PeftModel

    if not isinstance(model, PeftModel):
        return
    _wrap(PeftModel)
    _watched[model] = told, carded


def _wrap(class_: Any) -> None:
    """Put our step behind the class's methods, once. It is idle for models nobody watches."""
    plain_card = class_.create_or_update_model_card
    plain = class_.save_pretrained
    if getattr(plain, "tells", False):
        return

    @functools.wraps(plain)
    def save_pretrained(self: Any, save_directory: Any, *args: Any, **given: Any) -> Any:
        returned = plain(self, save_directory, *args, **given)
        watcher = _watched.get(self)
        if watcher is not None and given.get("is_main_process", True):
            for name in _saved(self, args, given):
                below = () if name == "default" else (name,)
                watcher[0](self, Path(save_directory, *below), name)
        return returned

    @functools.wraps(plain_card)
    def create_or_update_model_card(self: Any, output_dir: Any) -> Any:
        returned = plain_card(self, output_dir)
        if (watcher := _watched.get(self)) is not None:
            watcher[1](Path(output_dir))
        return returned

    save_pretrained.tells = True  # type: ignore[attr-defined]
    class_.save_pretrained = save_pretrained
    class_.create_or_update_model_card = create_or_update_model_card


def _saved(model: Any, args: tuple[Any, ...], given: dict[str, Any]) -> list[str]:
    """The adapters that a call of `save_pretrained` writes."""
    selected = args[1] if len(args) > 1 else given.get("selected_adapters")
    return list(model.peft_config) if selected is None else list(selected)
