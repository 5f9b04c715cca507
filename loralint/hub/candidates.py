"""Which loads of a project are to be pinned, and which cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loralint.catalog import loader_of
from loralint.config.selectors import covers
from loralint.facts import ABSENT, RECORDED, Default, Unknown, Value, leaves
from loralint.hub import MAIN, Ask, Repo, is_commit, plain
from loralint.hub.wants import Sources, is_elsewhere, repos_of, stands_for
from loralint.lockfile import NAME
from loralint.project import Load, Project
from loralint.refs import kind_of
from loralint.rules.judgement import wording
from loralint.rules.judgement.callers import is_named_by_callers
from loralint.rules.judgement.fixes import revision_changes
from loralint.rules.judgement.pinning import is_unpinned, judged_ids
from loralint.rules.judgement.values import by_default, only
from loralint.source import Place
from loralint.text import either


@dataclass(frozen=True, slots=True)
class Candidate:
    """A load that can be pinned to the commit that `ask` stands at.

    `current` is the commit that its code names now, "" where it names none.
    """

    load: Load
    ask: Ask
    current: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """A load that is not pinned, and why; `grave` where somebody has to do something about it."""

    load: Load
    reason: str
    grave: bool = False


@dataclass(frozen=True)
class Scope:
    """Which loads are looked at, and whether pins move: on, or to where the lock has them."""

    reports: Callable[[str], bool] = lambda path: True
    upgrade: bool = False
    from_lock: bool = False
    datasets: bool = False


def candidates(project: Project, sources: Sources, scope: Scope) -> Iterator[Candidate | Left]:
    """All loads of the Hub that are not at a commit, or whose commit is to move on."""
    for load in project.loads:
        if load.site.loader == RECORDED or not scope.reports(load.site.path):
            continue
        if load.site.artifact == "dataset" and not scope.datasets:
            continue
        repos = repos_of(project, load)
        found = (
            _candidate(project, load, repos, sources, scope) if repos else _foreign(project, load)
        )
        if found is not None:
            yield found


def _foreign(project: Project, load: Load) -> Left | None:
    """A load from another hub that is not pinned either."""
    unpinned = is_unpinned(load.site.revision) and not is_waived_by_hand(project, load, MAIN)
    if is_elsewhere(load) and judged_ids(project, load) and unpinned:
        return Left(load, "it comes from ModelScope, whose commits nobody here knows")
    return None


def _candidate(
    project: Project, load: Load, repos: tuple[Repo, ...], sources: Sources, scope: Scope
) -> Candidate | Left | None:
    options = leaves(load.site.revision)
    if _is_decided_elsewhere(load, options):
        return None
    if len(options) > 1:
        return Left(load, "it is loaded at more than one revision")
    ref = _ref(options[0])
    if is_commit(ref):
        back = _back_to_lock(project, load, repos, ref) if scope.from_lock else None
        return _upgrade(project, load, repos, sources) if scope.upgrade else back
    if _is_firm_enough(project, repos, ref) or is_waived_by_hand(project, load, ref):
        return None
    reason = why_not(project, load, repos)
    return Left(load, reason) if reason else Candidate(load, Ask(repos[0], ref))


def _is_decided_elsewhere(load: Load, options: tuple[Value, ...]) -> bool:
    """Whether somebody who runs the code decides, or nobody knows, or another argument does."""
    if load.site.artifact == "adapter" and load.option("adapter_kwargs.revision") != ABSENT:
        return True
    return any(isinstance(leaf, Unknown) for leaf in options)


def _ref(leaf: Value) -> str:
    return plain(getattr(leaf, "value", None))


def _is_firm_enough(project: Project, repos: tuple[Repo, ...], ref: str) -> bool:
    """Whether a policy is content with a tag or a branch."""
    is_ref = kind_of(ref) in ("branch-or-tag", "pull-request")
    return is_ref and all(project.config.policy(repo.id) == "ref" for repo in repos)


def _upgrade(
    project: Project, load: Load, repos: tuple[Repo, ...], sources: Sources
) -> Candidate | Left | None:
    commit = str(only(load.site.revision))
    if commit not in sources.commits:
        return None  # it comes from the lock, which `lock --upgrade` moves
    if len(repos) > 1:
        return None
    ref = stands_for(project, sources, load, Ask(repos[0], commit))
    return Candidate(load, Ask(repos[0], ref), commit) if ref else Left(load, _unnoted(commit))


def _unnoted(commit: str) -> str:
    where = f"`# main, <date>` behind it, or the `ref` of its entry in {NAME}"
    return f"what {commit[:12]} stood for is not noted: {where}"


def _back_to_lock(
    project: Project, load: Load, repos: tuple[Repo, ...], commit: str
) -> Candidate | None:
    """A load at a commit that is not the lock's, where the lock has one."""
    held = project.locked_for(load.site.path)
    locked = held.of(repos[0].id, repos[0].type) if held is not None else ()
    if len(repos) > 1 or not locked or any(one.commit == commit for one in locked):
        return None
    return Candidate(load, Ask(repos[0]), commit)


