"""Settings from where people write them: pyproject.toml, loralint.toml and flags.

Later wins: the defaults, the file, the flags.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias, get_args

from loralint.config import (
    BUILT_IN_POLICIES,
    Config,
    ConfigError,
    FailOn,
    PairSetting,
    Policy,
    SideStage,
)
from loralint.diagnostics import SEVERITIES
from loralint.reading import read_whole

OWN_FILE = "loralint.toml"
SHARED_FILE = "pyproject.toml"


@dataclass(frozen=True)
class Settings:
    """A configuration, the project's root, and who set what.

    `origins` maps a field of `Config` to the file or flag that set it; a field that is not there
    has its default. `marked` tells that the root was found by a marker and not merely given.
    """

    config: Config
    root: Path
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    marked: bool = False


def load(
    start: Path,
    *,
    file: Path | None = None,
    isolated: bool = False,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings that hold for a checked folder: nearest file, or the one that was named."""
    root, nearest, marked = _locate(start)
    chosen = file or (None if isolated else nearest)
    base = Settings(Config(), root, None, {}, marked)
    settings = base if chosen is None else _with_file(base, chosen)
    return _with_flags(settings, flags or {})


def _locate(start: Path) -> tuple[Path, Path | None, bool]:
    """The project's root and its settings file: the nearest folder that has a marker.

    The search ends at a repository's root, so that nothing outside it decides what is checked.
    """
    for folder in (start, *start.parents):
        found = _settings_file(folder)
        if found is not None or (folder / ".git").exists():
            return folder, found, True
    return start, None, False


def _settings_file(folder: Path) -> Path | None:
    own, shared = folder / OWN_FILE, folder / SHARED_FILE
    if own.is_file():
        return own
    # Most pyproject.toml files never mention loralint: those need no parser.
    if shared.is_file() and b"loralint" in _bytes(shared) and _section(shared) is not None:
        return shared
    return None


def _bytes(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _section(path: Path) -> object:
    """The settings in a file: the whole of loralint.toml, `[tool.loralint]` of another."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document = tomllib.loads(_bytes(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply") from error
    tool = document.get("tool")
    nested = tool.get("loralint") if isinstance(tool, dict) else None
    if path.name == SHARED_FILE or nested is not None:
        return nested
    return document


def _with_file(base: Settings, path: Path) -> Settings:
    section = _section(path)
    values = read({} if section is None else section, str(path))
    if "baseline" in values:
        values["baseline"] = str(path.absolute().parent / values["baseline"])
    origins = dict.fromkeys(values, str(path))
    return replace(base, config=replace(base.config, **values), file=path, origins=origins)


def _with_flags(settings: Settings, flags: Mapping[str, Any]) -> Settings:
    """Flags over the file: `--select` starts anew, `--extend-select` and `--ignore` add."""
    given = {name: value for name, value in flags.items() if value not in (None, (), False)}
    config = settings.config
    if "select" in given:
        config = replace(config, extend_select=(), ignore=())
    extended = given.get("extend_select", ())
    if extended:
        config = replace(config, ignore=tuple(s for s in config.ignore if s not in extended))
    for name in ("extend_select", "ignore"):
        if name in given:
            given[name] = (*getattr(config, name), *given[name])
    origins = {**settings.origins, **{name: _flag(name) for name in given}}
    return replace(settings, config=replace(config, **given), origins=origins)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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
