"""For axolotl: `plugins: [loralint.axolotl.Plugin]` in its YAML records every adapter it saves."""

from __future__ import annotations

from typing import Any

from axolotl.integrations.base import BasePlugin


class Plugin(BasePlugin):  # type: ignore[misc, unused-ignore]
    """Adds `RecordCallback` to a training of adapters, with the base that the recipe names.

    The commit that the weights in memory prove is written into adapter_config.json too: axolotl
    itself saves `revision: null` there, whatever `revision_of_model` says.
    """

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        if not cfg.adapter:
            return []
        from loralint.verify.callback import RecordCallback

        return [
            RecordCallback(
                base=cfg.base_model, revision=cfg.revision_of_model or None, write_revision=True
            )
        ]
