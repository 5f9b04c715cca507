"""Commands that run a script which is a tool of its name, unless the project has it itself."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from loralint.catalog.commands import TOOLS, tool_of_script
from loralint.facts import FileFacts, LoadSite, SaveSite
from loralint.values.commands import all_runs
from loralint.values.index import Index

_NAMES = frozenset(tool.name for tool in TOOLS if tool.scripts)

Command = tuple[int | None, str]
"""A command in its file: the cell, and the scope of what it loads and saves."""


def leave_to_own_scripts(index: Index) -> None:
    """Take out what commands load by scripts that the project has: those say it themselves."""
    files = index.files.items()
    if not any(load.loader in _NAMES for _, facts in files for load in facts.loads):
        return
    own: defaultdict[str, set[Command]] = defaultdict(set)
    for script, run in all_runs(index):
        if tool_of_script(script) is not None:
            start = run.fact.span.start
            own[run.path].add((run.fact.cell, f"command {start.row}:{start.column}"))
    for path, commands in own.items():
        index.files[path] = _without(index.files[path], commands)


def _without(facts: FileFacts, commands: set[Command]) -> FileFacts:
    def stays(site: LoadSite | SaveSite) -> bool:
        return (site.cell, site.function) not in commands

    kept = [at for at, load in enumerate(facts.loads) if stays(load)]
    moved = {old: new for new, old in enumerate(kept)}

    def inputs(given: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(moved[each] for each in given if each in moved)

    replace = msgspec.structs.replace
    loads = (facts.loads[at] for at in kept)
    return replace(
        facts,
        loads=tuple(replace(each, inputs=inputs(each.inputs)) for each in loads),
        saves=tuple(
            replace(each, inputs=inputs(each.inputs)) for each in facts.saves if stays(each)
        ),
    )
