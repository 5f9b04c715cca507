"""The adapters of a project, each with the base that it goes onto."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loralint.hub import Ask, Repo, is_commit, plain
from loralint.hub.wants import asked, repos_of
from loralint.lockfile import Adapter, Lock
from loralint.project import Load, Project
from loralint.rules.judgement.folders import hub_base
from loralint.rules.judgement.values import only

Base = tuple[str, str]
"""A repository's id and the ref that it is loaded at."""


def adapters_of(
    project: Project, lock: Lock, governs: Callable[[str], bool], ref_of: Callable[[Ask], str]
) -> tuple[Adapter, ...]:
    """The adapters in files that a lock holds for; `lock` has the commits of their bases.

    `ref_of` tells what a commit stood for: one that came from an older lock may have moved.
    """
    found = {
        Adapter(name=name, base=base, commit=_commit(lock, base, ref, ref_of))
        for path, name, (base, ref) in (*_loaded(project), *_recorded(project))
        if governs(path)
    }
    return tuple(sorted(found, key=lambda one: (one.name, one.base, one.commit)))


def _loaded(project: Project) -> Iterator[tuple[str, str, Base]]:
    for load in project.loads:
        name = only(load.site.repo_id) if load.site.artifact == "adapter" else None
        if isinstance(name, str) and name:
            for base in _bases(project, load):
                yield load.site.path, name, base


def _bases(project: Project, load: Load) -> Iterator[Base]:
    """The repositories that a load's adapter goes onto."""
    for base in project.inputs_of(load):
        repos, ref = repos_of(project, base), asked(base.site.revision)
        if len(repos) == 1 and ref is not None:
            yield repos[0].id, ref


def _recorded(project: Project) -> Iterator[tuple[str, str, Base]]:
    """The adapter folders of the project: what their adapter_config.json says."""
    for adapter in project.adapters:
        recorded = hub_base(adapter)
        if recorded is not None:
            yield adapter.path, adapter.folder or ".", (recorded[0], plain(recorded[1]))


def _commit(lock: Lock, base: str, ref: str, ref_of: Callable[[Ask], str]) -> str:
    held = lock.of(base)
    if any(one.commit == ref for one in held):
        return ref
    stood_for = ref_of(Ask(Repo(base), ref))
    found = (one.commit for one in held if one.ref and plain(one.ref) == stood_for)
    return next(found, ref if is_commit(ref) else "")
