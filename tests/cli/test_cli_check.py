"""`loralint check`: what is reported, and with which exit code."""

from __future__ import annotations

import json

import pytest
from small_project import OTHER, PINNED, SERVE, TRAIN


def found(result) -> set[tuple[str, str]]:
    return {(one["filename"], one["code"]) for one in json.loads(result.stdout)}


def as_json(run, *arguments, **more):
    return found(run("check", "--output-format", "json", *arguments, **more))


def test_issue_1678_is_found_and_fails(project, run):
    result = run("check")
    assert result.exit_code == 1
    assert "revision-mismatch" in result.stdout
    assert {("serve.py", "LOR201"), ("tools/other.py", "LOR101")} <= as_json(run)


def test_clean_project_exits_with_0(project, run):
    for name in ("train.py", "serve.py"):
        (project / name).unlink()
    (project / "tools" / "other.py").write_text(PINNED, encoding="utf-8")
    result = run("check")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("content", [None, "notes.md", "data.json"])
def test_nothing_to_read_is_not_clean(tmp_path, run, content):
    if content:
        (tmp_path / content).write_text("{}", encoding="utf-8")
    result = run("check", str(tmp_path))
    assert result.exit_code == 3
    assert "no file to read" in result.stderr
    assert run("check", str(tmp_path), "--exit-zero").exit_code == 3


def test_file_that_is_not_read_is_not_clean_whatever_lies_around_it(project, run):
    (project / "README.md").touch()
    assert run("check", "README.md").exit_code == 3


def test_missing_path(project, run):
    result = run("check", "no/such.py")
    assert result.exit_code == 2
    assert "no/such.py: no such file or directory" in result.stderr


def test_file_that_does_not_parse_is_a_finding_and_hides_nothing(project, run):
    (project / "broken.py").write_text("x.from_pretrained('a/b'\n", encoding="utf-8")
    (project / "binary.py").write_bytes(b"from_pretrained(\xff\x00\xfe")
    (project / "wide.py").write_bytes(OTHER.encode("utf-16"))
    broken = {(name, "LOR001") for name in ("broken.py", "binary.py", "wide.py")}
    assert broken | {("serve.py", "LOR201")} <= as_json(run)


def test_file_is_read_with_the_project_around_it(project, run):
    assert as_json(run, "serve.py") >= {("serve.py", "LOR201")}
    assert {name for name, _ in as_json(run, "serve.py")} == {"serve.py"}
    touching = as_json(run, "train.py")
    assert ("serve.py", "LOR201") in touching, "its related place is in train.py"
    assert "tools/other.py" not in {name for name, _ in touching}


def test_folder_is_read_alone(project, run):
    assert as_json(run, "tools") == {("tools/other.py", "LOR101")}


def test_file_and_folder(project, run):
    names = {name for name, _ in as_json(run, "tools", "serve.py")}
    assert names == {"serve.py", "tools/other.py"}


def test_named_file_is_read_even_if_ignored(project, run):
    (project / ".gitignore").write_text("tools/\n", encoding="utf-8")
    assert as_json(run) & {("tools/other.py", "LOR101")} == set()
    assert as_json(run, "tools/other.py") == {("tools/other.py", "LOR101")}


def test_names_are_relative_to_the_working_directory(project, run, monkeypatch):
    monkeypatch.chdir(project / "tools")
    assert as_json(run, "..") >= {("../serve.py", "LOR201"), ("other.py", "LOR101")}
    monkeypatch.chdir(project.parent)
    assert as_json(run, "project/tools") == {("project/tools/other.py", "LOR101")}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--select", "LOR101"], 1),
        (["--select", "LOR101", "--fail-on", "error"], 0),
        (["--select", "LOR201", "--fail-on", "error"], 1),
        (["--fail-on", "never"], 0),
        (["--exit-zero"], 0),
        (["--exit-zero", "--fail-on", "info"], 0),
        (["--select", "LOR104"], 0),
    ],
)
def test_exit_codes(project, run, arguments, code):
    assert run("check", *arguments).exit_code == code


