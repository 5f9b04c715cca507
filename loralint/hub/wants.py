"""What a project asks of the Hub: each load's repositories, and the ref that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loralint.catalog import loader_of
from loralint.facts import Absent, Default, Known, Reason, Unknown, Value
from loralint.hub import MAIN, Ask, Repo, plain
from loralint.lockfile import RepoType
from loralint.project import Load, Project
from loralint.rules.judgement.pinning import adapter_revision, full_id, judged_ids
from loralint.rules.judgement.values import is_none_by_default, leaves, only


@dataclass(frozen=True, slots=True)
class Want:
    """One load's wish for one repository: the ref that it asks for.

    `from_lock` tells that the code leaves the commit to the lock file, which lacks it.
    """

    load: Load
    ask: Ask
    from_lock: bool = False


def repos_of(project: Project, load: Load) -> tuple[Repo, ...]:
    """The repositories on the Hub of Hugging Face that a load names; those of a choice, all."""
    if is_elsewhere(load):
        return ()
    kind: RepoType = "dataset" if load.site.artifact == "dataset" else "model"
    return tuple(Repo(full_id(load, name), kind) for name in judged_ids(project, load))


def wants(project: Project) -> Iterator[Want]:
    """All that the project loads by default, in source order."""
    for load in project.loads:
        for repo in repos_of(project, load):
            for leaf in leaves(adapter_revision(load)):
                ref = asked(leaf)
                if ref is not None:
                    yield Want(load, Ask(repo, ref), is_from_lock(leaf))


def asked(leaf: Value) -> str | None:
    """The commit or ref that one revision asks for unless somebody says otherwise, or None."""
    if isinstance(leaf, Absent) or is_none_by_default(leaf):
        return MAIN
    if isinstance(leaf, (Known, Default)):
        return plain(leaf.value)
    if is_from_lock(leaf) and isinstance(leaf, Unknown) and leaf.origin is not None:
        return plain(leaf.origin.last)
    return None


def is_from_lock(leaf: Value) -> bool:
    """Whether a revision is `loralint.revision(…)` of something that is not locked."""
    return isinstance(leaf, Unknown) and leaf.reason is Reason.NOT_LOCKED


def is_elsewhere(load: Load) -> bool:
    """Whether a load goes to another hub (ModelScope), whose commits nobody here can know."""
    if only(load.option("hub")) == "modelscope":
        return True
    name, text = load.site.loader, load.site.text
    if name.partition(" ")[0] == "swift":  # the command line; `swift.…` is a call
        return _USE_HF.search(text) is None
    known = loader_of(name)
    return known is not None and known.hub != "huggingface"


_USE_HF = re.compile(r"\b(--use_hf|USE_HF)[ =](1|true)\b", re.IGNORECASE)
