"""`github`, `gitlab`, `junit` and `rdjson`: against their schemas and their readers' rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from msgspec.structs import replace

from loralint.diagnostics import Edit, Fix, Related
from loralint.report import junit, rdjson
from loralint.report.base import Report
from loralint.report.ci import github, gitlab
from loralint.source import Place, Span

SCHEMAS = Path(__file__).parent / "schemas"


def schema(name: str) -> jsonschema.Draft202012Validator:
    text = (SCHEMAS / name).read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """Read workflow commands as the runner does (ActionCommand.TryParseV2)."""
    found = []
    for line in github(report).splitlines():
        _, head, data = line.split("::", 2)
        name, _, properties = head.partition(" ")
        pairs = dict(pair.split("=", 1) for pair in properties.split(","))
        found.append((name, {key: unescape(value) for key, value in pairs.items()}, unescape(data)))
    return found


def unescape(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_github(sample: Report) -> None:
    found = commands(sample)
    names = ["warning", "notice", "warning", "error", "warning", "warning"]
    assert [name for name, _, _ in found] == names
    assert found[3][1] == {
        "file": "serve.py",
        "line": "5",
        "col": "8",
        "endLine": "5",
        "endColumn": "90",
        "title": "LOR201 revision-mismatch",
    }
    assert found[3][2].splitlines() == [
        sample.diagnostics[3].message,
        "train.py:3:9: trained here, at `refs/pr/23`",
        'help: pass revision="refs/pr/23"',
    ]


def test_github_keeps_its_columns_to_one_line(sample: Report) -> None:
    _, properties, _ = commands(sample)[5]
    assert properties["endLine"] == "15"
    assert "endColumn" not in properties


def test_github_in_a_notebook(sample: Report) -> None:
    _, properties, message = commands(sample)[1]
    assert properties["line"] == properties["endLine"] == "1"
    assert message.startswith("cell 3, row 2: ")


def test_github_escapes(sample: Report) -> None:
    found = replace(
        sample.diagnostics[2],
        place=Place("a,b:c%0A\n.py", Span.of(1, 1, 1, 2)),
        message="50%: a, b\r\n::error::x",
        fix=None,
    )
    text = github(replace(sample, diagnostics=(found,)))
    assert text == (
        "::warning file=a%2Cb%3Ac%250A\\n.py,line=1,col=1,endLine=1,endColumn=2,"
        "title=LOR101 missing-revision::50%25: a, b\\r\\n::error::x\n"
    )


def test_github_gives_a_hostile_text_one_command(hostile: Report) -> None:
    ((name, properties, _),) = commands(hostile)
    assert name == "error"
    assert list(properties) == ["file", "line", "col", "endLine", "endColumn", "title"]


def issues(report: Report) -> list[dict[str, Any]]:
    found = json.loads(gitlab(report))
    schema("gitlab-code-quality.json").validate(found)
    return list(found)


def test_gitlab(sample: Report, hostile: Report) -> None:
    for report in (sample, hostile, Report()):
        assert len(issues(report)) == len(report.diagnostics)
    assert issues(sample)[5] == {
        "description": "LOR101 missing-revision: `microsoft/phi-2` is loaded with no revision",
        "check_name": "LOR101",
        "fingerprint": issues(sample)[5]["fingerprint"],
        "severity": "minor",
        "location": {"path": "serve.py", "lines": {"begin": 13, "end": 15}},
    }


def test_gitlab_severities(sample: Report) -> None:
    assert [issue["severity"] for issue in issues(sample)][1:4] == ["info", "minor", "major"]


def test_gitlab_in_a_notebook(sample: Report) -> None:
    issue = issues(sample)[1]
    assert issue["location"]["lines"] == {"begin": 1, "end": 1}
    assert "cell 3, row 2: " in issue["description"]


def test_gitlab_fingerprints_differ(sample: Report) -> None:
    """GitLab drops the second of two issues with one fingerprint."""
    like = replace(sample, diagnostics=sample.diagnostics[2:3] * 3)
    assert len({issue["fingerprint"] for issue in issues(like)}) == 3


def suites(report: Report) -> ET.Element:
    text = junit.render(report)
    xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd")).validate(text)
    return ET.fromstring(text.encode("utf-8"))


def test_junit(sample: Report) -> None:
    root = suites(replace(sample, seconds=0.31415))
    assert root.attrib == {
        "name": "loralint", "tests": "6", "failures": "6", "errors": "0", "time": "0.314",
    }  # fmt: skip
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [
        ("configs/Übung.yaml", "1"), ("nb.ipynb", "1"), ("serve.py", "4"),
    ]  # fmt: skip
    case = root[2][1]
    assert case.get("name") == "LOR201 revision-mismatch at 5:8"
    assert case[0].get("type") == "error"
    assert case[0].get("message") == sample.diagnostics[3].message
    assert "train.py:3:9: trained here" in str(case[0].text)


def test_junit_names_the_cell(sample: Report) -> None:
    assert suites(sample)[1][0].get("name") == "LOR101 missing-revision at cell 3:2:17"


def test_junit_without_findings_has_a_case_that_passes() -> None:
    ((case,),) = suites(Report(files=3))
    assert len(case) == 0


def test_junit_is_xml_whatever_it_gets(hostile: Report) -> None:
    failure = suites(hostile)[0][0][0]
    assert str(failure.get("message")).startswith("\\x1b[31m\\x07\\r\\n\\u202e")
    assert str(failure.get("message")).count("\\ufffe") == 1


def test_the_xsd_refuses_what_is_wrong(sample: Report) -> None:
    text = junit.render(sample).replace(' name="LOR201', ' label="LOR201')
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd")).validate(text)


def diagnostics(report: Report) -> list[dict[str, Any]]:
    found = json.loads(rdjson.render(report))
    schema("rdjson.json").validate(found)
    return list(found["diagnostics"])


def test_rdjson(sample: Report, hostile: Report) -> None:
    for report in (sample, hostile, Report()):
        assert len(diagnostics(report)) == len(report.diagnostics)
    found = diagnostics(sample)[3]
    assert found["severity"] == "ERROR"
    assert found["code"] == {
        "value": "LOR201",
        "url": "https://loralint.example/rules/revision-mismatch",
    }
    assert found["suggestions"] == [
        {
            "range": {"start": {"line": 5, "column": 62}, "end": {"line": 5, "column": 62}},
            "text": ', revision="refs/pr/23"',
        }
    ]
    (related,) = found["related_locations"]
    assert related["location"]["path"] == "train.py"


def test_rdjson_counts_bytes(sample: Report) -> None:
    where = Place("a.py", Span.of(1, 2, 1, 4))
    found = replace(sample.diagnostics[2], place=where, related=(Related("x", where),))
    report = replace(sample, diagnostics=(found,), sources=lambda _p, _c: ["a𐐀b"])
    (one,) = diagnostics(report)
    # reviewdog's own example: the columns of a, 𐐀 and b are 1, 2 and 6.
    wanted = {"start": {"line": 1, "column": 2}, "end": {"line": 1, "column": 7}}
    assert one["location"]["range"] == wanted
    assert one["related_locations"][0]["location"]["range"] == wanted


def test_rdjson_counts_a_byte_that_is_no_utf_8_once(sample: Report) -> None:
    found = replace(sample.diagnostics[2], place=Place("a.py", Span.of(1, 3, 1, 4)))
    report = replace(sample, diagnostics=(found,), sources=lambda _p, _c: ["ü\udcffb"])
    assert diagnostics(report)[0]["location"]["range"]["start"]["column"] == 4


def test_rdjson_suggests_nothing_that_it_cannot_place(sample: Report) -> None:
    spot = Span.of(1, 1, 1, 1)
    foreign = Fix("safe", "m", (Edit(Place("other.py", spot), "x"),))
    elsewhere = replace(sample.diagnostics[3], fix=foreign)
    found = diagnostics(replace(sample, diagnostics=(*sample.diagnostics, elsewhere)))
    listed = [len(one.get("suggestions", ())) for one in found]
    assert listed == [1, 0, 0, 1, 0, 0, 0]


def test_rdjson_in_a_notebook(sample: Report) -> None:
    found = diagnostics(sample)[1]
    assert found["location"]["range"] == {"start": {"line": 1, "column": 1}}
    assert re.search(r"cell 3, row 2: ", found["message"])
