"""What the tiers of one case share, so that nothing large is loaded twice without need."""

from __future__ import annotations

from loralint.verify.case import Case
from loralint.verify.folder import AdapterFolder, open_folder
from loralint.verify.loading import Loaded, load
from loralint.verify.memory import give_back


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
            give_back()
        return self._loaded

    def fresh(self) -> Loaded:
        """A second load of the same case, independent of the first and not kept."""
        return load(self.case, self.folder)

    def drop(self) -> None:
        """Give the model's memory back."""
        if self._loaded is None:
            return
        self._loaded = None
        give_back()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
