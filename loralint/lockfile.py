"""`loralint.lock`: the commit of every Hub artifact that a project loads, as data and as TOML.

One `[[artifact]]` a repository and ref, one `[[adapter]]` an adapter with its base, one value a
line, sorted: two branches that lock different models merge without a conflict.

This module imports nothing of loralint: `loralint.revision()` reads the lock at run time.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from posixpath import dirname
from typing import Any, Literal

import msgspec

from loralint.reading import TooLarge, read
from loralint.stamps import Stamp

# Paths are strings here: this runs in other people's programs, and starts fast.
# ruff: noqa: PTH100, PTH109, PTH113, PTH118, PTH120

NAME = "loralint.lock"

VERSION = 1

RepoType = Literal["model", "dataset", "space"]


class LockError(ValueError):
    """A lock file, or a question to it, that cannot be answered; says what to do."""


class Artifact(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A repository of the Hub at one commit.

    `ref` is the branch, tag or pull request that the commit stood for, "" where the code names
    only the commit. `kind` is what the project loads it as. `files` maps names to
    `git:<40 hex>` (the blob's id, for what git itself holds) or `sha256:<64 hex>` (for large
    files); what is not listed is not known.
    """

    id: str
    commit: str
    ref: str = ""
    kind: str = "model"
    type: RepoType = "model"
    files: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What an entry is about; of one key there is one commit, but for those without ref."""
        return self.type, self.id, self.ref or self.commit


class Adapter(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An adapter, by its folder or Hub id, with the base that it goes onto and its commit."""

    name: str
    base: str
    commit: str = ""


class Lock(msgspec.Struct, frozen=True, gc=False):
    """All that a lock file says."""

    artifacts: tuple[Artifact, ...] = ()
    adapters: tuple[Adapter, ...] = ()

    def of(self, repo_id: str, repo_type: str = "model") -> tuple[Artifact, ...]:
        """What is locked of a repository: nothing, or one entry a ref."""
        wanted = (repo_type, repo_id)
        return tuple(one for one in self.artifacts if (one.type, one.id) == wanted)

    def commit(self, repo_id: str, ref: str | None = None) -> str:
        """The commit of a model's repository; LockError where there is none, or no certain one."""
        found = self.of(repo_id)
        fitting = [one for one in found if ref is None or ref in (one.ref, one.commit)]
        if len(fitting) > 1:
            fitting = [one for one in fitting if one.ref == "main"] or fitting
        if len(fitting) == 1:
            return fitting[0].commit
        raise LockError(_missing(repo_id, ref, found))


def above(path: str) -> Iterator[str]:
    """Where the lock file of a file may lie, the nearest first; POSIX paths from the root."""
    folder = dirname(path)
    while folder:
        yield f"{folder}/{NAME}"
        folder = dirname(folder)
    yield NAME


def _missing(repo_id: str, ref: str | None, found: tuple[Artifact, ...]) -> str:
    if not found:
        return f"{repo_id!r} is not in it: run `loralint lock`"
    refs = ", ".join(repr(one.ref or one.commit) for one in found)
    if ref is None:
        return f"{repo_id!r} is locked more than once, say which with ref=: {refs}"
    return f"{repo_id!r} is not locked at {ref!r}, only at {refs}: run `loralint lock`"


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


HEADER = """\
# The commit of every Hub artifact that this project loads. Written by `loralint lock`:
# change the code and run it again instead of editing this file.
"""


def serialise(lock: Lock) -> str:
    """The text of a lock file: the same for the same content, whatever its order."""
    parts = [f"{HEADER}version = {VERSION}\n"]
    for artifact in sorted(lock.artifacts, key=lambda one: one.key):
        parts.append("".join(_artifact_lines(artifact)))
    for adapter in sorted(lock.adapters, key=lambda one: (one.name, one.base, one.commit)):
        parts.append("".join(_adapter_lines(adapter)))
    return "\n".join(parts)


def _artifact_lines(one: Artifact) -> Iterator[str]:
    yield "[[artifact]]\n"
    yield _line("id", one.id)
    if one.type != "model":
        yield _line("type", one.type)
    yield _line("commit", one.commit)
    if one.ref:
        yield _line("ref", one.ref)
    yield _line("kind", one.kind)
    if one.files:
        yield "\n[artifact.files]\n"
        yield from (f"{_quoted(name)} = {_quoted(value)}\n" for name, value in sorted(one.files))


def _adapter_lines(one: Adapter) -> Iterator[str]:
    yield "[[adapter]]\n"
    yield _line("name", one.name)
    yield _line("base", one.base)
    if one.commit:
        yield _line("commit", one.commit)


def _line(key: str, value: str) -> str:
    return f"{key} = {_quoted(value)}\n"


def _quoted(text: str) -> str:
    """A basic string of TOML, which is one of JSON as long as DEL is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_kept: dict[str, tuple[Stamp, Lock]] = {}


def locked_commit(repo_id: str, ref: str | None, caller: str | None) -> str:
    """The commit that the nearest lock file holds; LockError names the file and what to do.

    The search goes up from the folder of the calling file, then from the working directory.
    """
    path = _nearest(caller)
    if path is None:
        raise LockError(
            f"there is no {NAME} in or above {_start(caller)}: run `loralint lock` in the project"
        )
    try:
        return _read(path).commit(repo_id, ref)
    except LockError as error:
        raise LockError(f"{path}: {error}") from None


def _start(caller: str | None) -> str:
    return os.path.dirname(os.path.abspath(caller)) if caller else os.getcwd()


def _nearest(caller: str | None) -> str | None:
    for start in dict.fromkeys((_start(caller), os.getcwd())):
        for folder in _upward(start):
            path = os.path.join(folder, NAME)
            if os.path.isfile(path):
                return path
    return None


def _upward(folder: str) -> Iterator[str]:
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _read(path: str) -> Lock:
    """The lock, parsed once for as long as the file stays the same."""
    try:
        content = read(path)
        if isinstance(content, TooLarge):
            raise LockError(f"cannot be read: {content.reason}")
        if path not in _kept or _kept[path][0] != content.stamp:
            _kept[path] = content.stamp, parse(content.text.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"cannot be read: {error}") from None
    return _kept[path][1]
