"""`loralint.lock`: the commit of every Hub artifact that a project loads, as data and as TOML.

One `[[artifact]]` a repository and ref, one `[[adapter]]` an adapter with its base, one value a
line, sorted: two branches that lock different models merge without a conflict.

This module imports nothing of loralint: `loralint.revision()` reads the lock at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname
from typing import Literal

import msgspec

NAME = "loralint.lock"

LOCKED = "lock:"
"""How the origin of a revision begins that a lock file ought to give and does not."""

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
