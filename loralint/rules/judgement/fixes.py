"""Fixes that make a call, a recipe or a command ask for something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from loralint.diagnostics import Applicability, Edit, Fix
from loralint.facts import ABSENT, Known, LoadSite, RevisionKey
from loralint.project import Action, Load, Project
from loralint.rules.judgement.pinning import is_local
from loralint.rules.judgement.values import leaves, same
from loralint.source import Place, Span

_PLAIN = re.compile(r"[\w./+@-]+")
"""A revision that needs no quotes in a shell and no escapes in quotes."""

_FORWARDED = r"\b{}\s*=\s*([A-Za-z_][\w.]*)\s*[,)]"


def shown(message: str) -> Fix:
    """A fix in words only."""
    return Fix("display", message)


def made(applicability: Applicability, message: str, edits: tuple[Edit, ...], *changes: str) -> Fix:
    """A fix by edits; in words only where there are none."""
    return Fix(applicability, message, edits, changes) if edits else shown(message)


def add_argument(
    target: Load | Action, keyword: str, value: str, applicability: Applicability, message: str
) -> Fix:
    """Pass `keyword=value` (an expression) last; in words only where there is no place for it."""
    return made(applicability, message, insertion(target, f"{keyword}={value}"), keyword)


def give_revision(
    project: Project, load: Load, text: str, applicability: Applicability, message: str
) -> Fix:
    """Make a load ask for a revision; in words only where the code has no place for that."""
    edits = revision_edits(project, load, text)
    return made(applicability, message, edits, *revision_names(load.site))


def revision_names(site: LoadSite) -> tuple[str, ...]:
    """The keywords, keys and flags that change where a site gets a revision.

    What is inside a flag's value is one flag to the facts, inside an argument two keywords.
    """
    key = site.revision_key
    if key.inside and not key.inside.startswith("--"):
        return key.inside, key.name, "revision"
    return (key.inside or key.name).lstrip("-").replace("-", "_"), "revision"


def revision_edits(project: Project, load: Load, text: str) -> tuple[Edit, ...]:
    """The edits that make a load ask for the revision `text`; none where that cannot be done.

    A revision that is given is changed where its literal stands: in the call, at a constant, at
    an option's default. Where loads of other repositories take theirs from the same literal,
    nothing is changed.
    """
    if not load.site.revision_key or not _PLAIN.fullmatch(text):
        return ()
    if _is_inside_another(load.site):
        return _inside_another(project, load, text)
    if load.site.revision == ABSENT:
        alone = _alone(load, _sharing(project, load))
        given = _given(load.site, text) if alone else ""
        return insertion(load, given) if given else ()
    places = _written(project, load)
    if not all(_alone(load, project.takers[place]) for place in places):
        return ()
    is_none = isinstance(load.site.revision, Known) and load.site.revision.value is None
    return tuple(Edit(place, json.dumps(text) if is_none else text) for place in places)


def _is_inside_another(site: LoadSite) -> bool:
    """Whether the revision lies in another argument (`model_kwargs revision`), not in a flag."""
    return site.revision_key.inside != "" and not site.revision_key.inside.startswith("--")


def _inside_another(project: Project, load: Load, text: str) -> tuple[Edit, ...]:
    """`model_kwargs={"revision": …}`, in a call that certainly has no `model_kwargs` yet."""
    site = load.site
    holder, name = site.revision_key.inside, site.revision_key.name
    certainly_none = holder.isidentifier() and not _may_give(project, site, holder)
    if site.revision != ABSENT or not certainly_none:
        return ()
    return insertion(load, f'{holder}={{"{name}": "{text}"}}')


def _may_give(project: Project, site: LoadSite, name: str) -> bool:
    """Whether a call has an argument, or may have it among those that it unpacks."""
    calls = project.files[site.path].calls
    here = (call for call in calls if (call.span, call.cell) == (site.span, site.cell))
    return any(given.stars or given.name == name for call in here for given in call.arguments)


def _alone(load: Load, takers: Iterable[Load]) -> bool:
    """Whether no other repository of the Hub gets the same revision."""
    return all(same(load.site.repo_id, one.site.repo_id) or is_local(one) for one in takers)


def _sharing(project: Project, load: Load) -> list[Load]:
    """The loads that the same key of a recipe, or flag, gives a revision."""
    site = load.site
    if site.path.endswith((".py", ".pyw", ".ipynb")):
        return []
    return [
        one
        for one in project.loads_in(site.path)
        if (one.site.function, one.site.revision_key) == (site.function, site.revision_key)
    ]


def written_at(project: Project, load: Load) -> Place | None:
    """Where the literal stands that a load takes its revision from, without its quotes.

    Of several that say the same (the flags of two commands), the first.
    """
    return next(iter(_written(project, load)), None)


def _written(project: Project, load: Load) -> tuple[Place, ...]:
    """Where all the literals stand that a load takes its one revision from."""
    options = leaves(load.site.revision)
    if len(options) != 1:
        return ()
    return project.written.all_of(options[0], load.given_revision)


def forwarded(load: Load, other: Load) -> str:
    """The expression that another load of the same function takes its revision from, or ""."""
    one, two = load.site, other.site
    if (one.path, one.function, one.cell) != (two.path, two.function, two.cell):
        return ""
    if two.span.start > one.span.start or two.revision_key != RevisionKey():
        return ""
    found = re.search(_FORWARDED.format("revision"), two.text)
    return found[1] if found is not None else ""


def insertion(target: Load | Action, argument: str) -> tuple[Edit, ...]:
    """One more argument, key or flag; nothing where there is no place for it."""
    # An instance stands on the call of the function that holds the site: editing the site would
    # change what the other callers load.
    if isinstance(target, Load) and target.via is not None:
        return ()
    where = target.site if isinstance(target, Load) else target
    if where.insert_at is None:
        return ()
    before, after = where.margins
    return (Edit(Place(where.path, where.insert_at, where.cell), before + argument + after),)


def keyword_at(site: LoadSite, keyword: str) -> Place | None:
    """Where the name of a keyword stands in a call."""
    found = next((one for one in site.keywords if one.name == keyword), None)
    if found is None:
        return None
    start = found.span.start
    end = Span.of(start.row, start.column, start.row, start.column + len(keyword))
    return Place(site.path, end, site.cell)


def _given(site: LoadSite, text: str) -> str:
    """The revision as an argument, a recipe's key or a flag; "" where it is none of them alone."""
    key = site.revision_key.name
    if site.revision_key.inside:
        return f"{key}={text}"
    if key.startswith("--"):
        is_item = site.margins[0].strip()  # of a list: one word
        return f"{key}{'=' if is_item else ' '}{text}"
    if not re.fullmatch(r"[\w.-]+", key):
        return ""
    if site.path.endswith((".py", ".pyw", ".ipynb")):
        return f'{key}="{text}"'
    separator = {"toml": " = ", "json": ": "}.get(site.path.rpartition(".")[2], ": ")
    name = json.dumps(key) if site.path.endswith(".json") else key
    return f'{name}{separator}"{text}"'
