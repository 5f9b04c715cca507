"""`json`: the keys are a contract."""

from __future__ import annotations

import json

from msgspec.structs import replace

from loralint.report.base import Report
from loralint.report.json_ import render

KEYS = "code name severity message filename cell location end_location related fix url".split()


def test_the_keys_are_those_of_the_contract(sample: Report) -> None:
    for found in json.loads(render(sample)):
        assert list(found) == KEYS


def test_one_finding_whole(sample: Report) -> None:
    found = json.loads(render(replace(sample, root_prefix="../")))[3]
    assert found == {
        "code": "LOR201",
        "name": "revision-mismatch",
        "severity": "error",
        "message": "`microsoft/phi-2` is loaded at no revision, "
        "its adapter was trained at `refs/pr/23`",
        "filename": "../serve.py",
        "cell": None,
        "location": {"row": 5, "column": 8},
        "end_location": {"row": 5, "column": 90},
        "related": [
            {
                "message": "trained here, at `refs/pr/23`",
                "filename": "../train.py",
                "cell": None,
                "location": {"row": 3, "column": 9},
                "end_location": {"row": 12, "column": 2},
            }
        ],
        "fix": {
            "applicability": "safe",
            "message": 'pass revision="refs/pr/23"',
            "edits": [
                {
                    "filename": "../serve.py",
                    "content": ', revision="refs/pr/23"',
                    "location": {"row": 5, "column": 62},
                    "end_location": {"row": 5, "column": 62},
                }
            ],
        },
        "url": "https://loralint.example/rules/revision-mismatch",
    }


def test_like_findings_stay_apart(sample: Report) -> None:
    assert len(json.loads(render(sample))) == len(sample.diagnostics) == 6


def test_a_notebook_names_its_cell(sample: Report) -> None:
    assert json.loads(render(sample))[1]["cell"] == 3


def test_what_is_not_known_is_null(sample: Report) -> None:
    bare = replace(sample.diagnostics[0], fix=None)
    (found,) = json.loads(render(Report(diagnostics=(bare,))))
    assert found["url"] is None
    assert found["fix"] is None


def test_nothing_found_is_an_empty_array() -> None:
    assert render(Report()) == "[]\n"


def test_indent_and_characters_as_they_are(sample: Report) -> None:
    text = render(sample)
    assert text.startswith('[\n  {\n    "code": "LOR101",\n')
    assert '"filename": "configs/Übung.yaml"' in text


def test_a_name_that_is_no_utf_8_stays_readable(hostile: Report) -> None:
    (found,) = json.loads(render(hostile))
    assert "\ufffd" in found["filename"]
    assert found["filename"].startswith("\x1b[31m")
