"""What is left of the findings: selection, comments, baseline; and how the files are mapped."""

from __future__ import annotations

import json
import runpy
import sys
import types
from collections.abc import Iterator
from typing import ClassVar

import msgspec
import pytest

from loralint import __version__
from loralint.cache import Entry
from loralint.config import Config, ConfigError
from loralint.config.selectors import enabled, severity
from loralint.diagnostics import Diagnostic
from loralint.discovery import walk
from loralint.engine import baseline, workers
from loralint.engine.shelf import Shelf
from loralint.engine.suppression import Judge, Suppressions
from loralint.engine.workers import SchedulerError, mapper, serialised
from loralint.facts import FileFacts, Suppression
from loralint.project import Project
from loralint.read.cells import lines_of
from loralint.reading import LARGEST
from loralint.rules.base import Finding, Rule, rule as decorate
from loralint.source import Place, Source, Span
from loralint.stamps import NEVER, digest


def nothing(project: Project) -> Iterator[Finding]:
    yield from ()


def rule(code: str, name: str, *, default: bool = True) -> Rule:
    return decorate(code, name, severity="warning", default=default)(nothing)


RULES = (
    rule("LOR002", "unused-suppression"),
    rule("LOR101", "missing-revision"),
    rule("LOR103", "mutable-revision", default=False),
    rule("LOR201", "revision-mismatch"),
    rule("LOR205", "dtype-mismatch", default=False),
)


def codes(**settings) -> list[str]:
    return [one.code for one in enabled(Config(**settings), RULES)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "002 101 201"),
        ({"strict": True}, "002 101 103 201 205"),
        ({"strict": True, "ignore": ("LOR2",)}, "002 101 103"),
        ({"select": ("LOR1",)}, "101 103"),
        ({"select": ("revision-mismatch",), "strict": True}, "201"),
        ({"select": ("ALL",)}, "002 101 103 201 205"),
        ({"select": ()}, ""),
        ({"select": ("ALL",), "ignore": ("LOR",)}, ""),
        ({"select": ("LOR2",), "ignore": ("LOR201",)}, "205"),
        ({"select": ("LOR201",), "ignore": ("LOR2",)}, "201"),
        ({"select": ("LOR201",), "ignore": ("revision-mismatch",)}, ""),
        ({"extend_select": ("LOR205",)}, "002 101 201 205"),
        ({"extend_select": ("LOR2",), "ignore": ("ALL",)}, "201 205"),
        ({"ignore": ("LOR1",)}, "002 201"),
    ],
)
def test_selection(settings, expected):
    assert codes(**settings) == [f"LOR{number}" for number in expected.split()]


def test_settings_can_ask_for_what_a_rule_finds():
    wanted = decorate(
        "LOR103",
        "mutable-revision",
        severity="warning",
        default=False,
        turned_on=lambda config: bool(config.stages),
    )(nothing)
    assert enabled(Config(), [wanted]) == ()
    assert enabled(Config(stages=(("a.py", "train"),)), [wanted]) == (wanted,)
    assert enabled(Config(stages=(("a.py", "train"),), ignore=("LOR1",)), [wanted]) == ()


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"select": ("revision-mismach",)}, "select", "`revision-mismatch`"),
        ({"ignore": ("lor201",)}, "ignore", "`LOR201`"),
        ({"extend_select": ("LOR9",)}, "extend_select", "unknown rule `LOR9`"),
        ({"severity": {"qqqq": "error"}}, "severity", "loralint rule --all"),
        ({"per_file_ignores": {"a.py": ("LOR201 ",)}}, "per_file_ignores", "`LOR201`"),
    ],
)
def test_unknown_rules_are_errors_that_help(settings, field, words):
    with pytest.raises(ConfigError, match="unknown rule") as raised:
        codes(**settings)
    assert raised.value.field == field
    assert words in str(raised.value)


def test_most_specific_severity_wins():
    config = Config(severity={"LOR201": "info", "LOR2": "error", "ALL": "warning"})
    levels = [severity(config, one.code, one.name) for one in RULES]
    assert levels == ["warning", "warning", "warning", "info", "error"]
    assert severity(Config(), "LOR201", "revision-mismatch") is None


def found(code: str = "LOR101", row: int = 3, path: str = "a.py", **more) -> Diagnostic:
    names = {one.code: one.name for one in RULES}
    cell = more.pop("cell", None)
    return Diagnostic(
        code=code,
        name=names[code],
        severity="warning",
        message="m",
        place=Place(path, Span.of(row, 1, row + 2, 5), cell),
        **more,
    )


def comment(
    *selectors: str, rows: tuple[int, int] = (3, 5), column: int = 10, **more
) -> Suppression:
    return Suppression(selectors, *rows, Span.of(rows[1], column, rows[1], 99), **more)


