"""What a load asks for: the repo id and the revision, in the frame where it is called."""

from __future__ import annotations

import re
from dataclasses import replace

from loralint.catalog import DATASET_BUILDERS, Loader
from loralint.catalog.families import MIRROR
from loralint.facts import (
    ABSENT,
    Absent,
    Attribute,
    Choice,
    Default,
    Known,
    Origin,
    OriginKind,
    Reason,
    Site,
    Unknown,
    Value,
    leaves,
)
from loralint.project.calls import Asked, Linker, Loading
from loralint.refs import is_commit, is_repo_id, snapshot_folder, snapshot_of
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    CallResult,
    External,
    Frame,
    MappingNode,
    Node,
    OneOf,
    merge,
    options,
)
from loralint.values.objects import changed
from loralint.values.values import SPREAD, is_object, origin_of, texts_of, value_of

_OUTSIDE = (
    OriginKind.OPTION,
    OriginKind.ENVIRONMENT,
    OriginKind.CONFIGURATION,
    OriginKind.JOINED,
)
_OPTION_CLASSES = ("Arguments", "Config")
_NAME_LIKE = ("name", "path", "id", "model", "repo", "checkpoint", "dir", "base", "adapter")


def asked_at(linker: Linker, site: Site, frame: Frame) -> Asked | None:
    """What the load at a site asks for in a frame; None where the call is no load after all."""
    loading = linker.meaning(site).loading
    return asked(linker, loading, in_frame(linker, loading, site, frame)) if loading else None


def in_frame(linker: Linker, loading: Loading, site: Site, frame: Frame) -> Arguments:
    """The arguments of a load in a frame; those of partials stand where they stand."""
    module = linker.evaluator.module_frame(site.file)
    return tuple((given, frame if each is module else each) for given, each in loading.arguments)


def asked(linker: Linker, loading: Loading, arguments: Arguments) -> Asked | None:
    """What a loader is asked for with these arguments; None where it loads nothing."""
    repo_id = _identity(linker, loading.loader, arguments)
    if repo_id is None:
        return None
    download = _download(linker, loading.loader, arguments)
    if download is not None:
        return download
    revision = _revision(linker, loading.loader, arguments, repo_id)
    cached = _of_cache(repo_id)
    if cached is not None:
        return cached
    repo_id = _beside_cache(repo_id)
    if not loading.loader.prefix or not isinstance(repo_id, (Known, Default)):
        return Asked(repo_id, revision)
    # `hf-hub:org/name@revision` of timm and open_clip
    text = str(repo_id.value).rpartition(":")[2].lstrip("/")
    name, _, behind = text.partition("@")
    own = Known(name) if isinstance(repo_id, Known) else Default(name, repo_id.origin)
    return Asked(own, Known(behind) if behind else revision)


# --- folders of the Hub's cache -----------------------------------------------------------------


def _download(linker: Linker, loader: Loader, arguments: Arguments) -> Asked | None:
    """What was downloaded, where the result of a download is loaded."""
    node = linker.evaluator.argument(arguments, loader.id, loader.position)
    if isinstance(node, CallResult):
        site, frame = node.site, node.frame
    else:
        inside = _result_above(node) if isinstance(node, Unknown) else None
        if inside is None:
            return None
        site, frame = inside, linker.evaluator.module_frame(inside.file)
    meaning = linker.meaning(site)
    found = asked_at(linker, site, frame) if meaning.loads and meaning.artifact == "file" else None
    if found is None:
        return None
    return replace(found, folder=True, download=found.download or site)


def _result_above(path: Unknown) -> Site | None:
    """The call whose result a path begins with: `os.path.join(snapshot_download(…), "sub")`."""
    origin = path.origin
    if origin is None or origin.kind is not OriginKind.JOINED or origin.name:
        return None  # with a name it is something read from a file there
    first = origin.parts[0]
    if not isinstance(first, Origin) or first.kind is not OriginKind.RESULT:
        return None
    return Site(first.file, first.call) if first.call is not None else None


def _of_cache(repo_id: Value) -> Asked | None:
    """What a path of the Hub's cache is: a repository at a commit; of several, the same one."""
    found = [_snapshot_in(leaf) for leaf in leaves(repo_id)]
    names = dict.fromkeys(each[0] for each in found if each is not None)
    if None in found or len(names) != 1:
        return None
    revisions = dict.fromkeys(each[1] for each in found if each is not None)
    origin = repo_id.origin if isinstance(repo_id, Default) else None
    soft = isinstance(repo_id, Default)
    own = [Default(each, origin) if soft else Known(each) for each in (*names, *revisions)]
    name, *rest = own
    return Asked(name, rest[0] if len(rest) == 1 else Choice(tuple(rest)), folder=True)


