"""TOML → lock."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from loralint.lockfile import VERSION, Adapter, Artifact, Lock, LockError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HASH = re.compile(r"git:[0-9a-f]{40}|sha256:[0-9a-f]{64}")


def parse(text: str) -> Lock:
    """Read a lock file's text; LockError says what is wrong with it and what to do."""
    document = _document(text)
    version = document.pop("version", None)
    if type(version) is not int:
        raise LockError("has no version: it is no lock file of loralint")
    if version > VERSION:
        raise LockError(
            f"has version {version}, and this loralint reads version {VERSION}: upgrade loralint"
        )
    if version < 1:
        raise LockError(f"has version {version}, which never was one")
    lock = Lock(
        tuple(_artifact(table) for table in _tables(document, "artifact")),
        tuple(_adapter(table) for table in _tables(document, "adapter")),
    )
    _no_others(document, "the lock file")
    return _checked(lock)


def _document(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE):
        raise LockError(
            "holds the marks of a merge conflict: keep one side and run `loralint lock`"
        )
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LockError(f"is not valid TOML: {error}") from None


def _tables(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    tables = document.pop(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LockError(f"`{name}` must be an array of tables: [[{name}]]")
    return tables


def _artifact(table: dict[str, Any]) -> Artifact:
    files = table.pop("files", {})
    repo_type = table.pop("type", "model")
    where = f"[[artifact]] {table.get('id', '')}".rstrip()
    if repo_type not in ("model", "dataset", "space"):
        raise LockError(f"{where}: `type` must be model, dataset or space")
    artifact = Artifact(
        id=_text(table, "id", where),
        commit=_commit(table, where),
        ref=_text(table, "ref", where, ""),
        kind=_text(table, "kind", where, "model"),
        type=repo_type,
        files=tuple(_files(files, where)),
    )
    _no_others(table, where)
    return artifact


def _adapter(table: dict[str, Any]) -> Adapter:
    where = f"[[adapter]] {table.get('name', '')}".rstrip()
    name, base = _text(table, "name", where), _text(table, "base", where)
    commit = _commit(table, where) if "commit" in table else ""
    _no_others(table, where)
    return Adapter(name=name, base=base, commit=commit)


def _text(table: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = table.pop(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise LockError(f"{where}: `{key}` must be text")
    return value


def _commit(table: dict[str, Any], where: str) -> str:
    commit = _text(table, "commit", where)
    if not _COMMIT.fullmatch(commit):
        raise LockError(f"{where}: `commit` must be 40 lower-case hex digits")
    return commit


def _files(files: Any, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(files, dict):
        raise LockError(f"{where}: `files` must be a table")
    for name, value in sorted(files.items()):
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise LockError(f"{where}: the hash of {name} must be git:<40 hex> or sha256:<64 hex>")
        yield name, value


def _no_others(table: dict[str, Any], where: str) -> None:
    if table:
        raise LockError(f"{where}: unknown key `{next(iter(table))}`")


def _checked(lock: Lock) -> Lock:
    seen: set[tuple[str, str, str]] = set()
    for one in lock.artifacts:
        if one.key in seen:
            raise LockError(f"{one.id} is there twice at {one.ref or one.commit}: keep one of them")
        seen.add(one.key)
    return lock
