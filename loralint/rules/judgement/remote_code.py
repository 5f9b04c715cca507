"""Code that a model brings: who lets it run, where it lives, and who needs none."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from loralint.catalog.families import brings_code, is_native_family
from loralint.facts import Known, Value, Writing, leaves
from loralint.project import Load, Project
from loralint.rules.judgement.values import counts_as_true, scalars, texts


def trust(load: Load) -> Value:
    """What a load says about code from the Hub, any value that Python counts as true as True.

    In a recipe or on a command line a text is what it says: "false" is false there.
    """
    given = load.option("trust_remote_code")
    if load.site.writing is Writing.CALL and _is_truthy_text(given):
        return Known(True)
    return given


def _is_truthy_text(given: Value) -> bool:
    plain = scalars(given) or ()
    return counts_as_true(given) and not any(isinstance(each, bool) for each in plain)


def is_native(project: Project, *loads: Load) -> bool:
    """Whether everything that loads may load is known to need no code from the Hub.

    A folder is judged by its name. An id that nobody knows beside others does not count.
    """

    def needs_none(name: str) -> bool:
        cached = project.cached_code.get(name)
        return is_native_family(name) if cached is None else not cached

    return any(_all(load, needs_none) for load in loads)


def is_known_to_bring_code(project: Project, *loads: Load) -> bool:
    """Whether everything that loads may load is known to bring code of its own."""
    return any(_all(load, lambda name: _brings(project, name)) for load in loads)


def _brings(project: Project, name: str) -> bool:
    cached = project.cached_code.get(name)
    return brings_code(name) if cached is None else cached


def _all(load: Load, fits: Callable[[str], bool]) -> bool:
    names = [name for leaf in leaves(load.site.repo_id) for name in texts(leaf)]
    return bool(names) and all(map(fits, names))


_CODE: tuple[tuple[str, str], ...] = (
    ("nomic-ai/nomic-embed-text-v1*", "nomic-ai/nomic-bert-2048"),
    ("Snowflake/snowflake-arctic-embed-m-long", "nomic-ai/nomic-bert-2048"),
    ("jinaai/jina-embeddings-v2-base-code", "jinaai/jina-bert-v2-qk-post-norm"),
    ("jinaai/jina-embeddings-v2-*", "jinaai/jina-bert-implementation"),
    ("jinaai/jina-embeddings-v3", "jinaai/xlm-roberta-flash-implementation"),
    ("Alibaba-NLP/gte-*-en-v1.5", "Alibaba-NLP/new-impl"),
    ("Alibaba-NLP/gte-multilingual-base", "Alibaba-NLP/new-impl"),
)


def code_repository(ids: tuple[str, ...]) -> str:
    """The one repository that holds the code of all these models, or ""."""
    found = {_of(name) for name in ids}
    return found.pop() if len(found) == 1 else ""


def _of(name: str) -> str:
    return next((code for glob, code in _CODE if fnmatchcase(name, glob)), "")
