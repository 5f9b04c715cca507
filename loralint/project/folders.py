"""Adapter folders, lock files, and which files are tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loralint.facts import (
    RECORDED,
    BesideFact,
    FileFacts,
    LockFacts,
    TensorFact,
)
from loralint.lockfile import Artifact
from loralint.project.loads import Use
from loralint.source import START, Place, Span


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter folder: what its adapter_config.json says, and what lies beside it.

    `keys` are the places of the keys of `config`. `tensors` are those of the safetensors header,
    None where there are no weights or they could not be read. `beside` has the files that matter
    by name, `card` the base models that README.md names, and `model` a config.json in the folder.
    `inside` tells that the recorded base is a folder of the project.
    """

    path: str
    config: Mapping[str, object]
    keys: Mapping[str, Span] = field(default_factory=dict)
    tensors: tuple[TensorFact, ...] | None = None
    beside: Mapping[str, BesideFact] = field(default_factory=dict)
    card: tuple[tuple[str, Span], ...] = ()
    model: Mapping[str, object] = field(default_factory=dict)
    inside: bool = False
    uses: tuple[Use, ...] = ()

    @property
    def folder(self) -> str:
        """The path of the folder, "" for the project's root."""
        return self.path.rpartition("/")[0]

    @property
    def base(self) -> str | None:
        """The base that is recorded, if one is."""
        found = self.config.get(RECORDED)
        return found if isinstance(found, str) and found else None

    @property
    def revision(self) -> str | None:
        """The base's revision that is recorded, if one is."""
        found = self.config.get("revision")
        return found if isinstance(found, str) and found else None

    def place(self, key: str) -> Place:
        """Where a finding about a key stands: on it, or at the top where it is missing."""
        return Place(self.path, self.keys.get(key, START))


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock file of the project, by path."""

    path: str
    facts: LockFacts

    def of(self, repo_id: str, repo_type: str) -> tuple[Artifact, ...]:
        """What it holds of a repository."""
        return self.facts.lock.of(repo_id, repo_type)

    def place(self, artifact: Artifact) -> Place:
        """Where an artifact stands in it."""
        position = self.facts.lock.artifacts.index(artifact)
        row = self.facts.rows[position] if position < len(self.facts.rows) else 1
        return Place(self.path, Span.of(row, 1, row, 1))


_TESTS = frozenset({"test", "tests", "testing"})


def is_test(path: str, facts: FileFacts | None) -> bool:
    """Whether a file is a test: many a script that tries a model is called test_… and is none."""
    if _TESTS & set(path.split("/")[:-1]):
        return True
    modules = facts.imports if facts is not None else ()
    return any(module.partition(".")[0] in ("pytest", "unittest") for module in modules)
