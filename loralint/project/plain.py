"""Loads and saves that need no linking: of recipes, command lines and adapter folders.

A front end that knows the values gives whole sites in `FileFacts.loads` and `FileFacts.saves`.
Here they get keys beside those of calls: sites of another kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from loralint.catalog.recipes import PUSHES
from loralint.facts import LoadSite, Reason, SaveSite, Site, SiteKind, Unknown, Value
from loralint.project import Action, Load
from loralint.project.acting import Acting
from loralint.project.flow import Flow
from loralint.project.instances import Sighting, Sightings
from loralint.project.saving import Saving
from loralint.values.nodes import CallResult

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_LORA = "lora."


def add_loads(evaluator: Evaluator, seen: Sightings) -> None:
    """Add the loads, with what flows into each."""
    for path, facts in evaluator.index.files.items():
        first = len(seen.loads)
        for position, site in enumerate(facts.loads):
            key = (Site(path, position, SiteKind.LOAD), ())
            inputs = tuple(first + each for each in site.inputs)
            load = Load(len(seen.loads), _without_lora(site), "neither", inputs)
            flow = _flow(evaluator, path, site.inputs)
            seen.found.load_index[key[0]] = load.index
            seen.by_key[key] = Sighting(load, key, flow, (path, site.function))
            seen.loads.append(seen.by_key[key])


def _flow(evaluator: Evaluator, path: str, inputs: tuple[int, ...]) -> Flow:
    flow = Flow()
    frame = evaluator.module_frame(path)
    for position in inputs:
        site = Site(path, position, SiteKind.LOAD)
        flow.loads[site, ()] = CallResult(site, frame, Unknown(Reason.NOT_GIVEN, "no call"))
    return flow


def _without_lora(site: LoadSite) -> LoadSite:
    """A load without the fields of the LoraConfig that is put onto it: an action has those."""
    options = tuple(each for each in site.options if not each[0].startswith(_LORA))
    return msgspec.structs.replace(site, options=options)


def actions(seen: Sightings, first: int) -> list[Acting]:
    """The LoraConfigs that loads for training speak of; they are numbered from `first`."""
    found: list[Acting] = []
    for path, facts in seen.evaluator.index.files.items():
        for position, site in enumerate(facts.loads):
            fields = {n.removeprefix(_LORA): v for n, v in site.options if n.startswith(_LORA)}
            if fields:
                key = Site(path, position, SiteKind.LOAD)
                index = seen.found.load_index[key]
                action = _action(site, first + len(found), index, fields)
                found.append(Acting(action, Flow(), key))
    return found


def _action(site: LoadSite, index: int, load: int, fields: dict[str, Value]) -> Action:
    return Action(
        index=index,
        kind="lora-config",
        callee=site.loader,
        path=site.path,
        span=site.span,
        cell=site.cell,
        function=site.function,
        text=site.text,
        options=fields,
        inputs=(load,),
    )


def savings(evaluator: Evaluator) -> list[tuple[Saving, list[Saving]]]:
    """The saves; each has the loads of its recipe behind it."""
    return [
        (_saving(evaluator, path, position, site), [])
        for path, facts in evaluator.index.files.items()
        for position, site in enumerate(facts.saves)
    ]


def _saving(evaluator: Evaluator, path: str, position: int, site: SaveSite) -> Saving:
    flow, frame = _flow(evaluator, path, site.inputs), evaluator.module_frame(path)
    key = Site(path, position, SiteKind.SAVE)
    pushed = "push_to_hub" in site.text.partition("(")[0] or site.text in PUSHES
    return Saving(key, site.artifact, site.target, flow, frame, site, pushed)
