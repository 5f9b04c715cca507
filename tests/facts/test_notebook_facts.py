"""The page `notebook.md`, run; and files that are hardly notebooks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loralint.facts import CallFact, Default, FileError, FileFacts, Known, Origin, OriginKind
from loralint.read import extract
from loralint.read.cells import lines
from loralint.read.flagged import written_calls
from loralint.read.notebook import commands, written
from loralint.source import Location, Place, Source
from tests.facts.notation import call

PAGE = Path(__file__).with_name("notebook.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILLER = "def unrelated():\n" + "    value = compute(value)\n" * 120
LOAD = 'import transformers\ntransformers.AutoModel.from_pretrained("a/b")\n'


def cases() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The name and the fences of every test of the page."""
    for section in PAGE.read_text().split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        yield name, FENCE.findall(body)


PAGES = pytest.mark.parametrize(
    ("name", "fences"), list(cases()), ids=[name for name, _ in cases()]
)


def notebook(*cells: str | dict[str, object], **more: object) -> bytes:
    """A notebook of code cells, or of cells as they are given."""
    full = [cell if isinstance(cell, dict) else code(cell) for cell in cells]
    return json.dumps({"cells": full, "metadata": {}, "nbformat": 4, **more}).encode()


def code(source: object, **more: object) -> dict[str, object]:
    """A code cell."""
    return {"cell_type": "code", "source": source, "outputs": [], **more}


def facts(content: bytes) -> FileFacts:
    """The facts of a notebook."""
    return extract(Source("n.ipynb", "notebook", content))


def errors(found: FileFacts) -> list[FileError]:
    """All that could not be checked."""
    return [*([found.error] if found.error else []), *found.further_errors]


def shown(found: FileFacts) -> list[str]:
    """The loads in the order of the page, each with its cell."""
    loads = [one for one in found.calls if "pretrained" in call(one)]
    return [f"{one.cell}.{call(one)}" for one in sorted(loads, key=_position)]


def _position(one: CallFact) -> tuple[int, Location]:
    return one.cell or 0, one.span.start


def cells_of(fences: list[tuple[str, str]]) -> list[dict[str, object]]:
    """The cells that fences stand for."""
    kinds = {"python": "code", "markdown": "markdown"}
    return [
        {**code(text.removesuffix("\n")), "cell_type": kinds[kind]}
        for kind, text in fences
        if kind in kinds
    ]


def expected(fences: list[tuple[str, str]], kind: str) -> list[str]:
    """The rows of the fences of one kind."""
    return [row for each, text in fences if each == kind for row in text.splitlines()]


@PAGES
def test_page(name: str, fences: list[tuple[str, str]]) -> None:
    content = notebook(*cells_of(fences))
    found = facts(content)
    assert shown(found) == expected(fences, "calls")
    given = [f"{one.cell}.{one.span.start.row}: {one.message}" for one in errors(found)]
    assert given == expected(fences, "errors")


@PAGES
def test_commands_of_the_page(name: str, fences: list[tuple[str, str]]) -> None:
    source = Source("n.ipynb", "notebook", notebook(*cells_of(fences)))
    given = [f"{cell}.{one.row}: {' '.join(one.text.split())}" for cell, one in commands(source)]
    assert given == expected(fences, "commands")


@PAGES
def test_a_slice_gives_the_same_calls(name: str, fences: list[tuple[str, str]]) -> None:
    cells = cells_of(fences)
    assert shown(facts(notebook(*cells, FILLER))) == shown(facts(notebook(*cells)))


# --- positions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "row", "column"),
    [
        ('x = M.from_pretrained("a/b")', 1, 5),
        ('\n  x = M.from_pretrained("a/b")', 2, 7),
        ('%time x = M.from_pretrained("a/b")', 1, 11),
        ('if y:\n    %timeit -n 3 M.from_pretrained("a/b")', 2, 18),
        ('>>> M.from_pretrained("a/b")', 1, 5),
        ('%%time\n!ls\nM.from_pretrained("a/b")', 3, 1),
    ],
)
def test_a_call_stands_where_the_author_sees_it(source: str, row: int, column: int) -> None:
    content = notebook("from transformers import AutoModel as M", source)
    found = facts(content).calls[0]
    assert found.cell == 2
    assert found.span.start == Location(row, column)
    line = source.split("\n")[row - 1]
    place = Place("n.ipynb", found.span, found.cell)
    (written,) = written_calls(Source("n.ipynb", "notebook", content), [place])
    assert written.confirms(found)
    assert written.insert_at is not None
    assert line[: written.insert_at.start.column - 1].endswith('"a/b"')


def test_a_suppression_is_one_of_its_cell() -> None:
    comment = "# loralint: ignore[missing-revision]"
    found = facts(notebook("x = 1", f"{comment}\n\n{LOAD}", f"y = 2\n{comment}", "z = 3"))
    first, last = found.suppressions
    assert (first.cell, first.first_row, first.last_row) == (2, 1, 3)
    assert (last.cell, last.first_row, last.last_row) == (3, 2, 2)


def test_lines_of_a_cell() -> None:
    content = notebook({"cell_type": "markdown", "source": ["a\r\n", "b"]}, "c\nd")
    assert lines(content, 1) == ["a", "b"]
    assert lines(content, 2) == ["c", "d"]
    assert lines(content, 3) == []
    assert lines(b"{", 1) == []


