"""Whether a load is of whatever the next caller of its function names."""

from __future__ import annotations

import msgspec

from loralint.catalog import loader_of
from loralint.facts import Parameter
from loralint.project import Load, Project


def is_named_by_callers(project: Project, load: Load) -> bool:
    """Whether the id is a parameter, so that the load is of whatever the next caller names."""
    loader = loader_of(load.site.loader)
    names = loader.id if loader is not None else ("pretrained_model_name_or_path",)
    position = loader.position if loader is not None else 0
    facts = project.files.get(load.site.path)
    for call in facts.calls if facts is not None else ():
        if call.span == load.site.span and call.cell == load.site.cell:
            plain_ones = [one for one in call.arguments if one.name is None and not one.stars]
            given = [one for one in call.arguments if one.name in names]
            if position is not None and position < len(plain_ones):
                given.append(plain_ones[position])
            return any(_has_parameter(one.value) for one in given)
    return False


def _has_parameter(term: object) -> bool:
    todo = [term]
    while todo:
        each = todo.pop()
        if isinstance(each, Parameter):
            return True
        if isinstance(each, tuple):
            todo.extend(each)
        elif isinstance(each, msgspec.Struct):
            todo.extend(getattr(each, name) for name in each.__struct_fields__)
    return False
