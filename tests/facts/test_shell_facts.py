"""The page `shell.md`, run; and files that are hardly shell."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from loralint.facts import Absent, Choice, CommandFact, Default, FileFacts, Known, LoadSite, Value
from loralint.read import extract
from loralint.source import Source

PAGE = Path(__file__).with_name("shell.md")
CASE = re.compile(
    r"^## (.+?)\n```\w+ (\S+)\n(.*?)^```\n```facts\n(.*?)^```", re.DOTALL | re.MULTILINE
)


def cases() -> Iterator[tuple[str, str, str, list[str]]]:
    """Name, file name, text and expected facts of every test of the page."""
    for name, path, text, facts in CASE.findall(PAGE.read_text()):
        yield name, path, text, facts.splitlines()


PAGES = pytest.mark.parametrize(
    ("name", "path", "text", "expected"), list(cases()), ids=[each[0] for each in cases()]
)


def facts(text: str | bytes, path: str = "run.sh") -> FileFacts:
    """The facts of one file."""
    content = text.encode() if isinstance(text, str) else text
    return extract(Source(path, "shell", content))


@PAGES
def test_page(name: str, path: str, text: str, expected: list[str]) -> None:
    assert sorted(shown(facts(text, path)), key=row) == expected


@PAGES
def test_line_ends_of_windows_change_nothing(
    name: str, path: str, text: str, expected: list[str]
) -> None:
    assert sorted(shown(facts(text.replace("\n", "\r\n"), path)), key=row) == expected


def test_every_heading_is_a_test() -> None:
    assert len(list(cases())) == PAGE.read_text().count("\n## ")


def row(line: str) -> int:
    """The row that a line of the page speaks of; loads, saves and commands keep their order."""
    return int(re.match(r"\d+", line)[0])  # type: ignore[index]


def shown(found: FileFacts) -> Iterator[str]:
    """The facts in the page's notation."""
    for load in found.loads:
        yield _load(load)
    for save in found.saves:
        yield f"{save.span.start.row} saves {save.artifact} {written(save.target)}"
    for command in found.commands:
        yield _command(command)


def _load(load: LoadSite) -> str:
    start = load.span.start
    head = f"{start.row}:{start.column} {load.artifact} {written(load.repo_id)}"
    options = [f"{name}={written(value)}" for name, value in load.options if name != "folder"]
    return " ".join([head, "@", written(load.revision), *options])


def _command(command: CommandFact) -> str:
    what = f"-m {command.module}" if command.module else written(command.script)
    if command.tool:
        what = f"{command.tool} {written(command.recipe)}"
    folder = f" in {command.folder}" if command.folder else ""
    flags = " ".join(f"{flag.name}={written(flag.value)}" for flag in command.flags)
    return f"{command.span.start.row} runs {what}{folder}" + (f", {flags}" if flags else "")


def written(value: Value) -> str:
    """A value in the page's notation."""
    if isinstance(value, Choice):
        return " | ".join(written(each) for each in value.values)  # type: ignore[arg-type]
    if isinstance(value, (Known, Default)):
        return f"{'~' if isinstance(value, Default) else ''}{value.value}"
    return "-" if isinstance(value, Absent) else "?"


# --- suppressions -------------------------------------------------------------------------------


def test_comments_silence_the_command_that_they_stand_in_or_above() -> None:
    text = (
        "# loralint: ignore[LOR101] pinned elsewhere\n"
        "vllm serve org/a \\\n"
        "    --dtype auto\n"
        "vllm serve org/b  # loralint: ignore[missing-revision]\n"
        "echo '# loralint: ignore' is no comment\n"
    )
    rows = [(each.first_row, each.last_row) for each in facts(text).suppressions]
    assert rows == [(1, 3), (4, 4)]


# --- hostile files ------------------------------------------------------------------------------

HOSTILE = {
    "nested": "$(" * 20_000,
    "braces": "{ " * 20_000,
    "quotes": "'\"" * 20_000,
    "ifs": "if x; then\n" * 3_000,
    "a long line": "vllm serve " + "a" * 900_000,
    "expansions": "A=" + "${A:-" * 5_000,
    "doubling": "A=x\n" + "A=$A$A\n" * 60 + "vllm serve $A",
    "recursion": "f() { f; g; }\ng() { f; g; }\nf\n" + "g\n" * 500,
    "branches": "A=x\n" + "if y; then A=$A/1; else A=$A/2; fi\n" * 500 + "vllm serve $A",
    "arrays": "A=(x)\n" + 'A=("${A[@]}" "${A[@]}")\n' * 60 + 'vllm serve "${A[@]}"',
    "heredocs": "cat <<EOF\n" * 5_000,
    "bash in bash": 'bash -c "bash -c \'bash -c \\"bash -c x\\"\'"\n' * 500,
    "nul": "vllm serve org/a\0\0",
}


@pytest.mark.parametrize("path", ["run.sh", "Makefile", "Dockerfile", "compose.yml"])
@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
def test_hostile_files_end_soon(text: str, path: str) -> None:
    began = time.monotonic()
    with suppress(RecursionError):  # the engine says so of the file
        facts(text, path)
    assert time.monotonic() - began < 5


BYTES = [b"\xff\xfe\0", b"", b"\xef\xbb\xbfvllm serve org/a", b"\x80" * 99]


@pytest.mark.parametrize("content", BYTES)
def test_any_bytes(content: bytes) -> None:
    for path in ("run.sh", "Makefile", "Dockerfile", "compose.yml", ".github/workflows/a.yml"):
        assert facts(content, path).error is None


def test_a_file_that_unpacks_itself_is_not_parsed_and_says_so() -> None:
    found = facts("vllm serve a/b\n" + "x" * 1_000_001)
    assert (found.loads, found.commands) == ((), ())
    assert found.error is not None and "more than 60,000 characters" in found.error.message


def test_a_recipe_that_nobody_writes_hides_no_other() -> None:
    text = f"run:\n\techo {'$(( ' * 5_000}\n\tvllm serve org/a\n"
    began = time.monotonic()
    assert [load.repo_id for load in facts(text, "Makefile").loads] == [Known("org/a")]
    assert time.monotonic() - began < 3
