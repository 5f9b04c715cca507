"""`loralint record`, and `loralint verify` that holds the adapter to what it wrote."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from loralint import contract as contracts
from loralint.cli.group import loralint
from tests.verify.fake_hub import publish
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]


def run(*arguments):
    return CliRunner().invoke(loralint, [str(one) for one in arguments])


@pytest.fixture
def trained(tmp_path, hub_cache):
    """An adapter on a base of the Hub, of which `main` has moved since."""
    commit = publish(hub_cache, "acme/cli", llama(tmp_path / "v1", seed=1), "v1")
    adapter("acme/cli", tmp_path / "a", load={"revision": "v1"})
    publish(hub_cache, "acme/cli", llama(tmp_path / "v2", seed=2), "main")
    return tmp_path / "a", commit


def test_recorded_adapter_is_verified_against_its_contract(trained):
    folder, commit = trained
    done = run("record", folder, "--revision", "v1", "--offline")
    assert done.exit_code == 0, done.output
    assert f"base: acme/cli at {commit} (v1)" in done.output
    assert "12 tensors of the adapter" in done.output
    assert "golden logits" in done.output
    recorded = contracts.parse((folder / contracts.NAME).read_bytes())
    assert (recorded.base.commit, recorded.base.requested) == (commit, "v1")
    assert recorded.loading.quantization.method == "nf4"
    done = run("verify", folder, "--offline", "--tier", "contract", "--output-format", "json")
    found = json.loads(done.output)
    assert (done.exit_code, found["verdict"], found["revision"]) == (0, "verified", commit)


def test_contract_finds_the_other_revision(trained):
    """The same architecture with other weights: its files tell, before any is loaded."""
    folder, _ = trained
    assert run("record", folder, "--revision", "v1", "--offline").exit_code == 0
    done = run("verify", folder, "--revision", "main", "--offline", "--output-format", "json")
    found = json.loads(done.output)
    assert done.exit_code == 1
    tiers = {tier["name"]: tier["verdict"] for tier in found["tiers"]}
    assert tiers == {"header": "verified", "contract": "failed"}
    assert [one["code"] for one in found["findings"]] == ["LOR510"]


def test_without_weights(trained):
    folder, commit = trained
    done = run("record", folder, "--revision", "v1", "--no-golden", "--offline")
    assert done.exit_code == 0, done.output
    recorded = contracts.parse((folder / contracts.NAME).read_bytes())
    assert (recorded.golden, recorded.base.commit) == (None, commit)
    assert "not recorded: golden" in done.output


def test_damaged_contract_is_written_anew(trained):
    folder, _ = trained
    (folder / contracts.NAME).write_text("{")
    assert run("verify", folder, "--offline").exit_code == 2
    assert run("record", folder, "--revision", "v1", "--no-golden", "--offline").exit_code == 0
    contracts.parse((folder / contracts.NAME).read_bytes())


def test_adapter_that_does_not_arrive_is_not_recorded(trained, tmp_path):
    folder, _ = trained
    short = llama(tmp_path / "short", layers=1)
    done = run("record", folder, "--base", short, "--offline")
    assert done.exit_code == 2
    assert "is not what the folder holds" in done.output
    assert not (folder / contracts.NAME).exists()


def test_folder_without_adapter(tmp_path):
    done = run("record", tmp_path, "--offline")
    assert done.exit_code == 2
    assert "adapter_config.json" in done.output
