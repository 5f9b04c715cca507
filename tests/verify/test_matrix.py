"""The matrix: every planted fault fails with its code, and no healthy adapter fails.

`python -m tests.verify.matrix_table` prints it into docs/verification.md.
"""

from __future__ import annotations

import pytest

from loralint.verify.result import TIERS
from tests.verify.conftest import MISSING

pytestmark = pytest.mark.models

if not MISSING:
    from loralint.verify.arrival import arrival
    from loralint.verify.case import Asked, case_for
    from loralint.verify.folder import open_folder
    from loralint.verify.tiers import verify
    from tests.verify.faults import FAULTS, Fault
    from tests.verify.healthy import HEALTHY, Healthy
    from tests.verify.wrong_loads import WRONG_LOADS, WrongLoad
else:
    FAULTS, HEALTHY, WRONG_LOADS = (), (), ()

UP_TO_ROUND_TRIP = TIERS[:4]


def by_name(one):
    return one.name


@pytest.mark.parametrize("healthy", HEALTHY, ids=by_name)
def test_healthy(zoo, healthy: Healthy):
    path = healthy.build(zoo)
    found = verify(case_for(str(path), Asked(**healthy.given)), UP_TO_ROUND_TRIP)
    warned = [f"{one.code}: {one.message}" for one in found.findings]
    assert len(warned) == bool(healthy.warned)
    assert all(one.startswith(healthy.warned) for one in warned)
    assert {one.severity for one in found.findings} <= {"warning"}
    assert [tier.verdict for tier in found.tiers] == ["verified"] * 4
    assert sorted(one.what for one in found.skipped) == sorted(healthy.skipped)
    # Each tier has looked at every tensor of the file, and the last one at the merged model too.
    tensors = len(open_folder(path).tensors)
    merged = "the merged model" not in healthy.skipped
    assert [tier.checked for tier in found.tiers] == [tensors] * 3 + [tensors + merged]


@pytest.mark.parametrize("fault", FAULTS, ids=by_name)
def test_fault(zoo, fault: Fault, tmp_path):
    path, asked = fault.build(zoo, tmp_path / "adapter")
    found = verify(case_for(str(path), Asked(**asked)))
    assert found.verdict == "failed"
    cheapest = next(tier.name for tier in found.tiers if tier.verdict == "failed")
    assert cheapest == fault.tier
    assert fault.codes <= {one.code for one in found.findings}


@pytest.mark.parametrize("wrong", WRONG_LOADS, ids=by_name)
def test_wrong_load(zoo, wrong: WrongLoad):
    path = HEALTHY[0].build(zoo)
    case = case_for(str(path), Asked())
    found = arrival(wrong.load(zoo, path), case, open_folder(path))
    assert found.verdict == "failed"
    assert wrong.codes <= {one.code for one in found.findings}


def test_a_right_load_is_found_right(zoo):
    """What the wrong loads are measured against: the same folder, loaded as one should."""
    from peft import PeftModel

    from tests.verify.wrong_loads import base

    path = HEALTHY[0].build(zoo)
    model = PeftModel.from_pretrained(base(zoo), str(path))
    found = arrival(model, case_for(str(path), Asked()), open_folder(path))
    assert (found.findings, found.skipped, found.checked) == ((), (), 8)


def test_the_matrix_is_as_large_as_promised():
    assert len(FAULTS) + len(WRONG_LOADS) >= 30
    assert len(HEALTHY) >= 15
