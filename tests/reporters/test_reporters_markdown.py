"""`markdown`: how the comment reads, and that foreign text stays text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from loralint.report.base import Report
from loralint.report.markdown import code, fence, prose, render
from loralint.source import Place, Span


def html(text: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def test_markdown(sample: Report, snapshot: Callable[[str, str], None]) -> None:
    snapshot("comment.md", render(sample))


def test_markdown_verbose(sample: Report) -> None:
    text = render(replace(sample, verbose=1))
    assert "<details><summary>2 places not decided</summary>" in text
    assert "- `nb.ipynb:cell 3:1:1`: repo id: comes from `args.model`" in text


def test_files_with_errors_come_first(sample: Report) -> None:
    names = [line for line in render(sample).splitlines() if line.startswith("####")]
    assert names == ["#### `serve.py`", "#### `configs/Übung.yaml`", "#### `nb.ipynb`"]


def test_nothing_found() -> None:
    text = render(Report(files=2))
    assert text == "<!-- loralint -->\n### loralint\n\nNothing found in 2 files.\n"


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "[a](http://evil.example)",
        "![a](http://evil.example)",
        "<http://evil.example>",
        "`<b>` <b> `</b>",
        "``a` <i>x</i> `",
        "\\` <i>x</i> \\`",
        "a` <i> `` <b> ```",
        "**bold** __bold__ ~~gone~~ &lt;",
        "</details>\n\n# big\n\n- item\n\n<script>",
        "[a]: http://evil.example",
    ],
)
def test_foreign_text_stays_text(text: str) -> None:
    for shown in (prose(text), code(text)):
        rendered = html(f"- **LOR101** {shown} end\n")
        for tag in ("<img", "<a ", "<i>", "<b>", "<s>", "<h1", "<script", "</details"):
            assert tag not in rendered
        assert rendered.count("<strong>") == rendered.count("<li>") == 1
        assert "end" in rendered


@pytest.mark.parametrize("text", ["@team", "#12", "!34", "org/repo#5", "GH-6"])
def test_nobody_is_mentioned(text: str) -> None:
    assert text not in html(prose(f"see {text} there"))
    assert f"<code>{text}</code>" in html(prose(f"see `{text}` there"))


@pytest.mark.parametrize("text", ["http://evil.example", "www.evil.example"])
def test_an_address_is_no_autolink(text: str) -> None:
    """GitHub links bare addresses in the source, before it has removed backslashes."""
    assert text not in prose(text)
    assert text in html(prose(text))


@pytest.mark.parametrize("text", ["a", "`", "a`b", "``a``", " ", "a ``` b", "\\", "x`"])
def test_a_code_span_shows_its_text(text: str) -> None:
    shown = html(code(text)).replace("&quot;", '"')
    assert shown in (f"<p><code>{text}</code></p>\n", f"<p><code> {text} </code></p>\n")


def test_a_fence_holds_any_code() -> None:
    lines = fence(["```", "</details>", "````", "\tx\x1b"], "python")
    rendered = html("\n".join(lines))
    assert rendered.count("<pre>") == 1
    assert rendered.endswith("````\n    x\\x1b\n</code></pre>\n")


def test_a_hostile_report_makes_no_markup(hostile: Report) -> None:
    rendered = html(render(hostile))
    assert "<img" not in rendered
    assert rendered.count("<a ") == 1
    assert rendered.count("<details>") == rendered.count("</details>") == 2


def test_a_huge_report_fits_into_a_comment(sample: Report) -> None:
    many = tuple(
        replace(sample.diagnostics[3], place=Place(f"f{number}.py", Span.of(1, 1, 1, 2)))
        for number in range(900)
    )
    text = render(replace(sample, diagnostics=many, sources=lambda _p, _c: ["x = 1"] * 20))
    assert 50_000 < len(text) < 65_000
    shown = text.count("**LOR201**")
    assert f"… and {900 - shown:,} more that do not fit into a comment." in text
