"""What holds for all tests: a cache of their own, and time for generated examples."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def cache_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test sees what another one, or the user, has left in the cache."""
    monkeypatch.setenv("LORALINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _no_models_of_this_machine(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What this machine has downloaded decides no test; some have caches of their own."""
    if not request.node.nodeid.startswith(("tests/hub/", "tests/verify/")):
        empty = tmp_path_factory.getbasetemp() / "no-models"
        monkeypatch.setenv("HF_HUB_CACHE", str(empty))