def hidden(one: Suppression, diagnostic: Diagnostic) -> bool:
    files = {"a.py": FileFacts(path="a.py", suppressions=(one,))}
    return Suppressions(files).remaining([diagnostic]) == []


@pytest.mark.parametrize("selector", ["LOR101", "missing-revision", "LOR1", "LOR", "ALL"])
def test_suppressed_by(selector):
    assert hidden(comment(selector), found())


@pytest.mark.parametrize("selector", ["LOR102", "missing", "lor101", ""])
def test_not_suppressed_by(selector):
    assert not hidden(comment(selector), found())


def test_reach_of_a_comment():
    assert hidden(comment("LOR101"), found(row=5))
    assert not hidden(comment("LOR101"), found(row=2))
    assert not hidden(comment("LOR101"), found(row=6))
    assert not hidden(comment("LOR101"), found(path="b.py"))
    assert not hidden(comment("LOR101", cell=1), found(cell=2))
    assert hidden(comment("LOR101", cell=2), found(cell=2))
    assert hidden(comment("LOR101", whole_file=True), found(row=99, cell=7))


def test_unused_cannot_hide_itself_but_a_file_can():
    assert not hidden(comment("LOR002"), found("LOR002"))
    assert hidden(comment("LOR002", whole_file=True), found("LOR002"))


def judge(line: str, *selectors: str, hides: tuple[Diagnostic, ...] = (), **settings) -> list:
    """LOR002 for a comment on row 3, after the given findings have been hidden."""
    ran = enabled(Config(**settings), RULES)
    column = line.index("#") + 1
    files = {
        "a.py": FileFacts(
            path="a.py", suppressions=(comment(*selectors, column=column, rows=(3, 3)),)
        )
    }
    suppressions = Suppressions(files)
    suppressions.remaining(hides)
    lines = ["", "", line]
    return list(
        Judge(RULES[0], RULES, lambda path: ran, lambda path, cell: lines).unused(
            suppressions.comments()
        )
    )


def fixed(line: str, diagnostic: Diagnostic) -> str:
    """The text after the fix of a comment on row 3 of 4."""
    rows = ["1", "2", line, "4"]
    [edit] = diagnostic.fix.edits
    start, end = edit.place.span.start, edit.place.span.end
    before = rows[start.row - 1][: start.column - 1]
    rows[start.row - 1 : end.row] = [before + edit.content + rows[end.row - 1][end.column - 1 :]]
    return "\n".join(rows).split("2\n", 1)[1]


def test_comment_in_use_is_silent():
    assert judge("f()  # loralint: ignore[LOR101]", "LOR101", hides=(found(),)) == []


@pytest.mark.parametrize(
    ("line", "selectors", "after"),
    [
        ("f()  # loralint: ignore[LOR201] why", ("LOR201",), "f()\n4"),
        ("    # loralint: ignore[LOR201]", ("LOR201",), "4"),
        (
            "f()  # loralint: ignore[LOR101, LOR201] why",
            ("LOR101", "LOR201"),
            "f()  # loralint: ignore[LOR101] why\n4",
        ),
        ("f()  # noqa: LOR201", ("LOR201",), "f()\n4"),
        ("f()  # noqa: E501, LOR201", ("LOR201",), "f()  # noqa: E501\n4"),
        ("f()  # loralint: ignore[LOR201]  # type: ignore", ("LOR201",), "f()  # type: ignore\n4"),
        ("f()  # type: ignore  # loralint: ignore[LOR201]", ("LOR201",), "f()  # type: ignore\n4"),
    ],
)
def test_fix_of_an_unused_suppression(line, selectors, after):
    [one] = judge(line, *selectors, hides=(found(),))
    assert "`LOR201`" in one.message
    assert "`LOR101`" not in one.message
    assert one.fix.applicability == "safe"
    assert fixed(line, one) == after


def test_only_rules_that_ran_are_judged():
    line = "f()  # loralint: ignore[dtype-mismatch]"
    assert judge(line, "dtype-mismatch") == []
    assert len(judge(line, "dtype-mismatch", strict=True)) == 1


def test_unknown_rule_in_a_comment_is_named_with_its_neighbour():
    [one] = judge("f()  # loralint: ignore[revision-mismach]", "revision-mismach")
    assert "no rule is called `revision-mismach`; did you mean `revision-mismatch`?" in one.message


def test_prefix_is_in_use_with_one_of_its_rules():
    assert judge("f()  # loralint: ignore[LOR]", "LOR", hides=(found(),)) == []
    assert len(judge("f()  # loralint: ignore[LOR]", "LOR")) == 1


def test_two_comments_that_hide_the_same_are_both_in_use():
    both = (comment("LOR101"), comment("LOR1"))
    suppressions = Suppressions({"a.py": FileFacts(path="a.py", suppressions=both)})
    suppressions.remaining([found()])
    assert [one.used for one in suppressions.comments()] == [{"LOR101"}, {"LOR1"}]


