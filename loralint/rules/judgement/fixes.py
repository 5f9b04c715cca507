"""Fixes that give a call one more keyword argument."""

from __future__ import annotations

from loralint.diagnostics import Applicability, Edit, Fix
from loralint.facts import LoadSite
from loralint.project import Action, Load
from loralint.source import Place


def shown(message: str) -> Fix:
    """A fix in words only."""
    return Fix("display", message)


def add_argument(
    target: Load | Action, argument: str, applicability: Applicability, message: str
) -> Fix:
    """Insert `argument` as the call's last one; in words only where it has no place for it."""
    at = _insertion(target)
    if at is None:
        return shown(message)
    content = _keyword(target, argument) if _is_call(target) else _line(target, argument, at)
    return Fix(applicability, message, (Edit(at, content),)) if content else shown(message)


def _is_call(target: Load | Action) -> bool:
    return not isinstance(target, Load) or target.site.path.endswith((".py", ".pyw", ".ipynb"))


def _keyword(target: Load | Action, argument: str) -> str:
    """The argument, under the call's own name for a revision; nothing where it has none."""
    name, _, given = argument.partition("=")
    if isinstance(target, Load) and name == "revision":
        name = target.site.revision_key
    return f", {name}={given}" if name.isidentifier() else ""


def _line(target: Load | Action, argument: str, at: Place) -> str:
    """A line of a recipe that gives the revision, to stand above the line of the model."""
    keyword, _, given = argument.partition("=")
    if keyword != "revision" or not isinstance(target, Load):
        return ""
    return f"{target.site.revision_key}: {given}\n{' ' * (at.span.start.column - 1)}"


def _insertion(target: Load | Action) -> Place | None:
    """Where to insert: right behind the last argument, or where a recipe's key begins."""
    if isinstance(target, Load):
        # An instance stands on the call of the function that holds the site: editing the site
        # would change what the other callers load.
        if target.via is not None:
            return None
        where: LoadSite | Action = target.site
    else:
        where = target
    if where.insert_at is None:
        return None
    return Place(where.path, where.insert_at, where.cell)
