"""How values, revisions and places are put into words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeGuard

from loralint.catalog import loader_of
from loralint.facts import Absent, Default, Known, OriginKind, Unknown, Value, Writing, leaves
from loralint.project import Load, Project
from loralint.refs import DEFAULT_BRANCHES
from loralint.rules.judgement.callers import is_named_by_callers
from loralint.rules.judgement.values import by_default, is_none_by_default, origin, texts
from loralint.text import either

PIN = "`loralint pin` finds it"
"""Where a commit comes from that nobody has written down."""

_NOUNS = {
    "base-model": "model",
    "adapter": "adapter",
    "tokenizer": "tokenizer",
    "processor": "processor",
    "config": "configuration",
    "pipeline": "pipeline",
    "engine": "model",
    "embedding": "embedding model",
    "model": "model",
    "file": "file",
    "dataset": "dataset",
}


_FILES = ("hf_hub_download", "cached_file", "cached_download", "model_file_download")
"""Loaders of one file; the others that load files take a whole repository."""

_NOBODY_KNOWS = "an unknown value"


def noun(load: Load) -> str:
    """What a load loads, in a word."""
    if load.site.artifact == "file" and not load.site.loader.endswith(_FILES):
        return "repository"
    return _NOUNS.get(load.site.artifact, "artifact")


def code(text: object) -> str:
    """Text as code."""
    return f"`{text}`"


def named(load: Load, ids: Iterable[str] = ()) -> str:
    """A load's repo id with what it is: "the model `org/name` (by default)"."""
    shown = either(code(name) for name in ids) if ids else value(load.site.repo_id)
    if shown == _NOBODY_KNOWS:
        return f"the {noun(load)}"
    if noun(load) == "file":
        shown = f"{_file(load)}of {shown}"
    suffix = " (the default)" if ids and by_default(load.site.repo_id) else ""
    if load.given and by_default(load.site.repo_id):
        shown = either(code(leaf.value) for leaf in leaves(load.site.repo_id) if _has_value(leaf))
        shown = f"{_file(load)}of {shown}" if noun(load) == "file" else shown
        more = f" and {len(load.given) - 1} more" if len(load.given) > 1 else ""
        suffix = f" (given in {load.given[0]}{more})"
    if load.asked_by:
        more = f" and {len(load.asked_by) - 1} more" if len(load.asked_by) > 1 else ""
        suffix = f"{suffix} (asked for in {load.asked_by[0]}{more})"
    if noun(load) == "file" and shown.startswith("of "):
        return f"a file {shown}{suffix}"
    return f"the {noun(load)} {shown}{suffix}"


def _file(load: Load) -> str:
    """The name of a file that is loaded, with a space behind it."""
    names = texts(load.option("filename"))
    return f"{either(code(name) for name in names)} " if names else ""


def branch(load: Load) -> str:
    """What a load takes without a revision."""
    if load.option("hub") == Known("modelscope"):
        return "ModelScope's default branch (`master`)"
    return "the default branch"


def ids(load: Load) -> str:
    """A load's repo id alone."""
    words = [code(leaf.value) for leaf in leaves(load.site.repo_id) if _has_value(leaf)]
    return either(words) if words else "the base"


def _has_value(leaf: Value) -> TypeGuard[Known | Default]:
    return isinstance(leaf, (Known, Default))


def outside(given: Value) -> str:
    """Who decides a value, as its author writes it: `args.model_revision`, `load()`."""
    decides = origin(given)
    if decides is not None and decides.written:
        return code(decides.written)
    if decides is not None and decides.kind is OriginKind.RESULT:
        return code(f"{decides.called}()") if decides.called else "a call"
    return "an option"


def _option(given: Value) -> str:
    """The name of what decides a value, or "" where nobody wrote one."""
    decides = origin(given)
    return decides.written if decides is not None else ""


def value(given: Value) -> str:
    """Any value in words."""
    return either(_leaf(leaf) for leaf in leaves(given))


def _leaf(leaf: Value) -> str:
    if isinstance(leaf, Known):
        return code(leaf.value)
    if isinstance(leaf, Default):
        return f"{code(leaf.value)} by default"
    if isinstance(leaf, Unknown) and _option(leaf):
        return outside(leaf)
    return "nothing" if isinstance(leaf, Absent) else _NOBODY_KNOWS


def revision(given: Value) -> str:
    """A revision in words, to stand after "at"."""
    return either(_revision(leaf) for leaf in leaves(given))


def _revision(leaf: Value) -> str:
    if isinstance(leaf, Absent):
        return "no revision (the default branch)"
    if is_none_by_default(leaf):
        return "no revision by default"
    if isinstance(leaf, Unknown):
        return (
            f"the revision that {outside(leaf)} gives"
            if leaf.origin is not None
            else "an unknown revision"
        )
    if isinstance(leaf, (Known, Default)):
        shown = _ref(leaf.value)
        return f"{shown} by default" if isinstance(leaf, Default) else shown
    return "an unknown revision"


