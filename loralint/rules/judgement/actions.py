"""Reading actions: what they are done to, and in which order they stand."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Action, Load, Project, Save, Standing, is_test

Step = Load | Save | Action

WRAPPING = ("peft.get_peft_model", "add_adapter")
"""What puts an adapter onto a model with a configuration, and neither trains nor saves more."""


def steps(project: Project, thing: Step, *kinds: str) -> list[Action]:
    """The actions of these kinds that a load, a save or an action went through."""
    found = (project.actions[index] for index in thing.actions)
    return [action for action in found if not kinds or action.kind in kinds]


def in_file(project: Project, path: str, *kinds: str) -> Iterator[Action]:
    """The actions of these kinds in one file."""
    return (one for one in project.actions if one.path == path and one.kind in kinds)


def function_of(thing: Step) -> str:
    """The function that something stands in; "" for the module."""
    return thing.function if isinstance(thing, Action) else thing.site.function


def is_after(later: Step, earlier: Step) -> bool:
    """Whether both stand in one function, the one behind the other."""
    one, other = later.place, earlier.place
    if one.path != other.path or function_of(later) != function_of(earlier):
        return False
    return (one.cell or 0, one.span.start) > (other.cell or 0, other.span.start)


def standing_of(project: Project, thing: Step) -> Standing:
    """Where something stands in the flow of its function."""
    if not isinstance(thing, Save):
        return thing.standing
    site = thing.site
    for call in project.files[site.path].calls:
        if (call.span, call.cell) == (site.span, site.cell):
            return Standing(call.blocks, call.kept, call.renewed)
    return Standing()


def encloses(one: Standing, other: Standing) -> bool:
    """Whether what stands at `other` stands inside all branches around `one`.

    A loop is no branch: that it runs is taken for granted.
    """
    around, inside = (tuple(b for b in each.blocks if b > 0) for each in (one, other))
    return inside[: len(around)] == around


def same_model(project: Project, one: Step, other: Step) -> bool:
    """Whether two things are done to one model: the same load is nearest behind both."""
    return bool(set(one.inputs) & set(other.inputs))


def adapters(project: Project, thing: Step) -> list[Load]:
    """The adapters that flow directly into something."""
    return [load for load in project.inputs_of(thing) if load.site.artifact == "adapter"]


def bases(project: Project, thing: Step) -> list[Load]:
    """The models under something, through the adapters that were loaded onto them."""
    found: dict[int, Load] = {}
    todo = list(thing.inputs)
    while todo:
        index = todo.pop(0)
        if index not in found:
            found[index] = project.loads[index]
            todo.extend(found[index].inputs)
    return [load for load in found.values() if load.site.artifact != "adapter"]


def is_peft_model(project: Project, thing: Step) -> bool:
    """Whether something is certainly done to a PEFT model: wrapped or loaded by PEFT itself."""
    loaded = any(load.site.loader.startswith("peft.") for load in adapters(project, thing))
    wrapped = any(".get_peft_model" in step.callee for step in steps(project, thing, "wrap"))
    return loaded or wrapped


def is_shown(project: Project, thing: Step) -> bool:
    """Whether something may be the last line of a notebook's cell, whose result is displayed."""
    cell, span = thing.place.cell, thing.place.span
    if cell is None or function_of(thing):
        return False
    calls = project.files[thing.place.path].calls
    return not any(one.cell == cell and one.span.start > span.end for one in calls)


def actions(project: Project, kind: str) -> list[Action]:
    """The actions of a kind outside of tests, which may do on purpose what a rule is about."""
    return [one for one in project.actions_of(kind) if not _is_test(project, one.path)]


def loads(project: Project) -> list[Load]:
    """The loads outside of tests."""
    return [one for one in project.loads if not _is_test(project, one.site.path)]


def saves(project: Project) -> list[Save]:
    """The saves outside of tests."""
    return [one for one in project.saves if not _is_test(project, one.site.path)]


def _is_test(project: Project, path: str) -> bool:
    return is_test(path, project.files.get(path))


def trains(project: Project, path: str) -> bool:
    """Whether a file, or one that imports it, trains."""
    return any(_trains(project, each) for each in (path, *importers(project, path)))


def _trains(project: Project, path: str) -> bool:
    if any(True for _ in in_file(project, path, "train", "quantise-prepare")):
        return True
    return any(_is_optimizer(call.callee) for call in project.files[path].calls)


def _is_optimizer(callee: object) -> bool:
    module = str(getattr(callee, "module", ""))
    name = str(getattr(callee, "name", ""))
    return "optim" in module or name.startswith("optim.") or name.endswith(("AdamW", "train"))


def importers(project: Project, path: str) -> list[str]:
    """The files that may import a file, by its name."""
    stem = path.rpartition("/")[2].removesuffix(".py")
    package = path.rpartition("/")[0].rpartition("/")[2]
    wanted = package if stem == "__init__" else stem
    return [
        other
        for other, facts in project.files.items()
        if other != path and _imports((*facts.imports, *facts.star_imports), wanted)
    ]


def _imports(modules: tuple[str, ...], wanted: str) -> bool:
    return any(wanted in module.split(".") for module in modules)
