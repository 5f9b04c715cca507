"""Load sites: a call that loads, in one frame → what it loads, at which revision, with what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.catalog import DATASET_BUILDERS, Loader, unresolved
from loralint.facts import (
    Attribute,
    Default,
    Known,
    LoadSite,
    Origin,
    OriginKind,
    Reason,
    RevisionKey,
    Site,
    Unknown,
    Value,
)
from loralint.project.flow import loader_at
from loralint.project.matching import Match
from loralint.project.options import options_of_load
from loralint.project.revisions import revision_of
from loralint.refs import is_repo_id, snapshot_folder
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    CallResult,
    Frame,
    Node,
    OneOf,
    merge,
    options,
)
from loralint.values.values import is_object, origin_of, texts_of, value_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_OUTSIDE = (
    OriginKind.OPTION,
    OriginKind.ENVIRONMENT,
    OriginKind.CONFIGURATION,
    OriginKind.JOINED,
)
_OPTION_CLASSES = ("Arguments", "Config")
_NAME_LIKE = ("name", "path", "id", "model", "repo", "checkpoint", "dir", "base", "adapter")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a load says in one frame."""

    match: Match
    repo_id: Value
    revision: Value


def is_load(evaluator: Evaluator, site: Site) -> bool:
    """Whether the call at a site loads something, whoever calls."""
    cache = evaluator.cache("loads")
    if site not in cache:
        cache[site] = False
        cache[site] = reading(evaluator, site, evaluator.module_frame(site[0])) is not None
    found: bool = cache[site]
    return found


def reading(evaluator: Evaluator, site: Site, frame: Frame) -> Reading | None:
    """What a call loads in a frame; None where it is no load after all."""
    match = loader_at(evaluator, site)
    if match is None:
        return None
    arguments = _in_frame(match.arguments, evaluator.module_frame(site[0]), frame)
    found = _identity(evaluator, match, arguments)
    if found is None:
        return None
    revision = revision_of(evaluator, match, arguments)
    return _prefixed(Reading(match, found, revision))


def _in_frame(arguments: Arguments, module: Frame, frame: Frame) -> Arguments:
    return tuple((given, frame if each is module else each) for given, each in arguments)


def arguments_in(evaluator: Evaluator, site: Site, frame: Frame) -> Arguments:
    """The arguments of a load, those of a partial among them, in a frame."""
    match = loader_at(evaluator, site)
    given = match.arguments if match is not None else ()
    return _in_frame(given, evaluator.module_frame(site[0]), frame)


# --- the repo id --------------------------------------------------------------------------------


def _identity(evaluator: Evaluator, match: Match, arguments: Arguments) -> Value | None:
    loader = match.loader
    node = evaluator.argument(arguments, loader.id, loader.position)
    if node is None:
        return None if loader.text_only else Unknown(Reason.NOT_GIVEN, "no id is given")
    if (loader.text_only and not _is_text(node)) or _is_model(evaluator, node):
        return None
    found = value_of(_named(evaluator, node))
    if isinstance(found, (Known, Default)) and not isinstance(found.value, str):
        return None
    return found if _fits(loader, match, found) else None


def _is_model(evaluator: Evaluator, node: Node) -> bool:
    """Whether a loaded object stands in the id's place: then something else is going on."""
    if not isinstance(node, CallResult) or not is_load(evaluator, node.site):
        return False
    match = loader_at(evaluator, node.site)
    return match is not None and match.loader.artifact != "file"


def _is_text(node: Node) -> bool:
    """Whether a node is a name and no model: text, or an option that is called like a name."""
    return any(_may_be_text(option) for option in options(node)) and not any(
        is_object(option) for option in options(node)
    )


def _may_be_text(node: Node) -> bool:
    if isinstance(node, (Known, Default)):
        return isinstance(node.value, str) or (isinstance(node, Default) and node.value is None)
    origin = origin_of(node)
    if origin is None:
        return False
    last = origin.last.lower()
    named = last != "model" and last.endswith(_NAME_LIKE)
    return named or any(_is_given(each) for each in origin.within())


def _is_given(origin: Origin) -> bool:
    """Whether somebody gives a text: an option, a variable, a field of a configuration."""
    owners = (part for name in origin.name[:-1] for part in name.split("."))
    return origin.kind in _OUTSIDE or any(each.endswith(_OPTION_CLASSES) for each in owners)


def _fits(loader: Loader, match: Match, found: Value) -> bool:
    texts = texts_of(found)
    if loader.packages == "":
        return bool(texts) and all("/" in text and is_repo_id(text) for text in texts)
    if loader.artifact == "dataset":
        return not texts or not all(text in DATASET_BUILDERS for text in texts)
    if loader.prefix:
        return bool(texts) and all(re.match(loader.prefix, text) for text in texts)
    return not _is_model_object(loader, match, found)


