"""Requirement files → the list of what they ask for: lists for pip, and setup.cfg.

A line that includes another list (`-r base.txt`, `-c constraints.txt`) is kept as `-r base.txt`.
"""

from __future__ import annotations

import configparser
import re

from loralint.facts import FileFacts, Known, Sequence
from loralint.source import Source

MAX_LINES = 5_000
"""No list of requirements is longer."""

_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDED = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(?P<path>[^\s-].*)")


def extract(source: Source) -> FileFacts:
    """Read one file; lines that are no requirements are left out, nothing is an error."""
    text = source.content.decode("utf-8-sig", errors="replace")
    lines = _of_cfg(text) if source.path.endswith(".cfg") else text.split("\n")
    plain = (_COMMENT.sub("", line).strip() for line in lines[:MAX_LINES])
    found = (_plain(line) for line in plain)
    return FileFacts(path=source.path, data=Sequence(tuple(Known(line) for line in found if line)))


def _plain(line: str) -> str:
    """A requirement, or what a line includes; "" for the other options of pip."""
    included = _INCLUDED.fullmatch(line)
    if included is not None:
        return f"-r {included['path'].strip()}"
    return "" if line.startswith("-") else line


def _of_cfg(text: str) -> list[str]:
    """The lines of `install_requires` and of every extra."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return []
    values = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        values += [value for _, value in parser.items("options.extras_require")]
    return [line for value in values for line in value.split("\n")]
