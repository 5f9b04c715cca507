"""Loads: one a site with what holds whoever calls, and one a calling context.

All of them are made here, without a stage: `stages.staged` gives each its own, once it is known
what flows into what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from loralint.catalog import Loader, unresolved
from loralint.facts import ABSENT, Choice, Known, LoadSite, RevisionKey, Site, SiteKind, leaves
from loralint.project.calls import Asked, Linker, Loading
from loralint.project.flow import (
    Chain,
    Flow,
    Key,
    Scope,
    before,
    is_adapted,
    is_whole,
    takes_its_place,
    trace,
    written_flow,
)
from loralint.project.ids_and_revisions import asked_at, base_of, in_frame
from loralint.project.loads import Load
from loralint.project.options import options_of_load
from loralint.refs import is_repo_id
from loralint.values.nodes import Arguments, Frame
from loralint.values.values import texts_of

LORA = "lora."
"""Options of a written load that begin so are the fields of the LoraConfig put onto it."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A load in one calling context.

    `base` is what the object is made of that an adapter is loaded onto. `owner` is the function
    whose values decide: the outermost caller's where there is one.
    """

    load: Load
    key: Key
    base: Flow
    owner: Scope

    @property
    def path(self) -> str:
        """The file on whose side the instance stands."""
        return self.owner.file

    @property
    def written(self) -> bool:
        """Whether a front end gives it whole: it says itself what it does, and nobody enters it."""
        return self.key.site.kind is not SiteKind.CALL

    @property
    def site(self) -> LoadSite:
        """What is loaded, in this context."""
        return self.load.site

    @property
    def artifact(self) -> str:
        """The kind of what is loaded."""
        return self.load.site.artifact

    @property
    def happens(self) -> bool:
        """Whether anything is loaded: `if adapter is not None:` of a helper that is given none."""
        return not self.key.chain or self.load.site.repo_id not in (ABSENT, Known(None))

    @property
    def trains(self) -> bool:
        """Whether it stands on a training side."""
        return self.load.stage in ("train", "both")

    @property
    def infers(self) -> bool:
        """Whether it stands on an inference side."""
        return self.load.stage in ("infer", "both")


@dataclass(frozen=True)
class Instances:
    """All instances by key: with no calls those that hold whoever calls, one a site."""

    by_key: Mapping[Key, Instance]

    @cached_property
    def sites(self) -> tuple[Instance, ...]:
        """One a site, in the order of `Project.loads`."""
        return tuple(each for (_, chain), each in self.by_key.items() if not chain)

    @cached_property
    def every(self) -> tuple[Instance, ...]:
        """Every instance: of a site with contexts those, of one without the site itself."""
        entered = {site for site, chain in self.by_key if chain}
        return tuple(
            each for (site, chain), each in self.by_key.items() if chain or site not in entered
        )

    def of(self, key: Key) -> Instance | None:
        """The instance with this key, else what holds at its site."""
        return self.by_key.get(key) or self.by_key.get(Key(key.site))


def of_sites(linker: Linker, own: Collection[str]) -> Instances:
    """Every load of the project as it stands; `own` are the folders that it saves to itself."""
    by_key: dict[Key, Instance] = {}
    for site in linker.found.loads:
        _add(linker, by_key, site, linker.evaluator.module_frame(site.file), own)
    by_key.update((each.key, each) for each in _written(linker, own))
    return Instances(by_key)


def in_contexts(
    linker: Linker,
    found: Instances,
    own: Collection[str],
    undecided: Collection[Scope],
    saved: Iterable[Flow] = (),
) -> Instances:
    """The same with the instances of contexts: where they give other values, or decide the stage.

    `undecided` are the functions whose callers decide the stage, `saved` is what flows into saves:
    of a load with more contexts than are told apart, those matter.
    """
    by_key = dict(found.by_key)
    for each in found.sites:
        if not each.written:
            always = each.owner in undecided
            for frame in linker.evaluator.callers.frames(each.key.site, always=always):
                _add(linker, by_key, each.key.site, frame, own)
    for (site, _), frame in _flowing([each.base for each in by_key.values()]):
        _add(linker, by_key, site, frame, own)
    callers, entered = linker.evaluator.callers, {site for site, chain in by_key if chain}
    for (site, chain), frame in _flowing(saved):
        if chain and (site in entered or callers.depends(site)):
            _add(linker, by_key, site, frame, own)
    return Instances(_told_apart(linker, by_key))


def _flowing(flows: Iterable[Flow]) -> Iterator[tuple[Key, Frame]]:
    for flow in flows:
        yield from flow.loads.items()


def _add(
    linker: Linker, by_key: dict[Key, Instance], site: Site, frame: Frame, own: Collection[str]
) -> None:
    known = Key(site, frame.chain) in by_key or site not in linker.found.load_index
    made = _instance(linker, site, frame, own) if not known else None
    if made is not None:
        by_key[made.key] = made


def _told_apart(linker: Linker, by_key: Mapping[Key, Instance]) -> dict[Key, Instance]:
    """Say where the instances of a site stand that has several: at the call that tells them apart.

    That is the innermost one that the others do not share.
    """
    chains: defaultdict[Site, list[Chain]] = defaultdict(list)
    for site, chain in by_key:
        if chain:
            chains[site].append(chain)
    found = dict(by_key)
    for (site, chain), each in by_key.items():
        others = [other for other in chains[site] if other != chain]
        if chain and others:
            shared = {call for other in others for call in other}
            own = next((call for call in chain if call not in shared), chain[-1])
            load = replace(each.load, via=linker.place(own))
            found[Key(site, chain)] = replace(each, load=load)
    return found


# --- of calls -----------------------------------------------------------------------------------


def _instance(linker: Linker, site: Site, frame: Frame, own: Collection[str]) -> Instance | None:
    loading = linker.meaning(site).loading
    asked = asked_at(linker, site, frame)
    if loading is None or asked is None:
        return None
    made = _load_site(linker, site, asked, loading, in_frame(linker, loading, site, frame))
    below = base_of(linker, site, frame)
    uncertain = below is not None and takes_its_place(linker, site, below)
    if below is not None and uncertain:
        below = before(linker, site, below, frame)
    base = trace(linker, below) if below is not None else Flow()
    load = Load(
        index=linker.found.load_index[site],
        site=made,
        stage="neither",
        inputs=linker.found.loads_of(base.loads),
        actions=linker.found.actions_of(base.steps),
        local=_is_local(made, own) or asked.download is not None,
        download=linker.place(asked.download) if asked.download is not None else None,
        discarded=linker.call(site).discarded,
        onto_adapter=below is not None and not uncertain and is_adapted(linker, below),
        given=linker.evaluator.commands.words(made.repo_id),
        given_for=linker.evaluator.commands.words_of_each(made.repo_id),
        given_revision=linker.evaluator.commands.words(made.revision),
        whole=below is not None and is_whole(linker, below),
        standing=linker.standing(site),
    )
    if frame is linker.evaluator.module_frame(site.file):
        load = replace(load, rows=tuple(_rows(linker, site, loading, load)))
    outermost = frame.chain[-1] if frame.chain else site
    owner = Scope(outermost.file, linker.call(outermost).function)
    return Instance(load, Key(site, frame.chain), base, owner)


def _rows(linker: Linker, site: Site, loading: Loading, load: Load) -> Iterator[Load]:
    """What a loop over a table loads row by row; rows that differ in the id only are one."""
    alike: defaultdict[object, list[LoadSite]] = defaultdict(list)
    for frame in linker.evaluator.callers.rows(site):
        asked = asked_at(linker, site, frame)
        if asked is not None:
            arguments = in_frame(linker, loading, site, frame)
            made = _load_site(linker, site, asked, loading, arguments)
            certain = all(is_repo_id(text) for text in texts_of(made.repo_id))
            others = [each for each in made.options if each[0] != "filename"]
            alike[certain, repr(made.revision), repr(others)].append(made)
    for sites in alike.values() if len(alike) > 1 else ():
        ids = tuple(dict.fromkeys(leaf for each in sites for leaf in leaves(each.repo_id)))
        repo_id = Choice(ids) if len(ids) > 1 else ids[0]
        yield replace(load, site=msgspec.structs.replace(sites[0], repo_id=repo_id))


def _load_site(
    linker: Linker, site: Site, asked: Asked, loading: Loading, arguments: Arguments
) -> LoadSite:
    call = linker.call(site)
    return LoadSite(
        path=site.file,
        span=call.span,
        cell=call.cell,
        artifact=_artifact(linker, loading, arguments, call.text),
        loader=loading.name,
        repo_id=asked.repo_id,
        revision=asked.revision,
        options=options_of_load(linker, loading, arguments),
        function=call.function,
        text=call.text,
        revision_key=RevisionKey("") if asked.folder else _revision_key(loading.loader),
    )


def _revision_key(loader: Loader) -> RevisionKey:
    if loader.revision_in == "@":
        return RevisionKey("", behind_id=True)
    return RevisionKey(loader.revision or "", loader.revision_in if loader.revision else "")


def _artifact(linker: Linker, loading: Loading, arguments: Arguments, text: str) -> str:
    artifact = loading.loader.artifact
    if artifact == "file":
        kind = linker.evaluator.argument(arguments, ("repo_type",))
        return "dataset" if kind == Known("dataset") else artifact
    if loading.loader.packages == "" and artifact == "model":
        owner = text.partition(".from_pretrained")[0]  # `pipeline_cls = getattr(diffusers, name)`
        return unresolved(owner.rpartition(".")[2]).artifact
    return artifact


def _is_local(site: LoadSite, own: Collection[str]) -> bool:
    """Whether a load is of folders that the project itself saves to: those are no Hub ids."""
    texts = texts_of(site.repo_id)
    return bool(texts) and all(text in own for text in texts)


# --- written: recipes, command lines, adapter folders -------------------------------------------


def _written(linker: Linker, own: Collection[str]) -> Iterator[Instance]:
    """The loads that a front end gives whole (`FileFacts.loads`): nothing calls them."""
    for path, facts in linker.index.files.items():
        for position, site in enumerate(facts.loads):
            key = Key(Site(path, position, SiteKind.LOAD))
            base = written_flow(linker, path, site.inputs)
            options = tuple(each for each in site.options if not each[0].startswith(LORA))
            load = Load(
                index=linker.found.load_index[key.site],
                site=msgspec.structs.replace(site, options=options),
                stage="neither",
                inputs=linker.found.loads_of(base.loads),
                local=_is_local(site, own),
                given=linker.evaluator.commands.words(site.repo_id),
                given_revision=linker.evaluator.commands.words(site.revision),
            )
            yield Instance(load, key, base, Scope(path, site.function))
