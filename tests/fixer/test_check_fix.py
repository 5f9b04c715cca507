"""`check --fix`, `--unsafe-fixes` and `--diff` as their users see them."""

from __future__ import annotations

import json

import pytest

TRAIN = """from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
model = get_peft_model(base, LoraConfig(r=32), revision="refs/pr/23")
Trainer(model=model).train()
model.save_pretrained("out/phi-2")
"""
SERVE = """from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
model = PeftModel.from_pretrained(base, "out/phi-2")
"""
FIXED = SERVE.replace('phi-2")\n', 'phi-2", revision="refs/pr/23")\n', 1)
PARTIAL = """from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("a/b", revision="v1.0")
tokenizer = AutoTokenizer.from_pretrained("a/b")
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "serve.py").write_text(SERVE)
    return tmp_path


def test_the_summary_and_the_exit_code(project, check):
    found = check(project)
    assert "1 fixable with --fix." in found.stdout
    fixed = check(project, "--fix")
    assert fixed.stdout == "Nothing left in 2 files. [1 fixed, 0 remaining]\n"
    assert fixed.exit_code == 0
    assert (project / "serve.py").read_text() == FIXED
    again = check(project, "--fix")
    assert (again.exit_code, "[0 fixed, 0 remaining]" in again.stdout) == (0, True)


def test_what_is_left_makes_the_exit_code_1(tmp_path, check):
    (tmp_path / "a.py").write_text(PARTIAL)
    shown = check(tmp_path)
    assert "1 fixable with --unsafe-fixes." in shown.stdout
    assert "(--unsafe-fixes)" in shown.stdout
    safe = check(tmp_path, "--fix")
    assert safe.exit_code == 1
    assert "[0 fixed, 1 remaining]" in safe.stdout
    assert "1 fixable with --unsafe-fixes." in safe.stdout
    assert (tmp_path / "a.py").read_text() == PARTIAL


def test_unsafe_fixes_alone_are_shown_and_not_made(tmp_path, check):
    (tmp_path / "a.py").write_text(PARTIAL)
    shown = check(tmp_path, "--unsafe-fixes")
    assert "1 fixable with --fix." in shown.stdout
    assert (tmp_path / "a.py").read_text() == PARTIAL


def test_a_warm_cache_serves_nothing_stale(project, check):
    codes = [one["code"] for one in json.loads(check(project, "--output-format", "json").stdout)]
    assert "LOR201" in codes
    assert check(project, "--fix").exit_code == 0
    assert json.loads(check(project, "--output-format", "json").stdout) == []
    (project / "serve.py").write_text(SERVE)
    assert "LOR201" in check(project).stdout


def test_only_the_files_that_were_named_are_changed(project, check):
    (project / "loralint.toml").write_text("")
    (project / "other.py").write_text(SERVE)
    check(project, "--fix", "serve.py", "--config", "loralint.toml")
    assert (project / "other.py").read_text() == SERVE
    assert (project / "serve.py").read_text() == FIXED


def test_a_finding_that_is_not_selected_is_not_fixed(project, check):
    assert check(project, "--fix", "--select", "LOR101").exit_code == 1
    assert (project / "serve.py").read_text() == SERVE


def test_a_suppressed_finding_is_not_fixed(project, check):
    text = SERVE.replace('phi-2")\n', 'phi-2")  # loralint: ignore[LOR101, LOR201]\n', 1)
    (project / "serve.py").write_text(text)
    assert check(project, "--fix").exit_code == 0
    assert (project / "serve.py").read_text() == text


def test_an_accepted_finding_is_not_fixed(project, check):
    found = check(project, "--output-format", "json").stdout
    (project / "base.json").write_text(found)
    from click.testing import CliRunner

    from loralint.cli import loralint

    CliRunner().invoke(loralint, ["baseline", "--isolated", "-o", "base.json"])
    check(project, "--fix", "--baseline", "base.json")
    assert (project / "serve.py").read_text() == SERVE


def test_standard_input(project, check):
    result = check(project, "--fix", "--stdin-filename", "serve.py", stdin=SERVE.encode())
    assert result.stdout == FIXED
    assert "[1 fixed, 0 remaining]" in result.stderr
    assert (project / "serve.py").read_text() == SERVE, "the disk is left alone"


def test_standard_input_with_nothing_to_fix_comes_back(project, check):
    text = FIXED.replace("\n", "\r\n").encode()
    result = check(project, "--fix", "--stdin-filename", "serve.py", stdin=text)
    assert result.stdout_bytes == text


def test_standard_input_as_a_diff(project, check):
    result = check(project, "--diff", "--stdin-filename", "serve.py", stdin=SERVE.encode())
    assert result.exit_code == 1
    assert '+base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", rev' in result.stdout


def test_fix_and_diff_together_are_one_too_many(project, check):
    assert check(project, "--fix", "--diff").exit_code == 2


def test_a_diff_of_nothing_that_could_be_read(tmp_path, check):
    assert check(tmp_path, "--diff").exit_code == 3


def test_what_remains_is_shown_in_every_format(project, check):
    (project / "a.py").write_text(PARTIAL)
    result = check(project, "--fix", "--output-format", "json")
    assert sorted(one["code"] for one in json.loads(result.stdout)) == ["LOR211"]


def test_a_file_that_python_cannot_read_keeps_the_others_fixable(project, check):
    (project / "broken.py").write_text(
        "from transformers import AutoModel as A\nA.from_pretrained(\n"
    )
    result = check(project, "--fix")
    assert (result.exit_code, "LOR001" in result.stdout) == (1, True)
    assert (project / "serve.py").read_text() == FIXED
