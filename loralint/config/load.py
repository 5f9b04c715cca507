"""Settings from where people write them: pyproject.toml, loralint.toml and flags.

Later wins: the defaults, the file, the flags.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loralint.config import Config, ConfigError
from loralint.config.keys import read

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
        return path.read_bytes()
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
