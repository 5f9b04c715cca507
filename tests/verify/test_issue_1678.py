"""PEFT issue 1678: trained at one revision, served at another, and nothing raised an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    from tests.verify import phi_hub

    home = tmp_path_factory.mktemp("hf")
    phi_hub.build(home)
    return home


@pytest.fixture(scope="module")
def adapter(home, tmp_path_factory) -> Path:
    from tests.verify import phi_hub

    return phi_hub.train(home, tmp_path_factory.mktemp("trained") / "out")


def verify(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command line, in a process of its own."""
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "loralint", "verify", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_verified_at_the_revision_of_the_training(home, adapter):
    done = verify(home, str(adapter), "--revision", "refs/pr/23", "--trust-remote-code",
                  "--output-format", "json")  # fmt: skip
    found = answer(done)
    assert (done.returncode, found["verdict"], found["findings"]) == (0, "verified", [])
    checked = {tier["name"]: tier["checked"] for tier in found["tiers"]}
    assert checked["header"] == checked["dry-run"] == checked["load"] == 16
    assert (found["base"], found["revision"]) == ("acme/phi", "refs/pr/23")


def test_failed_at_the_default_branch(home, adapter):
    done = verify(home, str(adapter), "--tier", "dry-run", "--tier", "load",
                  "--output-format", "json")  # fmt: skip
    found = answer(done)
    assert (done.returncode, found["verdict"]) == (1, "failed")
    assert {tier["name"]: tier["verdict"] for tier in found["tiers"]} == {
        "dry-run": "failed",
        "load": "failed",
    }
    by_code = {one["code"]: one for one in found["findings"]}
    assert {"LOR501", "LOR502"} <= set(by_code)
    # fc1 and fc2 of both layers stay fresh; not one tensor of the file has a place.
    assert by_code["LOR501"]["message"].startswith("8 adapter tensors")
    assert by_code["LOR502"]["message"].startswith("none of the 16")
    assert "mlp.fc1.lora_A" in by_code["LOR501"]["related"][0]["message"]


def test_the_report_says_what_it_means_and_what_to_do(home, adapter):
    done = verify(home, str(adapter))
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED")
    for words in ("LOR501", "layer 0", "layer 1", "Do not serve it", "--revision", "the load tier"):
        assert words in done.stdout
    rows = done.stderr.splitlines()  # what it is at, also where nobody sits at a terminal
    assert rows and all(row.startswith("  ") for row in rows)


def test_remote_code_needs_a_word(home, adapter):
    done = verify(home, str(adapter), "--revision", "refs/pr/23", "--output-format", "json")
    found = answer(done)
    assert (done.returncode, found["verdict"]) == (3, "inconclusive")
    assert any("--trust-remote-code" in one["reason"] for one in found["skipped"])
