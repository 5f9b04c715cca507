"""Removed keywords of bitsandbytes → the `BitsAndBytesConfig` that transformers made of them.

transformers 4 made one, of these keywords and of the options beside them, where `load_in_4bit` or
`load_in_8bit` was true, and none where both were false. A `BitsAndBytesConfig` in which both are
false quantises to 4 bits all the same: so what may be off needs a condition around it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loralint.catalog import REMOVED
from loralint.diagnostics import Edit
from loralint.facts import KeywordFact, LoadSite
from loralint.source import Place, Span

CLASS = "BitsAndBytesConfig"
OPTIONS = frozenset(
    """bnb_4bit_compute_dtype bnb_4bit_quant_type bnb_4bit_use_double_quant bnb_4bit_quant_storage
    llm_int8_threshold llm_int8_skip_modules llm_int8_enable_fp32_cpu_offload
    llm_int8_has_fp16_weight""".split()
)
"""What `BitsAndBytesConfig` takes beside them."""

_ALL = OPTIONS.union(REMOVED)
_DOES = re.compile(r"\(|:=|\bawait\b")
"""What must not be evaluated twice."""

_CALL = re.compile(r"[A-Za-z_][\w.]*(?:\([^()\n]*\)|\[[^\[\]\n]*\])?")
_LONGEST = 100


@dataclass(frozen=True)
class Change:
    """The edits (with the class under its own name), and the keywords that they take away."""

    edits: tuple[Edit, ...]
    words: tuple[str, ...]
    needs_class: bool


def change(site: LoadSite, keywords: Sequence[str]) -> Change | None:
    """The configuration in the place of a call's keywords; None where it has to be written by hand.

    `keywords` are all that reach the loader, also from a dict that is handed on.
    """
    written = {one.name: one for one in site.keywords if _is_moved(one.name)}
    if {name for name in keywords if _is_moved(name)} != written.keys():
        return None
    if not all(one.code for one in written.values()) or not written.keys() <= _ALL:
        return None
    return _Writing(site, written, "quantization_config" in keywords).change()


def _is_moved(name: str) -> bool:
    return name in REMOVED or name.startswith(("bnb_", "llm_int8_"))


@dataclass(frozen=True)
class _Writing:
    """One call; `has_config` tells that it is given a configuration already."""

    site: LoadSite
    written: dict[str, KeywordFact]
    has_config: bool

    def change(self) -> Change | None:
        if self._on and self._is_clear():
            return self._configured()
        is_plain = all(name in REMOVED for name in self.written)
        return self._change(()) if not self._on and is_plain else None

    @property
    def _on(self) -> list[KeywordFact]:
        """The removed keywords that are, or may be, on."""
        found = (self.written[name] for name in REMOVED if name in self.written)
        return [one for one in found if one.code not in ("False", "None")]

    def _is_clear(self) -> bool:
        """Whether there is one thing that the keywords can mean."""
        codes = [one.code for one in self._on]
        if self.has_config or codes.count("True") == 2:
            return False
        return len(codes) == 1 or not any(_DOES.search(code) for code in codes)

    def _configured(self) -> Change | None:
        anchor = min(self._on, key=lambda one: one.span)
        content = f"quantization_config={self._config(anchor)}{self._condition()}"
        return self._change((Edit(self._place(anchor.span), content),), anchor)

    def _change(self, edits: tuple[Edit, ...], anchor: KeywordFact | None = None) -> Change | None:
        rest = [one for one in self.written.values() if one is not anchor]
        gone = [one.removal for one in rest if one.removal is not None]
        apart = all(a.end <= b.start for a, b in itertools.pairwise(sorted(gone)))
        if len(gone) < len(rest) or not apart:
            return None
        removals = (Edit(self._place(span), "") for span in gone)
        return Change((*edits, *removals), tuple(self.written), bool(edits))

    def _place(self, span: Span) -> Place:
        return Place(self.site.path, span, self.site.cell)

    def _condition(self) -> str:
        codes = [one.code for one in self._on]
        if "True" in codes:
            return ""
        plain = " or ".join(code if _CALL.fullmatch(code) else f"({code})" for code in codes)
        return f" if {plain} else None"

    def _config(self, anchor: KeywordFact) -> str:
        """The call of the class: on rows of its own where the keyword has one, and it is long."""
        given = list(self._given())
        line = f"{CLASS}({', '.join(given)})"
        start = anchor.span.start.column
        alone = self.site.margins[0].endswith("\n" + " " * (start - 1))
        if (
            not alone
            or len(given) == 1
            or start + len(line) + len(self._condition()) <= _LONGEST - 20
        ):
            return line
        margin = " " * (start - 1)
        rows = "".join(f"{margin}    {each},\n" for each in given)
        return f"{CLASS}(\n{rows}{margin})"

    def _given(self) -> Iterator[str]:
        """What the class is given."""
        alone = len(self._on) == 1
        for one in self._on:
            yield f"{one.name}={'True' if alone else one.code}"
        for name, one in self.written.items():
            if name in OPTIONS:
                yield f"{name}={one.code}"
