"""`pip install transformers==4.40` → the packages that a command installs, as it asks for them."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import InstallFact
from loralint.read.words import Command, Word

_INSTALLERS = frozenset({"pip", "pip3", "conda", "mamba", "micromamba", "uv", "poetry", "pipenv"})
_INSTALL = frozenset({"install", "add"})
_WITH_VALUE = frozenset(
    """-r --requirement -c --constraint -e --editable -i --index-url --extra-index-url -f
    --find-links -t --target --prefix --root --python -p -n --name --channel --platform
    --python-version --group --extra""".split()
)
"""Options that take the next word."""


def installs(command: Command) -> Iterator[InstallFact]:
    """The packages that a command installs, as they are asked for."""
    words = command.words
    start = next((i + 1 for i, word in enumerate(words) if _begins(words, i, word.text)), None)
    skipped = False
    for word in words[start:] if start is not None else ():
        text = word.text
        if skipped or text.startswith("-"):
            skipped = not skipped and text in _WITH_VALUE
        elif text[:1].isalpha():
            yield InstallFact(text, word.span)


def _begins(words: tuple[Word, ...], index: int, text: str) -> bool:
    """Whether a word is the `install` of an installer that stands before it."""
    before = (word.text.rpartition("/")[2] for word in words[:index])
    return text in _INSTALL and any(_is_installer(name) for name in before)


def _is_installer(name: str) -> bool:
    return name in _INSTALLERS or name.startswith("pip3.")
