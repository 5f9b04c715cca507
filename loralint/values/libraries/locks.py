"""`loralint.revision("org/model")`: the commit that the nearest lock file holds."""

from __future__ import annotations

from loralint.facts import Known, Origin, OriginKind, Reason, Unknown
from loralint.lockfile import NAME, Lock, LockError, above
from loralint.values.evaluation import Evaluation
from loralint.values.index import Index
from loralint.values.nodes import Arguments, CallResult, Node, merge, options
from loralint.values.values import origin_of


class Locks:
    """The lock files of a project."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def locked(self, result: CallResult, arguments: Arguments) -> Node | None:
        """The commit, or an unknown that says which entry is missing."""
        lock = lock_above(self.evaluation.index, result.path)
        repo_id = self.evaluation.argument(arguments, ("repo_id",), 0)
        ref = self.evaluation.argument(arguments, ("ref",))
        ids = options(repo_id or Unknown(Reason.NOT_GIVEN, "no repo id"))
        return merge(_commit(lock, each, ref) for each in ids)


def lock_above(index: Index, path: str) -> Lock | None:
    """The lock of the nearest folder, from that of a file upward."""
    facts = next((index.files[each] for each in above(path) if each in index.files), None)
    return facts.lock.lock if facts is not None and facts.lock is not None else None


def _commit(lock: Lock | None, repo_id: Node, ref: Node | None) -> Node:
    name, at = _text(repo_id), _text(ref)
    if name is None or (ref is not None and at is None):
        decides = origin_of(repo_id)
        held = Origin(OriginKind.LOCK, parts=(decides,)) if decides is not None else None
        return Unknown(Reason.LOCK, origin=held)
    asked = Origin(OriginKind.LOCK, name=(name, at or ""))
    if lock is None:
        return Unknown(Reason.NOT_LOCKED, f"there is no {NAME} that can be read", asked)
    try:
        return Known(lock.commit(name, at))
    except LockError as error:
        return Unknown(Reason.NOT_LOCKED, f"{NAME}: {error}", asked)


def _text(node: Node | None) -> str | None:
    value = getattr(node, "value", None)
    return value if isinstance(value, str) else None
