"""`loralint verify` as people and programs see it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from loralint.cli import loralint
from loralint.cli.verify_output import as_object
from loralint.cli.verify_text import text
from loralint.diagnostics import Skipped
from loralint.report import FORMATS
from loralint.source import START, Place
from loralint.verify.codes import LOR501, finding
from loralint.verify.result import EXIT_CODES, Checked, TierResult, Verification, overall

NAMES = [f"model.layers.{layer}.mlp.fc1.lora_{half}.weight" for layer in range(9) for half in "AB"]


def outcome(verdict: str = "failed") -> Verification:
    found = finding(
        LOR501,
        "18 adapter tensors get nothing",
        "out/adapter_model.safetensors",
        details=NAMES,
        help="load the base of the training",
        subject="acme/phi",
    )
    return Verification(
        verdict=verdict,
        adapter="out",
        base="acme/phi",
        revision="refs/pr/23",
        tiers=(TierResult("header", "verified", 0.01, 18), TierResult("dry-run", verdict, 1.5, 18)),
        findings=(found,) if verdict == "failed" else (),
        skipped=(Skipped(Place("out", START), "the load tier", "the dry-run tier has failed"),),
    )


def test_json_is_the_object_of_the_contract():
    found = as_object(outcome())
    assert list(found) == ["verdict", "adapter", "base", "revision", "tiers", "findings", "skipped"]
    assert found["tiers"][1] == {
        "name": "dry-run", "verdict": "failed", "seconds": 1.5, "checked": 18
    }  # fmt: skip
    assert set(found["findings"][0]) == {
        "code", "name", "severity", "message", "filename", "cell", "location", "end_location",
        "related", "fix", "url",
    }  # fmt: skip
    assert found["findings"][0]["related"][0]["message"] == NAMES[0]
    assert found["skipped"] == [{"what": "the load tier", "reason": "the dry-run tier has failed"}]
    json.dumps(found)


def test_the_text_has_the_verdict_first_and_the_advice_last():
    lines = text(outcome(), colour=False, loudness=0).splitlines()
    assert lines[0] == "FAILED  out on acme/phi at refs/pr/23"
    assert lines[-1] == "This pair is not the model that was trained. Do not serve it."
    assert "help: load the base of the training" in lines
    assert any("dry-run" in line and "18 tensors checked" in line for line in lines)


def test_layers_are_told_apart_and_the_first_is_spelt_out():
    report = text(outcome(), colour=False, loudness=0)
    assert "| layer 0   model.layers.0.mlp.fc1.lora_A.weight" in report
    assert "| layer 1   2 tensors" in report
    assert "| 3 more layers: 6 tensors" in report
    everything = text(outcome(), colour=False, loudness=1)
    assert all(name in everything for name in NAMES)


def test_what_is_not_proved_stands_below_its_heading():
    for verdict in ("failed", "inconclusive", "verified"):
        lines = text(outcome(verdict), colour=False, loudness=0).splitlines()
        at = lines.index("not proved:")
        assert lines[at + 1] == "  the load tier: the dry-run tier has failed"
        assert lines[at - 1] == lines[at + 2] == ""


def test_quiet_leaves_the_findings():
    report = text(outcome(), colour=False, loudness=-1)
    assert report.startswith("error[LOR501]")
    assert "not proved" not in report
    assert text(outcome("verified"), colour=False, loudness=-1) == ""


def test_what_was_not_loaded_is_not_called_proved():
    report = text(outcome("verified"), colour=False, loudness=0)
    assert "No weights were loaded." in report
    assert "every tensor" not in report


def test_colour_changes_nothing_but_colour():
    import re

    coloured = text(outcome(), colour=True, loudness=0)
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == text(outcome(), colour=False, loudness=0)
    assert coloured != text(outcome(), colour=False, loudness=0)


@pytest.mark.parametrize(
    ("verdicts", "whole", "code"),
    [
        (["verified", "verified"], "verified", 0),
        (["verified", "failed"], "failed", 1),
        (["inconclusive", "failed"], "failed", 1),
        (["verified", "inconclusive"], "inconclusive", 3),
        ([], "inconclusive", 3),
    ],
)
def test_verdicts_add_up(verdicts, whole, code):
    tiers = tuple(TierResult("load", one, 0.0, 1) for one in verdicts)
    assert overall(tiers) == whole
    assert EXIT_CODES[overall(tiers)] == code


def test_an_undecided_tier_with_findings_has_failed():
    found = (finding(LOR501, "gone", "a"),)
    assert Checked(decided=False).verdict == "inconclusive"
    assert Checked(findings=found, decided=False).verdict == "failed"


@pytest.mark.models
@pytest.mark.parametrize("output_format", list(FORMATS))
def test_every_format_takes_a_verification(zoo, tmp_path, output_format):
    from tests.verify.faults import FAULTS

    fault = next(one for one in FAULTS if one.name == "one `lora_B` lost")
    path, _ = fault.build(zoo, tmp_path / "adapter")
    arguments = ["verify", str(path), "--tier", "header", "--output-format", output_format]
    result = CliRunner().invoke(loralint, arguments, prog_name="loralint")
    assert result.exit_code == 1
    assert "LOR501" in result.stdout


@pytest.mark.models
def test_tiers_asked_for_are_the_tiers_that_run(zoo):
    from tests.verify.healthy import HEALTHY

    path = HEALTHY[0].build(zoo)
    arguments = ["verify", str(path), "--tier", "dry-run", "--tier", "header"]
    result = CliRunner().invoke(loralint, [*arguments, "--output-format", "json"])
    assert result.exit_code == 0
    assert [tier["name"] for tier in json.loads(result.stdout)["tiers"]] == ["header", "dry-run"]
