"""Tests that load models: tiny ones, made on the spot, from a Hub cache of their own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# Before huggingface_hub is imported: it reads these once.
_HOME = tempfile.TemporaryDirectory(prefix="loralint-hub-")
os.environ["HF_HOME"] = _HOME.name
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
for _name in ("HF_HUB_CACHE", "HF_MODULES_CACHE", "TRANSFORMERS_CACHE"):
    os.environ.pop(_name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Other people's warnings are no errors of ours."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def hub_cache() -> Path:
    """The Hub's cache of this run; everything in it has been put there by a test."""
    cache = Path(os.environ["HF_HOME"], "hub")
    cache.mkdir(exist_ok=True)
    return cache