def _ref(text: object) -> str:
    if text is None or text == "":
        return "no revision (the default branch)"
    return f"the default branch ({code(text)})" if text in DEFAULT_BRANCHES else code(text)


def given(value: Value) -> str:
    """A revision that is given, to stand after "at": who decides where it comes from outside."""
    free = next((leaf for leaf in leaves(value) if isinstance(leaf, (Unknown, Default))), None)
    if free is None or not _option(free):
        return revision(value)
    more = f" ({_ref(free.value)} by default)" if isinstance(free, Default) else ""
    return f"the revision that {outside(free)} gives{more}"


def give(load: Load, what: str) -> str:
    """How a load is given a revision: by a keyword, by a recipe's key or a flag, or not at all."""
    key = load.site.revision_key
    if load.download is not None:
        return f"download it ({load.download}) at {_separate(what)}"
    if not key:
        tool = code(load.site.loader)
        return f"download {what} and name its folder: {tool} takes no revision for {_it(load)}"
    if key.behind_id:
        return f"write `@` and {what} behind the id"
    if key.inside:
        return _inside(key.inside, key.name, what)
    if key.name == "revision":
        return f"pass revision={_separate(what)}{'' if is_resolved(load) else ', if it takes one'}"
    return f"set {code(key.name)} to {what}"


def callee(load: Load) -> str:
    """What is called, as code: `PeftModel.from_pretrained`."""
    return code(".".join(load.site.loader.split(".")[-2:]))


def is_resolved(load: Load) -> bool:
    """Whether it is known which library loads: of `x.from_pretrained` nobody may know."""
    return load.site.writing is not Writing.CALL or loader_of(load.site.loader) is not None


def _it(load: Load) -> str:
    return "an adapter" if load.site.artifact == "adapter" else "it"


def _inside(outer: str, inner: str, what: str) -> str:
    """A revision that goes into what another keyword or flag takes."""
    value = what if what.startswith('"') else "…"
    behind = "" if what.startswith('"') else f" with {what}"
    if outer.startswith("-"):
        return f"add {inner}={value.strip(chr(34))} to {code(outer)}{behind}"
    owner, _, name = outer.rpartition(".")
    where = f" in {owner}=" if owner else ""
    return f'pass {name}={{"{inner}": {value}}}{where}{behind}'


def _separate(what: str) -> str:
    return what if what.startswith('"') else f" with {what}"


def by_pin(project: Project, load: Load) -> str:
    """Who finds the commit and writes it, where there is a place for one; in brackets.

    Where an option may name another repository, no commit fits: then what works is shown.
    """
    site, key = load.site, load.site.revision_key
    plain = re.fullmatch(r"[\w.-]+", key.name) is not None and not key.inside
    has_place = site.insert_at is not None or (site.takes_keywords and not load.shared)
    if not plain or not has_place or len(texts(site.repo_id)) > 1:
        return ""
    if by_default(site.repo_id):
        return _by_option(load)
    if is_named_by_callers(project, load):
        return f": {code(f'{site.function}()')} is told what to load, tell it the revision, too"
    return f" ({PIN})"


def _by_option(load: Load) -> str:
    """The code that pins what an option, a field or a variable gives by default."""
    decides = origin(load.site.repo_id)
    name = decides.written if decides is not None else ""
    if load.site.writing is not Writing.CALL or decides is None or not name:
        return ""
    owner = name.rpartition(".")[0]
    revision = f"{owner}.revision" if owner else "revision"
    locked = code(f"revision=loralint.revision({name})")
    lock = f"; or {locked}, once `loralint lock` has written the commits down"
    if decides.kind is OriginKind.ENVIRONMENT:
        variable = code(f'os.environ.get("{name}_REVISION", "<commit>")')
        return f": another value may be given, so read {variable} beside it"
    if decides.kind is OriginKind.OPTION:
        option = code('add_argument("--revision", default="<commit>")')
        return (
            f": another one may be given, so add {option} and {code(f'revision={revision}')}{lock}"
        )
    if decides.kind is OriginKind.FIELD:
        field = code('revision: str = "<commit>"')
        return f": another one may be given, so add the field {field} and pass it{lock}"
    if decides.kind is OriginKind.PARAMETER:
        parameter = code('revision="<commit>"')
        return f": another one may be given, so add the parameter {parameter} and pass it"
    return ""


def hint(*values: Value) -> str:
    """What to add where a default takes part in a finding."""
    return ", by default" if by_default(*values) else ""