def test_baseline_counts_and_forgets_rows(tmp_path):
    path = str(tmp_path / "b.json")
    old = [found(row=row, subject="org/m", call="f(x)") for row in (3, 9)]
    assert baseline.write(path, old, None) == 2
    accepted = baseline.read(path)
    moved = [found(row=row, subject="org/m", call="f(x)") for row in (30, 90)]
    assert baseline.unaccepted(moved, accepted) == []
    third = found(row=95, subject="org/m", call="f(x)")
    assert baseline.unaccepted([*moved, third], accepted) == [third]
    for other in (
        found("LOR201", subject="org/m", call="f(x)"),
        found(subject="org/n", call="f(x)"),
        found(subject="org/m", call="g()"),
        found(path="b.py", subject="org/m", call="f(x)"),
    ):
        assert baseline.unaccepted([other], accepted) == [other]


def test_baseline_file_is_sorted_and_readable(tmp_path):
    path = tmp_path / "b.json"
    baseline.write(
        str(path), [found("LOR201", path="b.py"), found(subject="ü", path="b.py"), found()], None
    )
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["version"] == 1
    assert [(one["rule"], one["filename"]) for one in document["findings"]] == [
        ("missing-revision", "a.py"),
        ("missing-revision", "b.py"),
        ("revision-mismatch", "b.py"),
    ]
    assert "ü" in path.read_text(encoding="utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["b.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 1}', '{"version": 1, "findings": [3]}', "\xff"]
)
def test_baseline_that_is_none(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"b\.json.*loralint baseline"):
        baseline.read(str(path))


def test_baseline_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match=r"no such baseline.*loralint baseline"):
        baseline.read(str(tmp_path / "b.json"))


def test_lines_split_where_python_splits():
    assert lines_of(b"\xef\xbb\xbfa\r\nb\rc\n\x0cd\xe2\x80\xa8e\xff") == [
        "a",
        "b",
        "c",
        "\x0cd\u2028e\ufffd",
    ]


def sources(count: int) -> list[Source]:
    text = "from peft import LoraConfig\n" + "x = LoraConfig(r=8)\n" * 400
    return [Source(f"{number:03}.py", "python", text.encode()) for number in range(count)]


def paths(facts: Iterator[bytes]) -> list[str]:
    return [msgspec.msgpack.decode(one, type=FileFacts).path for one in facts]


def test_pool_gives_the_same_facts_in_the_same_order():
    many = sources(60)
    assert sum(len(one.content) for one in many) > workers.WORTH_A_POOL
    here = list(map(serialised, many))
    assert list(mapper(10**9, 2, None)(many)) == here


def test_pool_where_forking_is_not_safe(monkeypatch):
    monkeypatch.setattr(workers, "START_METHOD", "spawn")
    many = sources(60)
    assert list(mapper(10**9, 2, None)(many)) == list(map(serialised, many))


def test_sandbox_without_a_pool(monkeypatch):
    def refuse(*arguments, **options):
        raise NotImplementedError("no semaphores here")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refuse)
    many = sources(3)
    assert paths(mapper(10**9, 2, None)(many)) == [one.path for one in many]


def test_worker_that_imports_the_main_module_starts_no_second_run():
    runpy.run_module("loralint", run_name="__mp_main__")


def test_sources_go_out_a_few_at_a_time():
    under_way, most = 0, 0

    class Future:
        def result(self):
            nonlocal under_way
            under_way -= 1
            return []

    def submit(batch):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        return Future()

    list(workers._windowed(submit, sources(300), 3))
    assert most == 3


