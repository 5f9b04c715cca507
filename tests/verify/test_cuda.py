"""The matrix on a GPU: the same adapters and faults, loaded with device_map through accelerate."""

from __future__ import annotations

import pytest

from tests.verify.conftest import MISSING


def _without_cuda() -> str:
    if MISSING:
        return "no torch, hence no CUDA"
    import torch

    return "" if torch.cuda.is_available() else "there is no CUDA device on this machine"


REASON = _without_cuda()
pytestmark = [pytest.mark.models, pytest.mark.skipif(bool(REASON), reason=REASON)]

if not MISSING:
    from loralint.verify.case import Asked, case_for
    from loralint.verify.result import TIERS
    from loralint.verify.tiers import verify
    from tests.verify.faults import FAULTS
    from tests.verify.healthy import HEALTHY
else:
    TIERS, FAULTS, HEALTHY = (), (), ()

LOADED = [one for one in FAULTS if one.tier == "load"]


def by_name(one):
    return one.name


@pytest.mark.parametrize("device", ["auto", "cuda:0"])
@pytest.mark.parametrize("healthy", HEALTHY, ids=by_name)
def test_healthy_on_cuda(zoo, healthy, device):
    asked = Asked(**{**healthy.given, "device": device})
    found = verify(case_for(str(healthy.build(zoo)), asked), TIERS[:4])
    assert found.verdict == "verified"
    assert {one.severity for one in found.findings} <= {"warning"}


@pytest.mark.parametrize("fault", LOADED, ids=by_name)
def test_fault_on_cuda(zoo, fault, tmp_path):
    path, asked = fault.build(zoo, tmp_path / "adapter")
    found = verify(case_for(str(path), Asked(**{**asked, "device": "cuda:0"})))
    assert found.verdict == "failed"
    assert fault.codes <= {one.code for one in found.findings}


@pytest.mark.parametrize("fault", FAULTS, ids=by_name)
def test_the_cheap_tiers_need_no_device(zoo, fault, tmp_path):
    if fault.tier == "load":
        pytest.skip("found by the load tier, which the test above runs")
    path, asked = fault.build(zoo, tmp_path / "adapter")
    found = verify(case_for(str(path), Asked(**{**asked, "device": "cuda:0"})))
    assert found.tiers[-1].name == fault.tier
