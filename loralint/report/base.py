"""What every format gets: the findings, and how to name and quote the files they stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from loralint.diagnostics import Diagnostic, LeftOut, Skipped
from loralint.report.places import PLACE
from loralint.source import Place

PAGES = ""
"""Where the rules' pages are published, once they are: `{PAGES}{name}/`."""

Sources = Callable[[str, "int | None"], Sequence[str]]
"""The lines of a file (or of its notebook cell), from the path relative to the root."""


class RuleDoc(msgspec.Struct, frozen=True):
    """A rule as a report describes it; `severity` may also be `off`, `help` is Markdown."""

    code: str
    name: str
    severity: str
    summary: str
    help: str = ""
    url: str = ""


def _no_sources(_path: str, _cell: int | None) -> Sequence[str]:
    return ()


def _no_rules() -> Iterable[RuleDoc]:
    return ()


class Report(msgspec.Struct, frozen=True):
    """The outcome of one run; `diagnostics` are sorted.

    `root_prefix` goes before a path relative to the root to make it relative to the working
    directory. Where the working directory lies inside the project, `working_directory` is its
    path below the root (`src`), so that `src/a.py` shows as `a.py` and not as `../src/a.py`.
    `fixable_note` tells to say which findings can be fixed, and `unsafe_fixes` that the unsafe
    fixes are wanted too. `fixed` is how many findings have just been fixed, None where none were
    to be. `unused_settings` are settings files that decided nothing.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    suppressed: int = 0
    baselined: int = 0
    files: int = 0
    left_out: tuple[LeftOut, ...] = ()
    ignored: int = 0
    seconds: float = 0.0
    sources: Sources = _no_sources
    rules: Callable[[], Iterable[RuleDoc]] = _no_rules
    root_prefix: str = ""
    working_directory: str = ""
    colour: bool = False
    verbose: int = 0
    fixable_note: bool = True
    unsafe_fixes: bool = False
    fixed: int | None = None
    unused_settings: tuple[str, ...] = ()

    def filename(self, path: str) -> str:
        """Return the path relative to the working directory."""
        inside = self.working_directory.strip("/")
        if inside and path.startswith(f"{inside}/"):
            return path[len(inside) + 1 :]
        prefix = self.root_prefix.replace("\\", "/")
        return f"{prefix}/{path}" if prefix and not prefix.endswith("/") else prefix + path

    def where(self, place: Place) -> str:
        """Return `path:row:column`, or `path:cell 3:row:column` in a notebook."""
        start = place.span.start
        return f"{self.filename(place.path)}:{position(place)}:{start.column}"

    def lines(self, place: Place) -> Sequence[str]:
        """Return the lines around a place; none where the file cannot be read again.

        A report is written after the fact: a file that has gone since costs its source lines,
        never the report.
        """
        try:
            return self.sources(place.path, place.cell)
        except (OSError, ValueError, LookupError):
            return ()

    def urls(self) -> dict[str, str]:
        """Return the page of each rule, by code; the rules are loaded only for findings."""
        return {rule.code: rule.url for rule in self.rules()} if self.diagnostics else {}


def page_of(found: Diagnostic) -> str:
    """Where a finding's rule is explained: its page, or the command while there are no pages."""
    return f"{PAGES}{found.name}/" if PAGES else f"loralint rule {found.code}"


def position(place: Place) -> str:
    """Return the row, with the notebook cell before it: `12`, or `cell 3:12`."""
    row = place.span.start.row
    return f"{row}" if place.cell is None else f"cell {place.cell}:{row}"


def cell_note(place: Place) -> str:
    """Return `cell 3, row 4: ` for a notebook, for formats whose rows are those of the file.

    A notebook's rows count within a cell; nothing in such a format can say so, hence the
    message does, and the finding stands on the first row.
    """
    return f"cell {place.cell}, row {place.span.start.row}: " if place.cell is not None else ""


def fingerprints(report: Report) -> list[str]:
    """Return one fingerprint a finding, in their order.

    Made of what a baseline is keyed by (`Diagnostic.identity`), with the cell of a notebook, and of
    the message where a finding stands on no call. Like findings in one file are numbered, since
    GitLab drops the second of two equal fingerprints.
    """
    from hashlib import sha256

    seen: Counter[tuple[str, ...]] = Counter()
    digests = []
    for found in report.diagnostics:
        code, path, subject, call = found.identity
        said = call or PLACE.sub("", found.message)  # rows move, and names depend on who asks
        key = (code, path, str(found.place.cell or ""), subject, said)
        seen[key] += 1
        text = "\0".join((*key, str(seen[key])))
        digests.append(sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return digests