def test_the_files_that_a_notebook_writes() -> None:
    content = notebook("%%writefile -a 'src/x.py'\nprint(1)\n")
    [(cell, file)] = written(Source("n.ipynb", "notebook", content))
    assert (cell, file.path, file.row) == (1, "src/x.py", 2)
    assert file.text.startswith("print(1)\n")


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"{", "not a notebook: Expecting property name"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "it has no cells"),
        (b'{"worksheets": []}', "it has no cells"),
        (b'{"cells": 1}', "Expected `array | null`, got `int` - at `$.cells`"),
        (b'{"cells": [3]}', "Expected `object`, got `int`"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "cell 1: its source is neither"),
        (b'{"cells": [{"source": {"a": 1}}]}', "cell 1: its source is neither"),
        (b'\xff\xfe"', "not a notebook"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": [], "a": ' + b"[" * 100_000, "nested too deeply"),
        (b"<<<<<<< HEAD\n{}", "not a notebook: Expecting value"),
    ],
)
def test_what_is_no_notebook_says_why(content: bytes, message: str) -> None:
    found = facts(content)
    assert found.error is not None
    assert found.error.cell is None
    assert message in found.error.message


@pytest.mark.parametrize(
    "content",
    [
        notebook(LOAD),
        notebook(code(LOAD.splitlines(keepends=True))),
        notebook(LOAD.replace("\n", "\r\n")),
        b"\xef\xbb\xbf" + notebook(LOAD),
        json.dumps(json.loads(notebook(LOAD))).encode("utf-16"),
        notebook(LOAD, extra=float("nan")),
        notebook(code(LOAD, outputs=[{"text": "\ud800 not code ("}])),
        b'{"cells": [], "cells": ' + json.dumps([code(LOAD)]).encode() + b"}",
        json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": LOAD}]}]}).encode(),
        notebook(LOAD, metadata={"kernelspec": {"name": "conda-env-python3-py"}}),
        notebook(LOAD, metadata=None),
        notebook(LOAD, metadata={"kernelspec": [], "language_info": {"name": 3}}),
    ],
)
def test_notebooks_of_all_kinds(content: bytes) -> None:
    found = facts(content)
    assert found.error is None
    assert shown(found) == ["1.2: transformers:AutoModel.from_pretrained('a/b')"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"kernelspec": {"name": "julia-1.9"}},
        {"language_info": {"name": "scala"}},
    ],
)
def test_other_languages_say_nothing(metadata: dict[str, object]) -> None:
    found = facts(notebook(LOAD, "x <- 1 %>% f()", metadata=metadata))
    assert found == FileFacts(path="n.ipynb")


def test_a_cell_in_another_language() -> None:
    shell = code("vllm serve a/b", metadata={"vscode": {"languageId": "shellscript"}})
    content = notebook(code("SELECT 1 FROM", metadata={"vscode": {"languageId": "sql"}}), shell)
    assert errors(facts(content)) == []
    [(cell, command)] = commands(Source("n.ipynb", "notebook", content))
    assert (cell, command.text) == (2, "vllm serve a/b")


def test_outputs_cost_next_to_nothing() -> None:
    image = {"data": {"image/png": "A" * 10_000_000}, "output_type": "display_data"}
    content = notebook(code(LOAD, outputs=[image]))
    facts(notebook(LOAD))
    began = time.process_time()
    assert shown(facts(content)) != []
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "source", ['"' * 300_001, "(" * 5_000, "'" + '\\"' * 300_000, "x = !" + "-1 " * 200_000,
               "%timeit " + "-1 " * 100_000, "\0", "\f" + LOAD, "x" * 1_000_001, "-" * 50_000 + "1"]
)  # fmt: skip
def test_hostile_cells(source: str) -> None:
    began = time.process_time()
    found = facts(notebook(source, LOAD))
    assert time.process_time() - began < 5
    assert any(one.cell == 2 for one in found.calls)


def test_a_hundred_thousand_cells_are_data() -> None:
    cells = [{"cell_type": "code", "source": "x = 1"}] * 150_000
    content = json.dumps({"nbformat": 4, "metadata": {"a": float("nan")}, "cells": cells})
    began = time.perf_counter()
    [error] = errors(facts(content.encode()))
    assert error.message == "it has more than 20,000 cells: split it, or exclude it"
    assert time.perf_counter() - began < 5


def test_names_of_a_form_are_those_of_its_notebook() -> None:
    found = facts(notebook('base = "a/b" #@param'))
    assert dict(found.names)["base"] == Default(
        "a/b", Origin(OriginKind.FORM, "n.ipynb", ("base",))
    )


def test_every_heading_is_a_test() -> None:
    assert len(list(cases())) == PAGE.read_text().count("\n## ")
    assert all(expected(fences, "calls") is not None for _, fences in cases())


# --- commands -----------------------------------------------------------------------------------


def test_a_command_stands_in_its_cell() -> None:
    cell = "x = 1\n!vllm serve org/name \\\n    --revision v1"
    [load] = facts(notebook("y = 2", cell)).loads
    assert (load.cell, load.repo_id, load.revision) == (2, Known("org/name"), Known("v1"))
    assert load.span.start == Location(2, 13)


def test_python_values_in_a_command() -> None:
    cell = "base = 'org/name'\n!vllm serve {base} --revision $rev\nrev = 'v1'"
    [load] = facts(notebook(cell)).loads
    assert (load.repo_id, load.revision) == (Known("org/name"), Known("v1"))
    twice = facts(notebook("base = 'a/b'", "!vllm serve {base}", "base = 'c/d'"))
    assert all(not isinstance(each.repo_id, Known) for each in twice.loads)


def test_a_script_that_is_run_in_another_folder() -> None:
    found = facts(notebook("%cd sub", "!python train.py --model {name} --revision v1"))
    [command] = found.commands
    assert (command.cell, command.script, command.folder) == (2, Known("train.py"), "sub")
    flags = {flag.name: flag for flag in command.flags}
    assert flags["revision"].value == Known("v1")
    assert flags["revision"].span.start == Location(1, 44)
    assert not isinstance(flags["model"].value, Known)
