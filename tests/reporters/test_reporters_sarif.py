"""`sarif`: against OASIS' schema, and what the schema leaves open."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from msgspec.structs import replace

from loralint.diagnostics import Diagnostic, Edit, Fix
from loralint.report.base import Report
from loralint.report.sarif import artifact, render
from loralint.source import Place, Span

SCHEMA = json.loads(
    (Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
)
URI = re.compile(r"(file:///)?([A-Za-z0-9._~/!$&'()*+,;=@:-]|%[0-9A-F]{2})+")


def run_of(report: Report) -> dict[str, Any]:
    log = json.loads(render(report))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    return dict(run)


def test_it_is_sarif(sample: Report, hostile: Report) -> None:
    for report in (sample, hostile, Report(), replace(sample, verbose=1)):
        assert run_of(report)["columnKind"] == "unicodeCodePoints"


def test_the_schema_refuses_what_is_wrong(sample: Report) -> None:
    log = json.loads(render(sample))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(log)


def test_each_result_points_to_its_rule(sample: Report) -> None:
    run = run_of(sample)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["LOR101", "LOR201"]  # not LOR103
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert [result["level"] for result in run["results"]] == [
        "warning", "note", "warning", "error", "warning", "warning",
    ]  # fmt: skip


def test_rules_have_help_and_a_level(sample: Report) -> None:
    strict = replace(sample.diagnostics[0], code="LOR103", name="mutable-revision")
    report = replace(sample, diagnostics=(*sample.diagnostics, strict))
    first, off, error = run_of(report)["tool"]["driver"]["rules"]
    assert "next push" in first["help"]["markdown"]
    assert first["helpUri"].endswith("/missing-revision")
    assert first["defaultConfiguration"] == {"level": "warning"}
    assert off["defaultConfiguration"] == {"enabled": False, "level": "warning"}
    assert error["defaultConfiguration"] == {"level": "error"}
    assert all(rule["help"]["text"] for rule in (first, off, error))


def test_rules_say_what_they_are_about(sample: Report) -> None:
    code = replace(sample.diagnostics[0], code="LOR105", name="unpinned-remote-code")
    first, security, error = run_of(replace(sample, diagnostics=(*sample.diagnostics, code)))[
        "tool"
    ]["driver"]["rules"]
    assert "supply-chain" in first["properties"]["tags"]
    assert "security-severity" not in first["properties"]
    assert 0 < float(security["properties"]["security-severity"]) <= 10
    assert "security" in security["properties"]["tags"]
    assert error["helpUri"] in error["help"]["text"]


def test_folders_have_categories_of_their_own(sample: Report) -> None:
    assert run_of(sample)["automationDetails"] == {"id": "loralint/"}
    inside = replace(sample, working_directory="services/chat", root_prefix="../..")
    assert run_of(inside)["automationDetails"] == {"id": "loralint/services/chat/"}


def test_a_rule_that_nobody_described_is_still_there(sample: Report) -> None:
    run = run_of(replace(sample, rules=lambda: ()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["LOR101", "LOR201"]


def test_a_related_place_is_linked_from_the_message(sample: Report) -> None:
    result = run_of(sample)["results"][3]
    (related,) = result["relatedLocations"]
    assert result["message"]["text"].splitlines()[1] == "[trained here, at `refs/pr/23`](1)"
    assert related["id"] == 1
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "train.py"
    assert related["physicalLocation"]["region"] == {
        "startLine": 3, "startColumn": 9, "endLine": 12, "endColumn": 2,
    }  # fmt: skip


def test_brackets_in_a_link_are_escaped(sample: Report) -> None:
    found = sample.diagnostics[3]
    related = replace(found.related[0], message="a [b](2) \\")
    report = replace(sample, diagnostics=(replace(found, related=(related,)),))
    (result,) = run_of(report)["results"]
    assert result["message"]["text"].endswith("[a \\[b\\](2) \\\\](1)")


def test_fixes(sample: Report) -> None:
    results = run_of(sample)["results"]
    assert [len(result.get("fixes", ())) for result in results] == [1, 0, 0, 1, 0, 0]
    (fix,) = results[3]["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "serve.py"
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 5, "startColumn": 62, "endLine": 5, "endColumn": 62},
            "insertedContent": {"text": ', revision="refs/pr/23"'},
        }
    ]
    assert fix["properties"] == {"applicability": "safe"}
    assert results[0]["fixes"][0]["properties"] == {"applicability": "unsafe"}


def test_a_fix_without_edits_is_none(sample: Report) -> None:
    bare = replace(sample.diagnostics[3], fix=Fix("safe", "look at it"))
    assert "fixes" not in run_of(replace(sample, diagnostics=(bare,)))["results"][0]


def test_a_fix_of_two_files_is_two_changes(sample: Report) -> None:
    spot = Span.of(1, 1, 1, 1)
    edits = tuple(Edit(Place(path, spot), path) for path in ("a.py", "b.py", "a.py"))
    found = replace(sample.diagnostics[3], fix=Fix("safe", "both", edits))
    (result,) = run_of(replace(sample, diagnostics=(found,)))["results"]
    changes = result["fixes"][0]["artifactChanges"]
    assert [len(change["replacements"]) for change in changes] == [2, 1]


def test_a_notebook_says_its_cell_and_claims_no_row(sample: Report) -> None:
    result = run_of(sample)["results"][1]
    assert result["message"]["text"].startswith("cell 3, row 2: ")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_what_was_not_decided_comes_with_verbose(sample: Report) -> None:
    assert notes_of(sample) == ["2 suppressed."]
    assert notes_of(replace(sample, suppressed=0)) == []
    assert notes_of(replace(sample, verbose=1)) == [
        "not decided: revision: the adapter is a local folder",
        "not decided: cell 3, row 1: repo id: comes from `args.model`",
        "2 suppressed.",
    ]


def notes_of(report: Report) -> list[str]:
    (invocation,) = run_of(report)["invocations"]
    assert invocation["executionSuccessful"]
    return [note["message"]["text"] for note in invocation.get("toolExecutionNotifications", [])]


@pytest.mark.parametrize(
    ("filename", "uri"),
    [
        ("src/a b.py", "src/a%20b.py"),
        ("100%#?.py", "100%25%23%3F.py"),
        ("a:b.py", "a%3Ab.py"),
        ("../ü.py", "../%C3%BC.py"),
        ("x\udcff.py", "x%FF.py"),
        ("x\ud800.py", "x%ED%A0%80.py"),
        ("/tmp/a b.py", "file:///tmp/a%20b.py"),
        ("C:/a.py", "file:///C:/a.py"),
    ],
)
def test_uris(filename: str, uri: str) -> None:
    location = artifact(filename)
    assert location["uri"] == uri
    assert URI.fullmatch(uri)
    assert ("uriBaseId" in location) is not uri.startswith("file:")


def test_every_uri_of_a_hostile_report_is_one(hostile: Report) -> None:
    text = render(hostile)
    uris = re.findall(r'"uri": "([^"]*)"', text)
    assert len(uris) == 4
    assert all(URI.fullmatch(uri) for uri in uris)
    assert unquote_to_bytes(uris[0]).startswith(b"\x1b[31m\x07\r\n")


def marks(report: Report) -> list[str]:
    return [one["partialFingerprints"]["loralint/v1"] for one in run_of(report)["results"]]


def test_fingerprints_last_when_rows_move(sample: Report) -> None:
    def lower(found: Diagnostic) -> Diagnostic:
        span = found.place.span
        start, end = span.start, span.end
        moved = Span.of(start.row + 7, start.column, end.row + 7, end.column)
        return replace(found, place=replace(found.place, span=moved))

    moved = replace(sample, diagnostics=tuple(map(lower, sample.diagnostics)), root_prefix="../")
    assert marks(moved) == marks(sample)


def test_fingerprints_tell_findings_apart(sample: Report) -> None:
    assert len(set(marks(sample))) == len(sample.diagnostics)
    one = sample.diagnostics[0]
    for change in (
        {"code": "LOR999"},
        {"subject": "x"},
        {"call": "f()"},
        {"place": replace(one.place, path="z.py")},
        {"place": replace(one.place, cell=9)},
    ):
        other = replace(sample, diagnostics=(replace(one, **change),))
        assert marks(other) != marks(replace(sample, diagnostics=(one,)))
