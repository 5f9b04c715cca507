"""Foreign text in Markdown: names, messages and code that must stay text.

A pull request's author chooses the file names and the code, and the comment is written by a
bot that others trust. So no HTML, no links, no images, no mentions, no references to issues.
"""

from __future__ import annotations

import re

from loralint.report.visible import visible

# Marks that need a line's start (lists, headings) do not matter: no foreign text stands there.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>!|~&$^#]|:(?=[/\w])|(?<=www)\.)")
# GitHub and GitLab look for these in the finished HTML, where a backslash has gone.
_REFERENCE = re.compile(r"([@#!~%$&]|\bGH-)(?=\w)")
_CODE = re.compile(r"`([^`]+)`")
_ZERO_WIDTH_SPACE = "\u200b"


def prose(text: str) -> str:
    """Return a message: its code spans as code spans, everything else as plain text."""
    parts = _CODE.split(visible(text))
    return "".join(code(part) if odd % 2 else _plain(part) for odd, part in enumerate(parts))


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _REFERENCE.sub(rf"\1{_ZERO_WIDTH_SPACE}", text))


def code(text: str) -> str:
    """Return a code span, with a delimiter that the text does not contain."""
    text = visible(text)
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text[:1] + text[-1:] or not text.strip() else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(lines: list[str], language: str = "") -> list[str]:
    """Return the lines of a code block, with a fence that the code does not contain."""
    shown = [visible(line.rstrip("\r\n").expandtabs(4)) for line in lines]
    ticks = "`" * max(_longest_run("\n".join(shown)) + 1, 3)
    return [ticks + language, *shown, ticks]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
