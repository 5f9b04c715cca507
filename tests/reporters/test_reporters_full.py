"""`full` and `concise`: how they read, and how lines are laid out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from loralint.diagnostics import Diagnostic, Fix, Related, Skipped
from loralint.report.base import Report
from loralint.report.snippet import cut, lay_out
from loralint.report.terminal import concise, full as render
from loralint.report.text import summary
from loralint.source import START, Place, Span
from loralint.text import shown, visible, well_formed, width

Snapshot = Callable[[str, str], None]


def found(*span: int, path: str = "a.py", **fields: object) -> Diagnostic:
    basis = Diagnostic(
        code="LOR101",
        name="missing-revision",
        severity="warning",
        message="no revision",
        place=Place(path, Span.of(*span)),
    )
    return replace(basis, **fields)


def shown_for(diagnostic: Diagnostic, *lines: str, width: int = 100) -> str:
    """Return the snippet: what stands between the title and the summary."""
    report = Report(diagnostics=(diagnostic,), files=1, sources=lambda _path, _cell: lines)
    block = render(report, width).rpartition("\n\n")[0].partition("\n")[2]
    return block.rpartition("\n")[0]  # without the row that names the rule


def test_full(sample: Report, snapshot: Snapshot) -> None:
    snapshot("full.txt", render(sample))


def test_full_verbose_and_narrow(sample: Report, snapshot: Snapshot) -> None:
    snapshot("full-verbose-60.txt", render(replace(sample, verbose=1), 60))


def test_full_in_colour(sample: Report, snapshot: Snapshot) -> None:
    report = replace(sample, colour=True, diagnostics=sample.diagnostics[3:4])
    snapshot("full-colour.txt", render(report).replace("\x1b", "␛"))


def test_full_hostile(hostile: Report, snapshot: Snapshot) -> None:
    snapshot("full-hostile.txt", render(hostile))


def test_what_one_commit_mends_is_shown_once() -> None:
    code = {"code": "LOR105", "name": "unpinned-remote-code", "severity": "error"}
    bare = [found(row, 1, row, 5, subject="a/b") for row in (1, 2, 3)]
    unpinned = [replace(one, message="code runs", **code) for one in bare[:2]]
    report = Report(diagnostics=(bare[0], unpinned[0], bare[1], unpinned[1], bare[2]), files=1)
    text = render(report)
    assert "also at a.py:2\n" in text and text.count("error[LOR105]") == 1
    assert "= a commit also mends LOR101 missing-revision of the same load" in text
    assert text.count("warning[LOR101]") == 1 and "--> a.py:3:1" in text
    assert "2 errors, 3 warnings" in text
    assert concise(report).count("LOR101") == 3


def test_another_repository_at_the_place_is_shown() -> None:
    code = {"code": "LOR105", "name": "unpinned-remote-code", "severity": "error"}
    other = replace(found(1, 1, 1, 5, subject="a/c"), **code)
    text = render(Report(diagnostics=(found(1, 1, 1, 5, subject="a/b"), other), files=1))
    assert "warning[LOR101]" in text and "also mends" not in text


def test_concise(sample: Report, snapshot: Snapshot) -> None:
    snapshot("concise.txt", concise(sample))


def test_a_tab_and_wide_characters_keep_the_marks_in_place() -> None:
    line = "\tx = '模型', é"
    assert shown_for(found(1, 7, 1, 9), line).splitlines()[2:4] == [
        "1 |     x = '模型', é",
        "  |          ^^^^",
    ]
    combining = "e\u0301e\u0301 = f()"
    assert shown_for(found(1, 8, 1, 11), combining).splitlines()[3] == "  |      ^^^"
    joined = "a\u200db = f()"
    assert shown_for(found(1, 7, 1, 10), joined).splitlines()[3] == "  |      ^^^"


def test_a_control_character_is_as_wide_as_its_escape() -> None:
    assert shown_for(found(1, 2, 1, 3), "\x1bab").splitlines()[2:4] == [
        "1 | \\x1bab",
        "  |     ^",
    ]


def test_a_span_over_lines_that_starts_a_line() -> None:
    assert shown_for(found(1, 3, 3, 2), "  f(", "  a,", ")").splitlines() == [
        " --> a.py:1:3",
        "  |",
        "1 | /   f(",
        "2 | |   a,",
        "3 | | )",
        "  | |_^",
        "  |",
    ]


def test_a_span_that_ends_at_a_line_s_start_ends_before_the_break() -> None:
    assert shown_for(found(1, 3, 2, 1), "x = 1", "y").splitlines()[2:4] == [
        "1 | x = 1",
        "  |   ^^^",
    ]


@pytest.mark.parametrize(
    ("span", "marks"),
    [
        (START, "^"),
        (Span.of(1, 9, 1, 12), "     ^"),
        (Span.of(1, 4, 7, 3), "   ^^"),
    ],
)
def test_an_odd_span_stays_in_its_line(span: Span, marks: str) -> None:
    text = shown_for(found(1, 1, 1, 1, place=Place("a.py", span)), "abcde")
    assert text.splitlines()[3] == f"  | {marks}"


def test_a_row_past_the_end_has_no_snippet() -> None:
    assert shown_for(found(9, 1, 9, 2), "abc") == " --> a.py:9:1"


def test_a_related_place_without_source_keeps_its_message() -> None:
    related = (Related("trained here", Place("b.py", Span.of(7, 1, 7, 2))),)
    text = shown_for(found(9, 1, 9, 2, related=related), "abc")
    assert text.splitlines() == [" --> a.py:9:1", " ::: b.py:7:1: trained here"]


def test_a_label_that_does_not_fit_goes_below() -> None:
    related = (Related("trained here " * 3, Place("b.py", Span.of(1, 25, 1, 30))),)
    text = shown_for(found(1, 1, 1, 2, related=related), "x" * 30, width=60)
    assert text.splitlines()[-3:] == [
        f"  | {' ' * 24}-----",
        f"  | {' ' * 17}{'trained here ' * 3}".rstrip(),
        "  |",
    ]


def test_a_long_line_is_cut_around_its_span() -> None:
    line = f"{'a' * 200}TARGET{'b' * 200}"
    text = shown_for(found(1, 201, 1, 207), line, width=50).splitlines()
    assert max(map(len, text)) <= 50
    column = text[2].index("TARGET")
    assert text[3][column : column + 7] == "^^^^^^"
    assert text[2].count("…") == 2


def test_a_span_wider_than_the_terminal_shows_its_start() -> None:
    line = f"{'a' * 100}{'T' * 300}"
    text = shown_for(found(1, 101, 1, 401), line, width=50).splitlines()
    assert max(map(len, text)) <= 50
    assert text[2].index("T") == text[3].index("^")


def test_a_wide_character_on_the_edge_of_the_cut_keeps_the_columns() -> None:
    laid = lay_out("模" * 100)
    for low in range(80, 90):
        seen = cut(laid, low + 20, low + 22, 41)
        assert width(seen.text) <= 41
        assert seen.text[0] == seen.text[-1] == "…"


def test_every_cut_is_within_the_room_and_holds_the_start() -> None:
    for start in range(120):
        laid = lay_out("x" * start + "T" + "x" * (119 - start))
        seen = cut(laid, start, start + 1, 40)
        assert len(seen.text) <= 40
        assert seen.text[start - seen.low] == "T"
    assert len(cut(laid, 119, 120, 40).text) == 40


def test_like_findings_are_one_with_their_places() -> None:
    alike = [found(row, 1, row, 2, subject="org/m") for row in range(1, 20)]
    other = found(30, 1, 30, 2, subject="org/other")
    bare = [found(row, 1, row, 2) for row in (40, 41)]
    elsewhere = found(1, 1, 1, 2, path="b.py", subject="org/m")
    report = Report(diagnostics=(*alike, other, *bare, elsewhere), files=2)
    text = render(report)
    assert text.count("missing-revision: ") == 4
    places = "= also at a.py:2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13"
    assert f"{places} and 7 more in 1 more file\n" in text
    assert "also at a.py:" + ", ".join(map(str, range(2, 20))) in render(replace(report, verbose=1))
    assert "Found 23 warnings in 2 files" in text


def test_much_ends_with_what_to_do_first() -> None:
    pair = found(50, 1, 50, 2, code="LOR201", name="revision-mismatch", severity="error")
    many = [found(row, 1, row, 2, subject=f"org/{row}") for row in range(1, 20)]
    text = render(Report(diagnostics=(*many, pair), files=1))
    assert text.startswith("error[LOR201]")  # although its place is the last
    last = text.rpartition("\n\n")[2]
    assert "   1  error    LOR201 revision-mismatch\n  19  warning  LOR101" in last
    assert "`loralint check --select LOR2` shows the 1 finding of pairs alone" in last
    assert "which of the 19 unpinned loads" in last
    assert "first" not in render(Report(diagnostics=tuple(many[:9]), files=1))


def test_three_related_places_and_the_number_of_the_others() -> None:
    related = tuple(Related("here", Place("b.py", Span.of(row, 1, row, 2))) for row in range(1, 8))
    report = Report(diagnostics=(found(1, 1, 1, 2, related=related),), files=1)
    text = render(report)
    assert text.count("::: b.py") == 3 and "= and 4 more (-v shows them)" in text
    assert render(replace(report, verbose=1)).count("::: b.py") == 7


def test_what_is_a_note_is_one_block_for_all_repositories() -> None:
    notes = [found(row, 1, row, 2, subject=f"org/{row}", severity="info") for row in (1, 2, 3)]
    text = render(Report(diagnostics=tuple(notes), files=1))
    assert text.count("info[LOR101]") == 1 and "= 3 repositories at 3 places" in text


def test_the_gravest_of_like_findings_is_shown() -> None:
    pair = (found(1, 1, 1, 2, subject="m"), found(2, 1, 2, 2, subject="m", severity="error"))
    text = render(Report(diagnostics=pair, files=1))
    assert text.startswith("error[LOR101] missing-revision: no revision\n --> a.py:2:1")
    assert "also at a.py:1\n" in text


def test_places_in_a_notebook_name_their_cells() -> None:
    span = Span.of(1, 1, 1, 2)
    cells = [found(1, 1, 1, 2, subject="m", place=Place("n.ipynb", span, cell)) for cell in (1, 2)]
    text = render(Report(diagnostics=tuple(cells), files=1))
    assert "--> n.ipynb:cell 1:1:1\n" in text
    assert "also at n.ipynb:cell 2:1\n" in text


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (Report(), "No files read."),
        (Report(files=1), "Nothing found in 1 file."),
        (
            Report(files=1200, suppressed=2, baselined=1),
            "Nothing found in 1,200 files. 2 suppressed, 1 in the baseline.",
        ),
        (
            Report(files=3, skipped=(Skipped(Place("a", START), "id", "unknown"),)),
            "Nothing found in 3 files. 1 not decided (-v lists them).",
        ),
        (
            Report(files=9, diagnostics=(found(1, 1, 1, 2), found(2, 1, 2, 2, severity="error"))),
            "Found 1 error, 1 warning in 1 file (9 files read).",
        ),
    ],
)
def test_the_summary(report: Report, text: str) -> None:
    assert summary(report) == text
    assert render(report).rpartition("\n\n")[2] == f"{text}\n"


def test_the_note_on_fixes_can_be_left_out(sample: Report) -> None:
    last = "2 fixable with --fix, 1 more with --unsafe-fixes.\n"
    assert render(sample).endswith(last)
    assert last not in render(replace(sample, fixable_note=False))


def test_a_fix_without_edits_is_not_counted(sample: Report) -> None:
    bare = replace(sample.diagnostics[3], fix=Fix("safe", "look at it"))
    text = render(replace(sample, diagnostics=(bare,)))
    assert "help: look at it\n" in text
    assert "fixable" not in text


def test_visible_text() -> None:
    assert (
        visible("a\tb\r\n\x1b[0m\x9b\u202e\U000e0001")
        == "a\\tb\\r\\n\\x1b[0m\\x9b\\u202e\\U000e0001"
    )
    assert visible("ü 模型 👩\u200d🔬 \u00a0") == "ü 模型 👩\u200d🔬 \u00a0"
    assert shown("\ud800") == "\\ud800"
    assert well_formed("a\ud800b模😀\udcff") == "a\ufffdb模😀\ufffd"
    assert width("模e\u0301😀") == 5