def _beside_cache(repo_id: Value) -> Value:
    """What is loaded where a folder of the cache is missing: the folder itself is pinned."""
    every = leaves(repo_id)
    others = tuple(leaf for leaf in every if _snapshot_in(leaf) is None)
    if not others or len(others) == len(every):
        return repo_id
    origin = repo_id.origin if isinstance(repo_id, Choice) else None
    return others[0] if len(others) == 1 else Choice(others, origin)


def _snapshot_in(leaf: Value) -> tuple[str, str] | None:
    """The repository and commit whose folder of the cache a path is, or lies in."""
    text = leaf.value if isinstance(leaf, (Known, Default)) else None
    found = snapshot_of(text) if isinstance(text, str) else None
    return found if found is not None and is_commit(found[1]) else None


# --- the repo id --------------------------------------------------------------------------------


def _identity(linker: Linker, loader: Loader, arguments: Arguments) -> Value | None:
    node = linker.evaluator.argument(arguments, loader.id, loader.position)
    if node is None:
        return None if loader.text_only else Unknown(Reason.NOT_GIVEN, "no id is given")
    if loader.text_only and not (_is_text(node) or _asked_by(linker, node) is not None):
        return None
    if _stands_for_a_model(linker, node):
        return None
    found = _given(value_of(_named(linker, node)))
    if isinstance(found, (Known, Default)) and not isinstance(found.value, str):
        return None
    return found if _fits(loader, found) else None


def _given(value: Value) -> Value:
    """An id but for branches that give none: nothing is loaded there."""
    every = leaves(value)
    kept = tuple(leaf for leaf in every if not isinstance(leaf, Absent))
    if not kept or len(kept) == len(every):
        return value
    return kept[0] if len(kept) == 1 else Choice(kept, _origin(value))


def _stands_for_a_model(linker: Linker, node: Node) -> bool:
    """Whether a model stands in the id's place, on one branch at least: then nothing is loaded.

    A model was loaded, or made of another one (`get_peft_model`, `from_config`).
    """
    if isinstance(node, OneOf):
        return any(_stands_for_a_model(linker, option) for option in node.options)
    if not isinstance(node, CallResult):
        return False
    meaning = linker.made(node)
    loaded = meaning.loads and meaning.artifact != "file"
    return loaded or meaning.kind in _MAKING or _is_from_config(node)


_MAKING = ("wrap", "merge", "quantise-prepare", "compile", "unload")


def _is_from_config(node: CallResult) -> bool:
    """`AutoModelForCausalLM.from_config(config)`: a model without weights."""
    callee = node.callee
    name = callee.name if isinstance(callee, (AttributeOf, External)) else ""
    return name.rpartition(".")[2] in ("from_config", "_from_config")


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


def _fits(loader: Loader, found: Value) -> bool:
    """Whether a value may be what the loader takes for an id."""
    texts = texts_of(found)
    if loader.packages == "":
        return bool(texts) and all("/" in text and is_repo_id(text) for text in texts)
    if loader.artifact == "dataset":
        return not texts or not all(text in DATASET_BUILDERS for text in texts)
    if loader.prefix:
        return bool(texts) and all(re.match(loader.prefix, text) for text in texts)
    if loader.receiver and isinstance(found, Unknown):  # `plugin.load_adapter(model, ...)`
        last = found.origin.last if found.origin is not None else ""
        return last not in ("model", "base_model", "cfg", "config", "self")
    return True


def _named(linker: Linker, node: Node) -> Node:
    """The id that a node gives, through downloads and through what an adapter records."""
    if isinstance(node, OneOf):
        return merge((_named(linker, option) for option in node.options), node.origin)
    if isinstance(node, CallResult):
        found = _asked_by(linker, node)
        return _snapshot(found) if found is not None else node
    if isinstance(node, AttributeOf) and node.name == "base_model_name_or_path":
        found = _asked_by(linker, node.receiver)
        return _recorded_base(found) if found is not None else node
    return node


def _asked_by(linker: Linker, node: Node) -> Asked | None:
    """What the load asks for that made an object."""
    if not isinstance(node, CallResult) or not linker.made(node).loads:
        return None
    return asked_at(linker, node.site, node.frame)


