"""The matrix as docs/verification.md prints it; `python -m tests.verify.matrix_table` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from loralint.verify.codes import CODES, Page
from tests.verify.faults import FAULTS
from tests.verify.healthy import HEALTHY, NOT_IN_NF4, Healthy
from tests.verify.wrong_loads import WRONG_LOADS

PAGE = Path(__file__).parents[2] / "docs" / "verification.md"
BEGIN, END = "<!-- matrix:begin -->\n", "<!-- matrix:end -->"
CODES_BEGIN, CODES_END = "<!-- codes:begin -->\n", "<!-- codes:end -->"


def tables() -> str:
    """Three tables: planted faults, wrong loads, healthy adapters."""
    return "".join(f"{line}\n" for line in ("", *_faults(), "", *_loads(), "", *_healthy(), ""))


def _faults() -> Iterator[str]:
    yield f"**{len(FAULTS)} faulty pairs of adapter and base**"
    yield ""
    yield "| fault | adapter | tier that finds it | codes |"
    yield "|---|---|---|---|"
    for fault in FAULTS:
        yield f"| {fault.name} | {fault.adapter} | {fault.tier} | {_codes(fault.codes)} |"


def _loads() -> Iterator[str]:
    yield f"**{len(WRONG_LOADS)} wrong loads of a healthy adapter, as `verify_loaded` sees them**"
    yield ""
    yield "| load | codes |"
    yield "|---|---|"
    for wrong in WRONG_LOADS:
        yield f"| {wrong.name} | {_codes(wrong.codes)} |"


def _healthy() -> Iterator[str]:
    yield f"**{len(HEALTHY)} healthy adapters, verified from the header to the round trip**"
    yield ""
    yield "| adapter | base | quantisation | not proved (`skipped`), or warned of |"
    yield "|---|---|---|---|"
    for healthy in HEALTHY:
        said = "; ".join((*healthy.skipped, *filter(None, [healthy.warned])))
        yield f"| {healthy.name} | {healthy.base} | {_quantization(healthy)} | {said} |"


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(sorted(codes))


def _quantization(healthy: Healthy) -> str:
    if NOT_IN_NF4 in healthy.skipped:
        return "none (PEFT refuses it in nf4)"
    return healthy.given.get("quantization", "nf4")


def codes() -> str:
    """What each code means and what to do, by its own page."""
    return "\n" + "".join(f"{_page(one)}\n\n" for one in CODES)


def _page(code: Page) -> str:
    level = "" if code.severity == "error" else f", a {code.severity}"
    doc = code.doc.replace("## What it means\n\n", "")
    doc = doc.replace("## What to do\n\n", "**What to do:** ")
    return f"### {code.code} `{code.name}`{level}\n\n{code.summary}\n\n{doc}"


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for begin, end, content in ((BEGIN, END, tables()), (CODES_BEGIN, CODES_END, codes())):
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}{content}{end}{after}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
