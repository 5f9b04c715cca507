"""What a fix leaves alone: encodings, line ends, modes, links, the layout of notebooks."""

from __future__ import annotations

import json
import os
import stat

import pytest

SERVE = """from transformers import AutoModelForCausalLM, AutoTokenizer

# größer: ünïcödé
model = AutoModelForCausalLM.from_pretrained(
    "a/b",
    revision="v1.0",
)
tokenizer = AutoTokenizer.from_pretrained(
    "a/b",
    use_fast=True,  # schnell
)
"""
FIXED = SERVE.replace("# schnell\n", '# schnell\n    revision="v1.0",\n')


def fixed(check, folder, name: str, content: bytes) -> bytes:
    (folder / name).write_bytes(content)
    result = check(folder, "--fix", "--unsafe-fixes", "--no-cache")
    assert "is not fixed" not in result.stderr
    return (folder / name).read_bytes()


@pytest.mark.parametrize(
    "made",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: ("# -*- coding: latin-1 -*-\n" + text).encode("latin-1"),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: text.replace("größer", "gr\x0cößer \u2028 \x85").encode(),
    ],
    ids=["plain", "BOM", "CRLF", "latin-1", "BOM and CRLF", "no end", "tabs", "odd line ends"],
)
def test_python_keeps_its_bytes(tmp_path, check, made):
    assert fixed(check, tmp_path, "serve.py", made(SERVE)) == made(FIXED)


def test_an_encoding_that_does_not_come_back_is_left_alone(tmp_path, check):
    text = SERVE.encode("ascii", "ignore")
    content = b"# coding: iso2022_jp\n# \x1b(B: back to ASCII, where we are already\n" + text
    (tmp_path / "serve.py").write_bytes(content)
    result = check(tmp_path, "--fix", "--unsafe-fixes", "--no-cache")
    assert (tmp_path / "serve.py").read_bytes() == content
    assert "would not come back" in result.stderr


def test_mode_and_link_stay(tmp_path, check):
    inside = tmp_path / "real"
    inside.mkdir()
    real = inside / "serve.py"
    real.write_text(SERVE, encoding="utf-8")
    real.chmod(0o751)
    result = check(tmp_path, "--fix", "--unsafe-fixes")
    assert result.exit_code == 0
    assert stat.S_IMODE(real.stat().st_mode) == 0o751
    assert [entry.name for entry in inside.iterdir()] == ["serve.py"], "no temporary file is left"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path, check):
    (tmp_path / "serve.py").write_text(SERVE, encoding="utf-8")
    tmp_path.chmod(0o555)
    result = check(tmp_path, "--fix", "--unsafe-fixes", "--no-cache")
    tmp_path.chmod(0o755)
    assert (result.exit_code, "serve.py: it cannot be written" in result.stderr) == (2, True)


# --- notebooks ----------------------------------------------------------------------------------

OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["ü \u2028 \U0001f600 </script>\n"]}


def notebook(source, **cell) -> dict:
    code = {
        "cell_type": "code", "execution_count": 3, "metadata": {"b": 1, "a": 2},
        "outputs": [OUTPUT], "source": source, **cell,
    }  # fmt: skip
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# Größe\n", "text"]}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"z": 1}, "cells": [text, code]}


def rows(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@pytest.mark.parametrize(
    "written",
    [
        lambda found: json.dumps(found, indent=1) + "\n",
        lambda found: json.dumps(found, indent=4, ensure_ascii=False),
        json.dumps,
        lambda found: json.dumps(found, indent="\t", separators=(" ,", " : ")) + "\n\n",
        lambda found: json.dumps(found, indent=2).replace("\n", "\r\n"),
        lambda found: "\ufeff" + json.dumps(found, indent=1).replace("/", "\\/"),
    ],
    ids=["Jupyter", "unescaped", "one row", "tabs", "CRLF", "BOM and slashes"],
)
@pytest.mark.parametrize("single", [False, True], ids=["rows", "one string"])
def test_a_notebook_keeps_its_layout(tmp_path, check, written, single):
    def made(text: str) -> bytes:
        return written(notebook(text if single else rows(text))).encode()

    expected = made(FIXED)
    if b"\\/" in expected:  # what is added is written plainly
        expected = made(FIXED)
    assert fixed(check, tmp_path, "serve.ipynb", made(SERVE)) == expected


def test_a_notebook_of_version_3(tmp_path, check):
    def made(text: str) -> bytes:
        found = notebook(None)
        (code,) = found["cells"][1:]
        del code["source"]
        code["input"], code["language"] = rows(text), "python"
        return json.dumps({"nbformat": 3, "worksheets": [{"cells": found["cells"]}]}).encode()

    assert fixed(check, tmp_path, "serve.ipynb", made(SERVE)) == made(FIXED)


def test_a_row_of_a_notebook_goes(tmp_path, check):
    def made(text: str) -> bytes:
        return json.dumps(notebook(rows(text)), indent=1).encode()

    before = "import transformers\n# loralint: ignore[LOR101]\nx = 1\nprint(x)"
    after = "import transformers\nx = 1\nprint(x)"
    assert fixed(check, tmp_path, "serve.ipynb", made(before)) == made(after)


def test_the_last_row_of_a_notebook_goes(tmp_path, check):
    def made(lines: list[str]) -> bytes:
        return json.dumps(notebook(lines), indent=1).encode()

    before = ["import transformers\n", "# loralint: ignore[LOR101]"]
    assert fixed(check, tmp_path, "serve.ipynb", made(before)) == made(["import transformers\n"])


@pytest.mark.parametrize(
    "lines", [["x = 1\r\n", "y = 2"], ["x = ", "1\n", "y = 2"], "x = 1\ny = 2"]
)
def test_sources_that_are_not_a_row_a_string(tmp_path, check, lines):
    load = 'from transformers import AutoTokenizer as T\nT.from_pretrained("a/b", revison="v1")\n'
    source = [*lines, "\n", load] if isinstance(lines, list) else f"{lines}\n{load}"
    before = json.dumps(notebook(source), indent=1)
    after = fixed(check, tmp_path, "serve.ipynb", before.encode()).decode()
    assert after == before.replace("revison", "revision")