def test_front_end_that_fails_spoils_one_file_only(monkeypatch):
    def extract(source):
        if source.path == "001.py":
            raise ZeroDivisionError("oops")
        if source.path == "002.py":
            raise RecursionError
        return FileFacts(path=source.path)

    monkeypatch.setattr(workers, "extract", extract)
    monkeypatch.delenv("LORALINT_TRACEBACK", raising=False)
    errors = [msgspec.msgpack.decode(serialised(one), type=FileFacts).error for one in sources(4)]
    assert errors[0] is errors[3] is None
    assert "oops" in errors[1].message
    assert "nested too deeply" in errors[2].message
    monkeypatch.setenv("LORALINT_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        serialised(sources(2)[1])


def cluster(monkeypatch, client: type) -> None:
    module = types.ModuleType("distributed")
    module.Client = client
    monkeypatch.setitem(sys.modules, "distributed", module)


class Client:
    """A cluster of one worker, as far as we use it."""

    releases: ClassVar = {"tcp://one": __version__}

    def __init__(self, address, **options):
        assert address == "tcp://somewhere:8786"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def run(self, function, *, on_error):
        assert (function(), on_error) == (__version__, "return")
        return self.releases

    def nthreads(self):
        return dict.fromkeys(self.releases, 2)

    def submit(self, function, batch, *, pure):
        assert pure is False, "Dask would hash every source"
        return types.SimpleNamespace(result=lambda: function(batch))


def test_cluster_gets_the_batches(monkeypatch):
    cluster(monkeypatch, Client)
    many = sources(30)
    assert paths(mapper(1, None, "tcp://somewhere:8786")(many)) == [one.path for one in many]


@pytest.mark.parametrize(
    ("releases", "words"),
    [
        ({}, "has no workers"),
        ({"tcp://one": ModuleNotFoundError("No module")}, "tcp://one .*No module"),
        ({"tcp://one": "0.0.1"}, f"0.0.1.*install loralint {__version__} there"),
    ],
)
def test_cluster_that_cannot_do_it(monkeypatch, releases, words):
    monkeypatch.setattr(Client, "releases", releases)
    cluster(monkeypatch, Client)
    with pytest.raises(SchedulerError, match=words):
        list(mapper(1, None, "tcp://somewhere:8786")(sources(1)))


def test_cluster_that_does_not_answer(monkeypatch):
    class Silent:
        def __init__(self, address, **options):
            raise OSError("timed out")

    cluster(monkeypatch, Silent)
    with pytest.raises(SchedulerError, match="no Dask scheduler answers at tcp://x"):
        list(mapper(1, None, "tcp://x")(sources(1)))


def test_cluster_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError, match=r"pip install 'loralint\[dask\]'"):
        list(mapper(1, None, "tcp://x")(sources(1)))


MARKED = b"from peft import LoraConfig\n"


def shelf(root, known=None, stdin=None) -> Shelf:
    return Shelf(walk(str(root), [str(root)]), known or {}, {stdin.path: stdin} if stdin else {})


def test_shelf_trusts_a_known_stamp_and_reads_otherwise(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_bytes(MARKED)
    first = shelf(tmp_path).entry("a.py")
    first.facts = b"kept"
    assert first.matters
    with monkeypatch.context() as patched:
        patched.setattr("loralint.engine.shelf.read", None)
        assert shelf(tmp_path, {"a.py": first}).entry("a.py").facts == b"kept"
    moved = msgspec.structs.replace(first, stamp=NEVER)
    assert shelf(tmp_path, {"a.py": moved}).entry("a.py").facts == b"kept", "same content"
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    again = shelf(tmp_path, {"a.py": moved}).entry("a.py")
    assert (again.facts, again.matters) == (None, False)


def test_shelf_notices_a_file_that_changes_while_it_is_looked_at(tmp_path):
    (tmp_path / "a.py").write_bytes(MARKED)
    one = shelf(tmp_path)
    one.entry("a.py")
    one.release("a.py")
    (tmp_path / "a.py").write_bytes(MARKED * 2)
    assert one.text("a.py") == MARKED * 2
    entry = one.entry("a.py")
    assert (entry.stamp, entry.digest) == (NEVER, digest(MARKED * 2))


def test_shelf_keeps_only_so_much_text(tmp_path, monkeypatch):
    monkeypatch.setattr("loralint.engine.shelf.ROOM", 100)
    for name in "abcd":
        (tmp_path / f"{name}.py").write_bytes(MARKED + b"#" * 20)
    one = shelf(tmp_path)
    assert [one.entry(f"{name}.py") is not None for name in "abcd"] == [True] * 4
    assert len(one._texts) == 2
    one.release("a.py")
    assert one.text("d.py").startswith(MARKED)


def test_shelf_says_why_it_has_no_entry(tmp_path):
    (tmp_path / "big.py").write_bytes(b"#" * (LARGEST + 1))
    (tmp_path / "gone.py").touch()
    one = shelf(tmp_path)
    (tmp_path / "gone.py").unlink()
    assert one.entry("big.py") is one.entry("gone.py") is None
    assert one.unreadable["big.py"].error.message == "it is larger than 10 MB"
    assert "cannot be read" in one.unreadable["gone.py"].error.message


def test_shelf_takes_standard_input_for_its_file(tmp_path):
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    known = {"a.py": shelf(tmp_path).entry("a.py")}
    one = shelf(tmp_path, known, Source("a.py", "python", MARKED))
    assert one.entry("a.py").matters
    assert one.text("a.py") == MARKED


def test_shelf_remembers_what_it_did_not_look_for(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.py").write_bytes(MARKED)
    known = {
        path: Entry(NEVER, b"", matters=False)
        for path in ("out/b.py", "in/gone.py", "in/deep/gone/c.py", "top.py")
    }
    one = Shelf(walk(str(tmp_path), [str(tmp_path / "in")]), known, {})
    one.entry("in/a.py")
    assert set(one.remembered()) == {"out/b.py", "top.py", "in/a.py"}
