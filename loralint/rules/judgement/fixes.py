"""Fixes that make a call, a recipe or a command ask for something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TypeAlias

from loralint.diagnostics import AddKeyword, Applicability, Edit, Fix, Intent
from loralint.facts import ABSENT, Known, LoadSite, RevisionKey, Writing, leaves
from loralint.project import Action, Load, Project
from loralint.rules.judgement.pinning import is_local
from loralint.rules.judgement.values import same
from loralint.rules.judgement.versions import may_lack
from loralint.source import Place

_PLAIN = re.compile(r"[\w./+@-]+")
"""A revision that needs no quotes in a shell and no escapes in quotes."""

_FORWARDED = r"\b{}\s*=\s*([A-Za-z_][\w.]*)\s*[,)]"


def shown(message: str) -> Fix:
    """A fix in words only."""
    return Fix("display", message)


Change: TypeAlias = Edit | Intent


def made(applicability: Applicability, message: str, changes: Iterable[Change], *names: str) -> Fix:
    """A fix by edits and intents; in words only where there are none."""
    found = tuple(changes)
    edits = tuple(one for one in found if isinstance(one, Edit))
    intents = tuple(one for one in found if not isinstance(one, Edit))
    return Fix(applicability, message, edits, names, intents) if found else shown(message)


def give_revision(
    project: Project, load: Load, text: str, applicability: Applicability, message: str
) -> Fix:
    """Make a load ask for a revision; in words only where the code has no place for that.

    What is loaded from the folder of a download takes the download's.
    """
    load = _fetching(project, load) or load
    changes = revision_changes(project, load, text)
    return made(applicability, message, changes, *revision_names(load.site))


def _fetching(project: Project, load: Load) -> Load | None:
    """The download that fetches what is loaded from its folder; another hub's has other commits."""
    if load.download is None:
        return None
    here = project.loads_in(load.download.path)
    found = (each for each in here if each.place == load.download)
    return next((each for each in found if each.option("hub") == load.option("hub")), None)


def revision_names(site: LoadSite) -> tuple[str, ...]:
    """The keywords, keys and flags that change where a site gets a revision.

    What is inside a flag's value is one flag to the facts, inside an argument two keywords.
    """
    key = site.revision_key
    if key.inside and not key.inside.startswith("--"):
        return key.inside, key.name, "revision"
    return (key.inside or key.name).lstrip("-").replace("-", "_"), "revision"


def revision_changes(project: Project, load: Load, text: str) -> tuple[Change, ...]:
    """What makes a load ask for the revision `text`; nothing where that cannot be done.

    A revision that is given is changed where its literal stands: in the call, at a constant, at
    an option's default. Where loads of other repositories take theirs from the same literal,
    nothing is changed.
    """
    if not load.site.revision_key or not _PLAIN.fullmatch(text):
        return ()
    if _is_inside_another(load.site):
        return _inside_another(project, load, text)
    if load.site.revision == ABSENT:
        lacking = may_lack(project, load.site.path, load.site.loader, load.site.revision_key.name)
        alone = lacking is None and _alone(load, _sharing(project, load))
        return _entry(load, text) if alone else ()
    places = _written(project, load)
    if not all(_alone(load, project.takers[place]) for place in places):
        return ()
    is_none = isinstance(load.site.revision, Known) and load.site.revision.value is None
    return tuple(Edit(place, json.dumps(text) if is_none else text) for place in places)


def _is_inside_another(site: LoadSite) -> bool:
    """Whether the revision lies in another argument (`model_kwargs revision`), not in a flag."""
    return site.revision_key.inside != "" and not site.revision_key.inside.startswith("--")


def _inside_another(project: Project, load: Load, text: str) -> tuple[Change, ...]:
    """`model_kwargs={"revision": …}`, in a call that certainly has no `model_kwargs` yet."""
    site = load.site
    holder, name = site.revision_key.inside, site.revision_key.name
    certainly_none = holder.isidentifier() and not _may_give(project, site, holder)
    if site.revision != ABSENT or not certainly_none:
        return ()
    return add_keyword(load, holder, f'{{"{name}": "{text}"}}')


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


def add_keyword(target: Load | Action, name: str, code: str) -> tuple[Change, ...]:
    """One more keyword of a call; nothing where that would change what other callers load.

    An instance stands on the call of the function that holds the site.
    """
    if isinstance(target, Action):
        return (AddKeyword(target.place, name, code),)
    if target.via is not None or target.shared or not target.site.takes_keywords:
        return ()
    return (AddKeyword(target.place, name, code),)


def _entry(load: Load, text: str) -> tuple[Change, ...]:
    """The revision where none is: as a keyword, a recipe's key or a flag."""
    site = load.site
    if site.writing is Writing.CALL:
        key = "" if site.revision_key.inside else site.revision_key.name
        return add_keyword(load, key, f'"{text}"') if key.isidentifier() else ()
    given = _given(site, text)
    if site.insert_at is None or load.via is not None or load.shared or not given:
        return ()
    before, after = site.margins
    return (Edit(Place(site.path, site.insert_at, site.cell), before + given + after),)


def _given(site: LoadSite, text: str) -> str:
    """The revision as a recipe's key or a flag; "" where it is none of them alone."""
    key = site.revision_key.name
    if site.revision_key.inside:
        return f"{key}={text}"
    if key.startswith("--"):
        is_item = site.margins[0].strip()  # of a list: one word
        return f"{key}{'=' if is_item else ' '}{text}"
    if not re.fullmatch(r"[\w.-]+", key):
        return ""
    separator = {"toml": " = ", "json": ": "}.get(site.path.rpartition(".")[2], ": ")
    name = json.dumps(key) if site.path.endswith(".json") else key
    return f'{name}{separator}"{text}"'
