"""`loralint.revision("org/model")`: the commit that the nearest lock file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import Known, Origin, OriginKind, Reason, Unknown
from loralint.lockfile import NAME, Lock, LockError, above
from loralint.values.nodes import Arguments, External, Node, Outcome, merge, options
from loralint.values.values import origin_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator
    from loralint.values.index import Index

CALL = "loralint.revision"


def locked(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """The commit, or an unknown that says which entry is missing; None for another `revision`."""
    if not (isinstance(outcome.callee, External) and outcome.callee.name == CALL):
        return None
    lock = lock_above(evaluator.index, outcome.path)
    repo_id = evaluator.argument(arguments, ("repo_id",), 0)
    ref = evaluator.argument(arguments, ("ref",))
    return merge(
        [
            _commit(lock, each, ref)
            for each in options(repo_id or Unknown(Reason.NOT_GIVEN, "no repo id"))
        ]
    )


def lock_above(index: Index, path: str) -> Lock | None:
    """The lock of the nearest folder, from that of a file upward."""
    facts = next((index.files[each] for each in above(path) if each in index.files), None)
    return facts.lock.lock if facts is not None and facts.lock is not None else None


def _commit(lock: Lock | None, repo_id: Node, ref: Node | None) -> Node:
    name, at = _text(repo_id), _text(ref)
    if name is None or (ref is not None and at is None):
        origin = origin_of(repo_id)
        asked = Origin(OriginKind.LOCK, parts=(origin,)) if origin is not None else None
        return Unknown(Reason.LOCK, origin=asked)
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