def test_severity_of_the_settings_decides(project, run):
    (project / "loralint.toml").write_text(
        'select = ["LOR101"]\nseverity = { LOR101 = "info" }\n', encoding="utf-8"
    )
    assert run("check").exit_code == 0
    assert run("check", "--fail-on", "info").exit_code == 1
    assert json.loads(run("check", "--output-format", "json").stdout)[0]["severity"] == "info"


def test_select_takes_names_prefixes_commas_and_repeats(project, run):
    assert {code for _, code in as_json(run, "--select", "missing-revision")} == {"LOR101"}
    both = as_json(run, "--select", "LOR101,LOR201", "--select", "LOR104")
    assert {code for _, code in both} == {"LOR101", "LOR201"}
    assert "LOR103" in {code for _, code in as_json(run, "--select", "LOR1")}, (
        "prefixes reach off rules"
    )
    assert "LOR103" not in {code for _, code in as_json(run)}
    assert "LOR103" in {code for _, code in as_json(run, "--strict")}
    assert "LOR103" in {code for _, code in as_json(run, "--extend-select", "LOR103")}
    assert not {code for _, code in as_json(run, "--ignore", "LOR1")} & {"LOR101"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--select", "lor101"], ["--select", "lor101", "LOR101"]),
        (["--ignore", "mising-revision"], ["--ignore", "`missing-revision`"]),
        (["--config", "nowhere.toml"], ["nowhere.toml"]),
        (["--baseline", "nowhere.json"], ["nowhere.json", "loralint baseline"]),
        (["--fail-on", "fatal"], ["--fail-on", "never"]),
        (["--output-file", "no/such/folder/x"], ["--output-file", "no/such/folder/x"]),
        (["--stdin-filename", "x.md"], ["x.md", ".py"]),
        (["-"], ["--stdin-filename"]),
        (["--scheduler", "tcp://x:1"], ["loralint[dask]"]),
        (["--selct", "LOR1"], ["--select"]),
    ],
)
def test_usage_errors(project, run, arguments, words, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_unknown_rule_in_the_settings_names_the_file(project, run):
    (project / "loralint.toml").write_text('ignore = ["lor101"]\n', encoding="utf-8")
    result = run("check")
    assert result.exit_code == 2
    assert str(project / "loralint.toml") in result.stderr
    assert "LOR101" in result.stderr
    assert run("check", "--isolated").exit_code == 1


def test_internal_errors_are_short_and_are_no_findings(project, run, monkeypatch):
    monkeypatch.setattr("loralint.engine.check", lambda request: 1 / 0)
    result = run("check")
    assert result.exit_code == 2
    assert "ZeroDivisionError" in result.stderr
    assert "report" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("LORALINT_TRACEBACK", "1")
    assert "Traceback" in run("check").stderr


def test_interruption_is_no_finding(project, run, monkeypatch):
    def interrupt(request):
        raise KeyboardInterrupt

    monkeypatch.setattr("loralint.engine.check", interrupt)
    assert run("check").exit_code not in (0, 1)


def test_standard_input_stands_for_its_file(project, run):
    pinned = SERVE.replace('"microsoft/phi-2"', '"microsoft/phi-2", revision="refs/pr/23"')
    assert as_json(run, "--stdin-filename", "serve.py", stdin=pinned) == set()
    assert as_json(run) >= {("serve.py", "LOR201")}, "nothing of it was kept"
    new = as_json(run, "--stdin-filename", "new.py", "-", stdin=OTHER)
    assert new == {("new.py", "LOR101")}
    shown = run("check", "--stdin-filename", "new.py", stdin=OTHER).stdout
    assert "acme/other" in shown, "the source shown is what was typed"


def test_suppressions(project, run):
    path = project / "tools" / "other.py"
    path.write_text(
        OTHER.rstrip() + "  # loralint: ignore[missing-revision] why\n", encoding="utf-8"
    )
    assert as_json(run, "tools") == set()
    assert "1 suppressed" in run("check", "tools").stdout
    assert as_json(run, "tools", "--no-ignores") == {("tools/other.py", "LOR101")}


def test_unused_suppression(project, run):
    path = project / "tools" / "other.py"
    path.write_text(PINNED.rstrip() + "  # loralint: ignore[LOR101]\n", encoding="utf-8")
    assert as_json(run, "tools") == {("tools/other.py", "LOR002")}
    assert as_json(run, "tools", "--no-ignores") == set()
    assert as_json(run, "tools", "--select", "LOR2,LOR002") == set(), "LOR101 did not run"
    path.write_text("x = 1  # loralint: ignore[LOR101]\n", encoding="utf-8")
    assert as_json(run, "tools") == {("tools/other.py", "LOR002")}, "even in a file without loads"


def test_suppression_hides_a_finding_at_its_own_place_only(project, run):
    (project / "train.py").write_text(
        TRAIN.replace('"refs/pr/23")\nmodel', '"refs/pr/23")  # loralint: ignore[LOR201]\nmodel'),
        encoding="utf-8",
    )
    assert as_json(run) >= {("serve.py", "LOR201"), ("train.py", "LOR002")}


def test_per_file_ignores(project, run):
    (project / "loralint.toml").write_text(
        'per-file-ignores = { "tools/*" = ["LOR1"] }\n', encoding="utf-8"
    )
    assert as_json(run, "tools") == set()
    assert ("serve.py", "LOR201") in as_json(run)


def test_quiet_shows_the_findings_alone(project, run):
    loud, quiet = run("check").stdout, run("check", "-q").stdout
    assert loud.startswith(quiet.rstrip("\n"))
    assert "Found" in loud
    assert "Found" not in quiet
    (project / "tools" / "other.py").write_text(PINNED, encoding="utf-8")
    assert run("check", "-q", "tools").stdout == ""
    assert run("check", "-q", "--output-format", "json").stdout.startswith("[")


def test_verbose_lists_what_was_not_decided(project, run):
    (project / "tools" / "other.py").write_text(
        "import sys\nfrom transformers import AutoModel\nAutoModel.from_pretrained(sys.argv[1])\n",
        encoding="utf-8",
    )
    assert "1 not decided" in run("check", "tools").stdout
    assert "tools/other.py:3:1" not in run("check", "tools").stdout
    assert "tools/other.py:3:1" in run("check", "tools", "-v").stdout


def test_statistics(project, run):
    result = run("check", "--select", "LOR101", "--statistics")
    assert result.exit_code == 1
    assert result.stdout == "2  LOR101  missing-revision\n"
    listed = json.loads(
        run("check", "--select", "LOR101", "--statistics", "--output-format", "json").stdout
    )
    assert listed == [{"code": "LOR101", "name": "missing-revision", "count": 2}]


def test_output_file(project, run):
    result = run(
        "check", "--output-format", "json", "--output-file", "found.json", "--color", "always"
    )
    assert (result.stdout, result.exit_code) == ("", 1)
    assert json.loads((project / "found.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(project, run, monkeypatch, arguments, environment, coloured):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\033[" in run("check", *arguments).stdout) is coloured


@pytest.mark.parametrize(
    "output_format",
    ["full", "concise", "json", "sarif", "github", "gitlab", "junit", "rdjson", "markdown"],
)
def test_every_format_through_the_command_line(project, run, output_format):
    result = run("check", "--output-format", output_format)
    assert result.exit_code == 1
    assert "serve.py" in result.stdout
    assert result.stderr == ""


def test_the_order_of_paths_changes_nothing(project, run):
    one = run("check", "--no-cache", "--output-format", "json", "tools", "serve.py", "train.py")
    other = run("check", "--no-cache", "--output-format", "json", "train.py", "serve.py", "tools")
    assert one.stdout == other.stdout


def test_jobs_change_nothing(project, run):
    text = OTHER + "x = f(AutoTokenizer.from_pretrained('acme/x'))\n" * 1000
    for number in range(8):
        (project / f"many{number}.py").write_text(text, encoding="utf-8")
    one = run("check", "--no-cache", "--jobs", "1", "--output-format", "concise")
    two = run("check", "--no-cache", "--jobs", "2", "--output-format", "concise")
    assert one.stdout == two.stdout != ""
