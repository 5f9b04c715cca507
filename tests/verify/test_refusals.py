"""What verification does not touch, and files that are not what they say."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from loralint.cli import loralint
from loralint.verify.folder import CONFIG, PICKLE, WEIGHTS, PickledError, open_folder
from loralint.verify.result import UnusableInputError

NAME = "base_model.model.layers.0.q_proj.lora_A.weight"


def adapter(path: Path, content: bytes | None, **config: object) -> Path:
    path.mkdir()
    given = {"peft_type": "LORA", "r": 4, "base_model_name_or_path": "acme/base"}
    (path / CONFIG).write_text(json.dumps(given | config))
    if content is not None:
        (path / WEIGHTS).write_bytes(content)
    return path


def safetensors(header: dict[str, object], data: int) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


def entry(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


GOOD = safetensors({NAME: entry([4, 8], 0, 128)}, 128)


def test_a_good_one_is_read(tmp_path):
    folder = open_folder(adapter(tmp_path / "a", GOOD))
    assert folder.shapes == {NAME: (4, 8)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (GOOD[:40], "more than the file has"),
        (GOOD[:-1], "is cut off"),
        (GOOD + b"x", "bytes that no tensor owns"),
        (struct.pack("<Q", 2**40) + b"{}", "the format allows"),
        (struct.pack("<Q", 9) + b"{\"a\": [[[", "no JSON object"),
        (safetensors({NAME: entry([4, 8], 0, 64)}, 64), "needs 128"),
        (safetensors({NAME: entry([4, 8], 0, 128, "F33")}, 128), "unknown type"),
        (safetensors({NAME: entry([4, 8], 0, 128), "b": entry([4, 8], 64, 192)}, 192), "overlap"),
        (safetensors({NAME: entry([4, 8], 0, 128), "b": entry([1], 132, 136)}, 136), "gaps"),
        (safetensors({NAME: entry([2**59, 2**59], 0, 128)}, 128), "needs"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
)  # fmt: skip
def test_a_file_that_is_cut_off_or_lies_is_no_input(tmp_path, content, words):
    path = adapter(tmp_path / "a", content)
    with pytest.raises(UnusableInputError, match=words) as caught:
        open_folder(path)
    assert WEIGHTS in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", "{", "{}", '{"peft_type": ', "\x00", "[" * 100_000])
def test_a_configuration_that_is_none(tmp_path, text):
    path = adapter(tmp_path / "a", GOOD)
    (path / CONFIG).write_text(text)
    with pytest.raises(UnusableInputError, match=CONFIG):
        open_folder(path)


def test_a_pickle_is_never_opened(tmp_path):
    """The pickle here would make a file if anything opened it."""
    path = adapter(tmp_path / "a", None)
    mark = tmp_path / "opened"
    (path / PICKLE).write_bytes(f"cos\nsystem\n(S'touch {mark}'\ntR.".encode())
    with pytest.raises(PickledError, match="not looked at"):
        open_folder(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no such folder"),
        (lambda path: path.write_text("x"), "is a file"),
        (lambda path: path.mkdir(), f"has no {CONFIG}"),
        (lambda path: adapter(path, None), f"no {WEIGHTS}"),
    ],
)
def test_no_adapter_there(tmp_path, make, words):
    make(tmp_path / "a")
    with pytest.raises(UnusableInputError, match=words):
        open_folder(tmp_path / "a")


def test_adapters_in_subfolders_are_named(tmp_path):
    (tmp_path / "out").mkdir()
    adapter(tmp_path / "out" / "style", GOOD)
    with pytest.raises(UnusableInputError, match=r"subfolders have: name one of .*style"):
        open_folder(tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path):
    path = adapter(tmp_path / "a", GOOD)
    path.chmod(0)
    try:
        with pytest.raises(UnusableInputError, match="Permission denied"):
            open_folder(path)
    finally:
        path.chmod(0o700)


def test_reading_that_fails_is_said(tmp_path, monkeypatch):
    """As the one above, also for root."""
    path = adapter(tmp_path / "a", GOOD)

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UnusableInputError, match="a: cannot be read: Permission denied"):
        open_folder(path)


# --- through the command line --------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch):
    pytest.importorskip("torch", reason="the command line asks for the runtime extra first")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return lambda *arguments: CliRunner().invoke(loralint, ["verify", *arguments], prog_name="x")


@pytest.mark.models
def test_unusable_input_is_a_2_and_nothing_on_stdout(run, tmp_path):
    result = run(str(adapter(tmp_path / "a", GOOD[:-1])))
    assert result.exit_code == 2
    assert "is cut off" in result.stderr
    assert result.stdout == ""


@pytest.mark.models
def test_a_pickled_adapter_is_undecided(run, tmp_path):
    path = adapter(tmp_path / "a", None)
    (path / PICKLE).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    result = run(str(path), "--output-format", "json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"], found["tiers"]) == (3, "inconclusive", [])
    assert "pickle" in found["skipped"][0]["reason"]


@pytest.mark.models
@pytest.mark.parametrize("base", [None, "/no/such/folder", "acme/not-in-the-cache"])
def test_a_base_that_is_not_to_be_had_is_undecided(run, tmp_path, base):
    path = adapter(tmp_path / "a", GOOD, base_model_name_or_path=base)
    result = run(str(path), "--tier", "dry-run", "--output-format", "json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"], found["base"]) == (3, "inconclusive", base)
    assert [tier["checked"] for tier in found["tiers"]] == [0]
    assert found["skipped"][0]["what"] and found["skipped"][0]["reason"]


@pytest.mark.models
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name an adapter"),
        (["no/such/folder/anywhere"], "there is no such folder"),
        (["x", "--tier", "nothing"], "nothing"),
        (["x", "--quantization", "int3"], "int3"),
    ],
)
def test_usage(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.models
def test_an_adapter_that_the_hub_does_not_give_is_undecided(run, tmp_path):
    result = run("acme/not-there", "--offline", "--output-format", "json")
    assert result.exit_code == 3
    assert "acme/not-there" in json.loads(result.stdout)["skipped"][0]["reason"]
