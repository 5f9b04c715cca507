"""Tests that load models: tiny ones, made here, on the CPU. They need the `runtime` extra."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "safetensors")
MISSING = [name for name in LIBRARIES if find_spec(name) is None]
REASON = (
    f"{', '.join(MISSING)} not installed for Python {sys.version_info.major}."
    f"{sys.version_info.minor}: pip install '.[dev,runtime]'"
)
# Before huggingface_hub is imported: it reads these once.
_HOME = tempfile.TemporaryDirectory(prefix="loralint-hub-")
os.environ["HF_HOME"] = _HOME.name
for _name in ("HF_HUB_CACHE", "HF_MODULES_CACHE", "TRANSFORMERS_CACHE"):
    os.environ.pop(_name, None)

REQUIRED = os.environ.get("LORALINT_TEST_RUNTIME") == "required"
"""Set by `make test` where the extra has been installed: a skip would be a lie there."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "models: loads a model; needs the runtime extra")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Tiny models, and processors that other tests may use too: threads would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents or item.get_closest_marker("models") is None:
            continue
        # The libraries warn of many things; what counts is found and reported as findings.
        item.add_marker(pytest.mark.filterwarnings("ignore"))
        if MISSING and not REQUIRED:
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory):
    from tests.verify.zoo import Zoo

    return Zoo(tmp_path_factory.mktemp("zoo"))


@pytest.fixture(scope="session")
def hub_cache() -> Path:
    """The Hub's cache of this run; everything in it has been put there by a test."""
    cache = Path(os.environ["HF_HOME"], "hub")
    cache.mkdir(exist_ok=True)
    return cache
