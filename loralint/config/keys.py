"""The keys of a settings file: what each may hold, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, TypeAlias, get_args

from loralint.config import (
    BUILT_IN_POLICIES,
    ConfigError,
    FailOn,
    PairSetting,
    Policy,
    SideStage,
)
from loralint.diagnostics import SEVERITIES

Reader: TypeAlias = Callable[[str, Any], Any]
"""Takes the key's path and the value, returns what the field of `Config` holds."""


class _Wrong(Exception):
    """A value that cannot be used; the message says where, and what was expected."""

    def __init__(self, key: str, expected: str, value: object) -> None:
        text = repr(value)
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        super().__init__(f"`{key}` must be {expected}, not {shown}")


def read(section: object, file: str) -> dict[str, Any]:
    """The fields of `Config` that a file sets; ConfigError names the file and the key."""
    try:
        return _table(section, "tool.loralint", KEYS)
    except _Wrong as wrong:
        raise ConfigError(f"{file}: {wrong}") from None
    except KeyError as unknown:
        raise ConfigError(f"{file}: {unknown.args[0]}") from None


def suggestion(word: str, known: Iterable[str]) -> str:
    """What to say after "unknown X": the nearest known one, or all of them."""
    names = list(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known: {', '.join(names)}"


def _table(value: Any, where: str, keys: dict[str, tuple[str, Reader]]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(where, "a table", value)
    fields = {}
    for key, item in value.items():
        if key not in keys:
            raise KeyError(f"unknown key `{key}`; {suggestion(key, keys)}")
        name, reader = keys[key]
        fields[name] = reader(key, item)
    return fields


def _string(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong(key, "a string", value)
    return value


def _strings(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Wrong(key, "a list of strings", value)
    return tuple(value)


def _one_of(*choices: str) -> Reader:
    def reader(key: str, value: Any) -> str:
        if value not in choices:
            expected = "one of " + ", ".join(f'"{choice}"' for choice in choices)
            raise _Wrong(key, expected, value)
        return str(value)

    return reader


def _mapping(inner: Reader) -> Reader:
    def reader(key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Wrong(key, "a table", value)
        return {name: inner(f'{key}."{name}"', item) for name, item in value.items()}

    return reader


def _policies(key: str, value: Any) -> tuple[tuple[str, str], ...]:
    given = _mapping(_one_of(*get_args(Policy)))(key, value)
    return (*BUILT_IN_POLICIES, *given.items())


def _stages(key: str, value: Any) -> tuple[tuple[str, str], ...]:
    return tuple(_mapping(_one_of(*get_args(SideStage)))(key, value).items())


def _pairs(key: str, value: Any) -> tuple[PairSetting, ...]:
    if not isinstance(value, list):
        raise _Wrong(key, "an array of tables: [[tool.loralint.pair]]", value)
    return tuple(_pair(f"{key}[{index}]", item) for index, item in enumerate(value))


def _pair(key: str, value: Any) -> PairSetting:
    fields = _table(value, key, PAIR_KEYS)
    missing = [f"`{name}`" for name in ("train", "infer") if name not in fields]
    if missing:
        raise _Wrong(key, f"a table with {' and '.join(missing)}", value)
    return PairSetting(**fields)


PAIR_KEYS: dict[str, tuple[str, Reader]] = {
    "train": ("train", _string),
    "infer": ("infer", _string),
    "adapter": ("adapter", _string),
}

KEYS: dict[str, tuple[str, Reader]] = {
    "select": ("select", _strings),
    "extend-select": ("extend_select", _strings),
    "ignore": ("ignore", _strings),
    "per-file-ignores": ("per_file_ignores", _mapping(_strings)),
    "exclude": ("exclude", _strings),
    "extend-exclude": ("extend_exclude", _strings),
    "policies": ("policies", _policies),
    "stages": ("stages", _stages),
    "pair": ("pairs", _pairs),
    "severity": ("severity", _mapping(_one_of(*SEVERITIES))),
    "fail-on": ("fail_on", _one_of(*get_args(FailOn))),
    "baseline": ("baseline", _string),
    "hub-endpoint": ("hub_endpoint", _string),
}
"""Each key of a settings file: the field of `Config` that it sets, and its reader."""