def _snapshot(found: Asked) -> Node:
    """A folder that a download returned is a snapshot; where its commit is known, a pinned one."""
    names, revisions = texts_of(found.repo_id), texts_of(found.revision)
    if len(names) != 1:
        owner = _origin(found.repo_id)
        return Unknown(Reason.DOWNLOADED, origin=owner.item("snapshot") if owner else None)
    revision = revisions[0] if len(revisions) == 1 else "main"
    return Known(snapshot_folder(names[0], revision))


def _recorded_base(found: Asked) -> Node:
    """`PeftConfig.from_pretrained(X).base_model_name_or_path`: what the adapter X records."""
    texts = texts_of(found.repo_id)
    owner = texts[0] if len(texts) == 1 else _origin(found.repo_id)
    if owner is None:
        return Unknown(Reason.RECORDED)
    origin = Origin(OriginKind.RECORDED, name=("base_model_name_or_path",), parts=(owner,))
    return Unknown(Reason.RECORDED, origin=origin)


def _origin(value: Value) -> Origin | None:
    return value.origin if isinstance(value, (Unknown, Default, Choice)) else None


# --- the revision -------------------------------------------------------------------------------


def _revision(linker: Linker, loader: Loader, arguments: Arguments, repo_id: Value) -> Value:
    """The revision that a load asks for; Absent where it is not said."""
    if loader.revision is None:
        return ABSENT
    node = linker.evaluator.argument(arguments, (loader.revision,), loader.revision_position)
    if node is None or isinstance(node, Absent):
        node = _nested(linker, loader, arguments, loader.revision)
    given = value_of(node) if node is not None else ABSENT
    if _drops_revision(linker, loader, arguments) and not _is_mirror(repo_id):
        return Unknown(Reason.MIRRORED if given == ABSENT else Reason.DROPPED)
    return given


def _is_mirror(repo_id: Value) -> bool:
    """Whether an id certainly is that of a 4-bit mirror itself, which unsloth maps to none."""
    texts = texts_of(repo_id)
    return bool(texts) and all(text.lower().endswith(MIRROR) for text in texts)


def _nested(linker: Linker, loader: Loader, arguments: Arguments, name: str) -> Node | None:
    """A keyword inside a dict that is handed on: `model_kwargs={"revision": ...}`."""
    for path in loader.nested:
        first, *rest = path.split(".")
        node = linker.evaluator.argument(arguments, (first,))
        for part in rest:
            node = _of_arguments_object(linker, node, part) if node is not None else None
        if node is not None:
            found = linker.evaluator.lookup(MappingNode(((None, node),)), name)
            if found is not None:
                return found
    return None


def _of_arguments_object(linker: Linker, node: Node, name: str) -> Node | None:
    """A keyword of the call that made a library's arguments object (`SFTConfig(...)`)."""
    if isinstance(node, CallResult):
        return linker.evaluator.argument(linker.arguments_of(node), (name,))
    if isinstance(node, MappingNode):  # `training_args.model_init_kwargs = dict(...)`
        found = linker.evaluator.lookup(node, name)
        whole = changed(linker.evaluator, node)
        unset = found is None or found == SPREAD
        return _of_arguments_object(linker, whole, name) if unset and whole else found
    unknown = isinstance(node, Unknown)
    return Unknown(Reason.FRAMEWORK, "in the trainer's arguments") if unknown else None


def _drops_revision(linker: Linker, loader: Loader, arguments: Arguments) -> bool:
    """Whether unsloth maps the name to a 4-bit mirror, whose revisions are others."""
    if not loader.packages.startswith("unsloth"):
        return False
    exact = linker.evaluator.argument(arguments, ("use_exact_model_name",))
    four_bit = linker.evaluator.argument(arguments, ("load_in_4bit",))
    return not (_is(exact, True) or _is(four_bit, False))


def _is(node: Node | None, flag: bool) -> bool:
    """Whether a flag is certainly or by default this."""
    return isinstance(node, (Known, Default)) and node.value is flag


# --- the object below ---------------------------------------------------------------------------


def base_of(linker: Linker, site: Site, frame: Frame) -> Node | None:
    """The object that an adapter is loaded onto."""
    loading = linker.meaning(site).loading
    if loading is None:
        return None
    loader, callee = loading.loader, linker.call(site).callee
    if loader.receiver:
        if not isinstance(callee, Attribute):
            return None
        return linker.evaluator.force(callee.base, frame)
    if not loader.base:
        return None
    arguments = in_frame(linker, loading, site, frame)
    return linker.evaluator.argument(arguments, loader.base, loader.base_position)