def _is_model_object(loader: Loader, match: Match, found: Value) -> bool:
    """`plugin.load_adapter(model, ...)`: the first argument is no adapter's name."""
    if not loader.receiver or not isinstance(found, Unknown):
        return False
    last = found.origin.last if found.origin is not None else ""
    return last in ("model", "base_model", "cfg", "config", "self")


def _named(evaluator: Evaluator, node: Node) -> Node:
    """A folder that a download returned is a snapshot; where its commit is known, a pinned one."""
    if isinstance(node, OneOf):
        return merge((_named(evaluator, option) for option in node.options), node.origin)
    if isinstance(node, CallResult) and is_load(evaluator, node.site):
        found = reading(evaluator, node.site, node.frame)
        if found is not None:
            return _snapshot(found)
    return _recorded_base(evaluator, node)


def _snapshot(found: Reading) -> Node:
    names, revisions = texts_of(found.repo_id), texts_of(found.revision)
    if len(names) != 1:
        return Unknown(Reason.DOWNLOADED, origin=_origin(found.repo_id, "snapshot"))
    revision = revisions[0] if len(revisions) == 1 else "main"
    return Known(snapshot_folder(names[0], revision))


def _origin(value: Value, *names: str) -> Origin | None:
    """Who decides a value, or what is read from it."""
    origin = value.origin if isinstance(value, (Unknown, Default)) else None
    for name in names:
        origin = origin.item(name) if origin is not None else None
    return origin


def _recorded_base(evaluator: Evaluator, node: Node) -> Node:
    """`PeftConfig.from_pretrained(X).base_model_name_or_path`: what the adapter X records."""
    if not isinstance(node, AttributeOf) or node.name != "base_model_name_or_path":
        return node
    if not isinstance(node.receiver, CallResult):
        return node
    site = node.receiver.site
    found = reading(evaluator, site, node.receiver.frame) if is_load(evaluator, site) else None
    if found is None:
        return node
    texts = texts_of(found.repo_id)
    owner = texts[0] if len(texts) == 1 else _origin(found.repo_id)
    if owner is None:
        return Unknown(Reason.RECORDED)
    origin = Origin(OriginKind.RECORDED, name=("base_model_name_or_path",), parts=(owner,))
    return Unknown(Reason.RECORDED, origin=origin)


def _prefixed(found: Reading) -> Reading:
    """`hf-hub:org/name@revision` of timm and open_clip."""
    prefix = found.match.loader.prefix
    if not prefix or not isinstance(found.repo_id, (Known, Default)):
        return found
    name, _, revision = str(found.repo_id.value).rpartition(":")[2].lstrip("/").partition("@")
    known = found.repo_id
    repo = Known(name) if isinstance(known, Known) else Default(name, known.origin)
    return Reading(found.match, repo, Known(revision) if revision else found.revision)


# --- the site -----------------------------------------------------------------------------------


def load_site(evaluator: Evaluator, site: Site, frame: Frame) -> LoadSite | None:
    """The load site of a call in a frame."""
    found = reading(evaluator, site, frame)
    if found is None:
        return None
    call = evaluator.index.call(site)
    return LoadSite(
        path=site[0],
        span=call.span,
        cell=call.cell,
        artifact=_artifact(evaluator, found, arguments_in(evaluator, site, frame), call.text),
        loader=found.match.name,
        repo_id=found.repo_id,
        revision=found.revision,
        options=options_of_load(evaluator, found.match, arguments_in(evaluator, site, frame)),
        function=call.function,
        text=call.text,
        revision_key=_revision_key(found.match.loader),
    )


def _revision_key(loader: Loader) -> RevisionKey:
    if loader.revision_in == "@":
        return RevisionKey("", behind_id=True)
    return RevisionKey(loader.revision or "", loader.revision_in if loader.revision else "")


def _artifact(evaluator: Evaluator, found: Reading, arguments: Arguments, text: str) -> str:
    if found.match.loader.artifact == "file":
        kind = evaluator.argument(arguments, ("repo_type",))
        if kind == Known("dataset"):
            return "dataset"
    if found.match.loader.packages == "" and found.match.loader.artifact == "model":
        owner = text.partition(".from_pretrained")[0]  # `pipeline_cls = getattr(diffusers, name)`
        return unresolved(owner.rpartition(".")[2]).artifact
    return found.match.loader.artifact


def base_of(evaluator: Evaluator, site: Site, frame: Frame) -> Node | None:
    """The object that an adapter is loaded onto."""
    match = loader_at(evaluator, site)
    if match is None:
        return None
    if match.loader.receiver:
        return _receiver(evaluator, site, frame)
    if not match.loader.base:
        return None
    arguments = arguments_in(evaluator, site, frame)
    return evaluator.argument(arguments, match.loader.base, match.loader.base_position)


def _receiver(evaluator: Evaluator, site: Site, frame: Frame) -> Node | None:
    callee = evaluator.index.call(site).callee
    return evaluator.force(callee.base, frame) if isinstance(callee, Attribute) else None
