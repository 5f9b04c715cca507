"""Which rules a selector names (`LOR201`, `revision-mismatch`, `LOR2`, `ALL`), and which run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from loralint.config import Config, ConfigError
from loralint.diagnostics import Severity

EXACT = 100
"""The level of a code or a name: nothing is more specific."""


def level(selector: str, code: str, name: str) -> int:
    """How specifically a selector names a rule; 0 where it does not."""
    if selector in (code, name):
        return EXACT
    if selector == "ALL":
        return 1
    is_prefix = selector.startswith("LOR") and code.startswith(selector)
    return len(selector) if is_prefix else 0


def highest(selectors: Iterable[str], code: str, name: str) -> int:
    """The level of the most specific of several selectors."""
    return max((level(selector, code, name) for selector in selectors), default=0)


def covers(selector: str, code: str, name: str) -> bool:
    """Whether a selector names a rule at all."""
    return level(selector, code, name) > 0


# --- which rules run ------------------------------------------------------------------------------


class Named(Protocol):
    """Whatever has a code and a name: rules, and the codes of verification."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


class Selectable(Named, Protocol):
    """A rule, as far as settings decide whether it runs."""

    @property
    def default(self) -> bool: ...

    @property
    def turned_on(self) -> Callable[[Config], bool]: ...


_Rule = TypeVar("_Rule", bound=Selectable)


def enabled(config: Config, rules: Sequence[_Rule]) -> tuple[_Rule, ...]:
    """The rules that run."""
    _validate(config, rules)
    return tuple(rule for rule in rules if _runs(rule, config))


def _runs(rule: Selectable, config: Config) -> bool:
    """Whether a rule runs: the more specific selector wins, and of two equal ones the refusal."""
    chosen = highest((*(config.select or ()), *config.extend_select), rule.code, rule.name)
    refused = highest(config.ignore, rule.code, rule.name)
    if chosen or refused:
        return chosen > refused
    return config.select is None and (rule.default or config.strict or rule.turned_on(config))


def severity(config: Config, code: str, name: str) -> Severity | None:
    """The severity that the settings give to a rule; None where they leave it alone."""
    fitting = [key for key in config.severity if covers(key, code, name)]
    most_specific = max(fitting, key=lambda key: level(key, code, name), default=None)
    return None if most_specific is None else config.severity[most_specific]


def suggestion(selector: str, rules: Iterable[Named]) -> str:
    """The rule that was meant, as well as one can guess."""
    words = [word for rule in rules for word in (rule.name, rule.code)]
    for meant in (selector.strip(), selector.strip().upper()):
        close = get_close_matches(meant, words, n=5, cutoff=0.6)
        if close:
            return f"did you mean `{max(close, key=lambda word: _in_place(word, meant))}`?"
    return "`loralint rule --all` lists the rules"


def _in_place(word: str, other: str) -> int:
    """How many characters stand where they stand in the other: codes differ in a digit."""
    return sum(one == two for one, two in zip(word, other, strict=False))


def known(selector: str, rules: Iterable[Named]) -> bool:
    """Whether a selector names any rule."""
    return any(covers(selector, rule.code, rule.name) for rule in rules)


def _validate(config: Config, rules: Sequence[Named]) -> None:
    for field, selector in _selectors(config):
        if not known(selector, rules):
            message = f"unknown rule `{selector}`; {suggestion(selector, rules)}"
            raise ConfigError(message, field)


def _selectors(config: Config) -> Iterator[tuple[str, str]]:
    for field in ("select", "extend_select", "ignore", "severity"):
        yield from ((field, selector) for selector in getattr(config, field) or ())
    for selectors in config.per_file_ignores.values():
        yield from (("per_file_ignores", selector) for selector in selectors)
