"""What the tiers of one case share, so that nothing large is loaded twice without need."""

from __future__ import annotations

import gc

from loralint.verify.case import Case
from loralint.verify.folder import AdapterFolder, open_folder
from loralint.verify.loading import Loaded, load


class Bench:
    """A case, its folder, and its model once a tier has asked for it."""

    def __init__(self, case: Case, folder: AdapterFolder | None = None) -> None:
        self.case = case
        self.folder = folder or open_folder(case.adapter)
        self._loaded: Loaded | None = None

    def loaded(self) -> Loaded:
        """The model, loaded at the first call; CannotBuildError or AdapterRefusedError."""
        if self._loaded is None:
            self._loaded = load(self.case, self.folder)
        return self._loaded

    def fresh(self) -> Loaded:
        """A second load of the same case, independent of the first and not kept."""
        return load(self.case, self.folder)

    def drop(self) -> None:
        """Give the model's memory back."""
        self._loaded = None
        gc.collect()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
