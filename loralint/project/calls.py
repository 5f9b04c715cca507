"""What each call of a project is to the linker, asked once: a load, an action, a save.

Whether a call loads may depend on what flows into it, that is on other calls. So everybody asks
`Linker.meaning`; how the question is answered (`classify.meaning_of`) is handed to it. While an
answer is being looked for, the call means nothing: nothing loads through itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from loralint.catalog import Loader
from loralint.facts import CallFact, Site, SiteKind, Symbol, Value
from loralint.project.loads import Standing
from loralint.source import Place
from loralint.values.evaluator import Evaluator
from loralint.values.index import Index
from loralint.values.nodes import Arguments, CallResult, Frame, Instance, Node, arguments_of


@dataclass(frozen=True, slots=True)
class Loading:
    """By which loader of the catalogue a call loads, called how, on which classes, with what.

    `arguments` are those of the call and of the partials it goes through, in the file's own frame.
    """

    loader: Loader
    name: str
    classes: tuple[str, ...]
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Asked:
    """What a load asks for in one frame.

    What a download fetched is what the download asked for. `folder` tells that a folder is named,
    and no repository: nothing the load is given decides the revision.
    """

    repo_id: Value
    revision: Value
    folder: bool = False
    download: Site | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """The kind of action that a call is (`catalog.actions`), and what is called."""

    kind: str
    callee: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one call is, whoever calls its function; it may be several things.

    `asked` is what a load asks for, None where a loader is called and loads nothing (a trainer
    that is given a model). `saving` is the name of the saving method that is called, and
    `arguments` tells that the call makes a trainer's arguments, with an output folder.
    """

    loading: Loading | None = None
    asked: Asked | None = None
    acting: Acting | None = None
    saving: str = ""
    arguments: bool = False

    @property
    def loads(self) -> bool:
        """Whether something is loaded."""
        return self.asked is not None

    @property
    def artifact(self) -> str:
        """What the loader that is called loads; "" where none is."""
        return self.loading.loader.artifact if self.loading is not None else ""

    @property
    def kind(self) -> str:
        """The kind of action, "" for none."""
        return self.acting.kind if self.acting is not None else ""


NOTHING = Meaning()


@dataclass(frozen=True, slots=True)
class Found:
    """The calls that load, act, save or make a trainer's arguments, in the order of the files.

    The indices are those of `Project.loads`, where the written loads come last, and of
    `Project.actions`.
    """

    loads: tuple[Site, ...]
    actions: tuple[Site, ...]
    saves: tuple[Site, ...]
    arguments: tuple[Site, ...]
    load_index: Mapping[Site, int]
    action_index: Mapping[Site, int]

    def loads_of(self, keys: Iterable[tuple[Site, object]]) -> tuple[int, ...]:
        """The indices of loads, in order and each once."""
        return _indices(self.load_index, (site for site, _ in keys))

    def actions_of(self, sites: Iterable[Site]) -> tuple[int, ...]:
        """The indices of the calls among some that are actions."""
        return _indices(self.action_index, sites)


def _indices(table: Mapping[Site, int], sites: Iterable[Site]) -> tuple[int, ...]:
    return tuple(sorted({table[site] for site in sites if site in table}))


@dataclass(slots=True)
class Linker:
    """What the passes of the linker share: the evaluator, and what every call means."""

    evaluator: Evaluator
    classify: Callable[[Linker, Site], Meaning]
    _meanings: dict[Site, Meaning] = field(default_factory=dict)
    _found: Found | None = None

    @property
    def index(self) -> Index:
        """The facts of the project."""
        return self.evaluator.index

    def meaning(self, site: Site) -> Meaning:
        """What the call at a site is."""
        known = self._meanings.get(site)
        if known is None:
            self._meanings[site] = NOTHING
            known = self._meanings[site] = self.classify(self, site)
        return known

    @property
    def found(self) -> Found:
        """What the calls of all files are."""
        if self._found is None:
            self._found = self._collect()
        return self._found

    def _collect(self) -> Found:
        sites = [site for path in sorted(self.index.files) for site in self._candidates(path)]
        meanings = [(site, self.meaning(site)) for site in sites]
        loads = [site for site, meaning in meanings if meaning.loads]
        actions = tuple(site for site, meaning in meanings if meaning.acting is not None)
        files = self.index.files.items()
        written = [
            Site(path, number, SiteKind.LOAD)
            for path, facts in files
            for number in range(len(facts.loads))
        ]
        return Found(
            tuple(loads),
            actions,
            tuple(site for site, meaning in meanings if meaning.saving),
            tuple(site for site, meaning in meanings if meaning.arguments),
            {site: position for position, site in enumerate((*loads, *written))},
            {site: position for position, site in enumerate(actions)},
        )

    def _candidates(self, path: str) -> Iterator[Site]:
        """The calls of a file but those of its own functions: they are most, and none of these."""
        for position, call in enumerate(self.index.files[path].calls):
            callee = call.callee
            own = callee.name if isinstance(callee, Symbol) and callee.module == "" else ""
            if "." in own or (path, own) not in self.index.functions:
                yield Site(path, position)

    def made(self, node: Node) -> Meaning:
        """What the call is that made an object."""
        site = made_at(node)
        return self.meaning(site) if site is not None else NOTHING

    def call(self, site: Site) -> CallFact:
        """The call at a site."""
        return self.index.call(site)

    def standing(self, site: Site) -> Standing:
        """Where a call stands in its function's flow."""
        call = self.call(site)
        return Standing(call.blocks, call.kept, call.renewed)

    def place(self, site: Site) -> Place:
        """Where a call stands."""
        call = self.call(site)
        return Place(site.file, call.span, call.cell)

    def arguments(self, site: Site, frame: Frame | None = None) -> Arguments:
        """The arguments of a call in a frame, or as they stand in the file."""
        return arguments_of(
            self.call(site).arguments, frame or self.evaluator.module_frame(site.file)
        )

    def arguments_of(self, node: CallResult) -> Arguments:
        """The arguments of the call that a library's object is the result of."""
        return self.arguments(node.site, node.frame)


def made_at(node: Node) -> Site | None:
    """The call that made an object."""
    if isinstance(node, CallResult):
        return node.site
    return node.site if isinstance(node, Instance) else None