def why_not(project: Project, load: Load, repos: tuple[Repo, ...]) -> str:
    """Why a commit must not be written into a load; "" where it may be."""
    if len(repos) > 1:
        return f"it loads {either(repo.id for repo in repos)}: no commit fits them all"
    if not load.site.revision_key:
        return "its loader takes no revision"
    return _why_no_argument(project, load) if load.site.revision == ABSENT else ""


def _why_no_argument(project: Project, load: Load) -> str:
    """Why a call must not get a revision that it does not have yet."""
    if by_default(load.site.repo_id):
        option = wording.outside(_default(load.site.repo_id))
        return f"{option} may name another repository: let an option give the revision too"
    if is_named_by_callers(project, load):
        return f"{load.site.function}() is told what to load: tell it the revision too"
    holder = _revision_holder(project, load)
    return f"its revision belongs into {holder}" if holder else ""


def _default(value: Value) -> Value:
    return next(leaf for leaf in leaves(value) if isinstance(leaf, Default))


def _revision_holder(project: Project, load: Load) -> str:
    """The argument that takes the revision in the call's place, and that has to be written."""
    key, name = load.site.revision_key, load.site.loader
    if key.behind_id:
        return "its id, behind an @"
    if key.inside:
        return "" if revision_changes(project, load, MAIN) else key.inside
    loader = loader_of(name) if "." in name else None
    is_method = loader is not None and loader.receiver
    return "adapter_kwargs" if is_method and name.startswith("transformers.") else ""


_RULES = {
    "absent": ("LOR101", "missing-revision"),
    "default-branch": ("LOR102", "default-branch-revision"),
    "branch-or-tag": ("LOR103", "mutable-revision"),
    "pull-request": ("LOR103", "mutable-revision"),
    "abbreviated": ("LOR104", "abbreviated-commit"),
}
"""What would be found of a load that is left as it is, by how it is pinned."""

_ABSENT = {
    "adapter": ("LOR106", "unpinned-adapter"),
    "dataset": ("LOR112", "unpinned-dataset"),
}


def is_waived_by_hand(project: Project, load: Load, ref: str) -> bool:
    """Whether the finding that a pin would settle is silenced on purpose."""
    rule = _rule(load, ref)
    return rule is not None and is_silenced(project, load.place, *rule)


def is_silenced(project: Project, place: Place, code: str, name: str) -> bool:
    """Whether a comment on a call, or the settings for its file, silence a rule."""
    return any(covers(each, code, name) for each in _selectors(project, place))


def _rule(load: Load, ref: str) -> tuple[str, str] | None:
    if load.site.revision == ABSENT:
        return _ABSENT.get(load.site.artifact, _RULES["absent"])
    return _RULES.get(kind_of(ref))


def _selectors(project: Project, place: Place) -> Iterator[str]:
    """What the comments on a call and the settings for its file silence."""
    yield from project.config.ignored_in(place.path)
    row, cell = place.span.start.row, place.cell
    for one in project.files[place.path].suppressions:
        on_it = one.cell == cell and one.first_row <= row <= one.last_row
        if one.whole_file or on_it:
            yield from one.selectors
