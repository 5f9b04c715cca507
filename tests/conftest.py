"""What holds for all tests: generated examples may take the time that a busy evaluator needs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


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
