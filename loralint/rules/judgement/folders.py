"""Whether what comes from outside is plainly meant as a folder of this machine, and as no id."""

from __future__ import annotations

import re

from loralint.catalog.folder_words import (
    FOLDER_ENDS,
    FOLDER_HELP,
    HUB_WORDS,
    OWN_WORK,
    PATH_ENDS,
    PATH_HELP,
)
from loralint.facts import (
    Default,
    Known,
    Origin,
    OriginKind,
    deciders,
    leaves,
)
from loralint.literals import declared_option
from loralint.project import Load, Project
from loralint.refs import is_repo_id

_WORD = re.compile(r"[A-Za-z][a-z0-9]*|[A-Z0-9]+")


def is_meant_as_folder(project: Project, load: Load) -> bool:
    """Whether an id that is not known is plainly that of a folder.

    It is put together like a path, called like one, explained as one, or stands beside folders.
    """
    every = leaves(load.site.repo_id)
    texts = [e.value for e in every if isinstance(e, (Known, Default)) and isinstance(e.value, str)]
    if any(texts):
        return not any(map(is_repo_id, texts))
    origins = deciders(load.site.repo_id)
    is_adapter = load.site.artifact == "adapter"
    return any(_is_folder(project, each, is_adapter=is_adapter) for each in origins)


def _is_folder(project: Project, origin: Origin, *, is_adapter: bool) -> bool:
    if origin.kind is OriginKind.JOINED:
        return _is_path(origin, is_adapter=is_adapter)
    return _is_called_folder(origin, is_adapter=is_adapter) or _is_explained(project, origin)


def _is_path(origin: Origin, *, is_adapter: bool) -> bool:
    """Whether parts make a path: more than `owner/name`, or below what is called a folder."""
    if origin.text.count("/") > 1:
        return True
    first = origin.parts[0]
    below = len(origin.parts) > 1 and "/" in origin.text
    return below and isinstance(first, Origin) and _is_called_folder(first, is_adapter=is_adapter)


def _is_called_folder(origin: Origin, *, is_adapter: bool) -> bool:
    """Whether a name means a folder: `adapter_path` for an adapter, `output_dir` for anything."""
    words = _words(origin.last)
    if not words or words[-1] in FOLDER_ENDS:
        return bool(words)
    is_own = is_adapter or bool(OWN_WORK & set(words))
    return is_own and words[-1] in PATH_ENDS and not HUB_WORDS & set(words)


def _is_explained(project: Project, origin: Origin) -> bool:
    """Whether the help text of an option says so: "Path to the trained adapter"."""
    if origin.kind is not OriginKind.OPTION or not origin.name:
        return False
    words = set(_words(_help(project, origin)))
    if HUB_WORDS & words:
        return False
    return bool(FOLDER_HELP & words) or (bool(PATH_HELP & words) and bool(OWN_WORK & words))


def _help(project: Project, origin: Origin) -> str:
    facts = project.files.get(origin.file)
    for call in facts.calls if facts is not None else ():
        if declared_option(call) == origin.name[0]:
            given = next((each.value for each in call.arguments if each.name == "help"), None)
            return str(given.value) if isinstance(given, Known) else ""
    return ""


def _words(text: str) -> list[str]:
    """The words of a name or a sentence, in lower case: `loraPath` is two."""
    return [each.lower() for each in _WORD.findall(text)]
