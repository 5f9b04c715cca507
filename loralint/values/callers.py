"""Who calls a function of the project, with what, and the calling contexts that come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loralint.facts import (
    Elements,
    Parameter,
    Result,
    Self,
    Site,
    Symbol,
    Term,
    parts_of,
)
from loralint.values.calls import frame_of
from loralint.values.evaluation import Evaluation
from loralint.values.index import COMPUTED, last_name
from loralint.values.nodes import (
    Arguments,
    ByDefault,
    Class,
    Frame,
    Function,
    Instance,
    Node,
    PartialCall,
    arguments_of,
    options,
)
from loralint.values.objects import rows
from loralint.values.paths import is_test

FunctionKey = tuple[str, str]
"""A function: its file and its qualified name."""

MAX_COMPUTED = 2_000
MAX_CANDIDATES = 400
"""A name that is called more often than this is too common to look at every call."""

MAX_DEPTH = 4
"""How many callers of callers tell contexts apart."""

MAX_CALLERS = 12
MAX_FRAMES = 24
"""How many contexts of one call are told apart."""


@dataclass(slots=True, eq=False)
class Caller:
    """One call of a function; `bound` tells that `self` is not among its arguments."""

    site: Site
    arguments: Arguments
    bound: bool
    node: Function


class Callers:
    """The calls of the project's functions, as far as they are seen."""

    def __init__(
        self, evaluation: Evaluation, computed: dict[FunctionKey, list[Caller]] | None = None
    ) -> None:
        self.evaluation = evaluation
        self._computed = computed or {}
        self._callers: dict[FunctionKey, list[Caller]] = {}
        self._contexts: dict[FunctionKey, list[Frame]] = {}

    def of(self, path: str, function: str) -> list[Caller]:
        """The calls of a function that are seen in the project, in order."""
        key = (path, function)
        if key not in self._callers:
            self._callers[key] = []  # meanwhile: a function that calls itself has none yet
            self._callers[key] = self._search(key)
        return self._callers[key]

    def _search(self, wanted: FunctionKey) -> list[Caller]:
        sites = self._candidates(*wanted)
        if len(sites) > MAX_CANDIDATES:
            return []
        found = [each for site in sites for key, each in self._targets(site) if key == wanted]
        found += self._computed.get(wanted, ())
        by_site = {each.site: each for each in reversed(found)}
        stands_in = self.evaluation.index.call
        return [
            by_site[site]
            for site in sorted(by_site)
            if (site.file, stands_in(site).function) != wanted
        ]

    def _candidates(self, path: str, function: str) -> list[Site]:
        owner, _, name = function.rpartition(".")
        index = self.evaluation.index
        names = {name}
        if name == "__init__" and (path, owner) in index.classes:
            class_name = owner.rpartition(".")[2]
            names |= {class_name, *index.descendants(class_name)}
        tested = is_test(path)
        return [
            site
            for each in sorted(names)
            for site in index.calls_of(each)
            if (site.file == path or self._may_be_elsewhere(site))
            and (tested or not is_test(site.file))
        ]

    def _may_be_elsewhere(self, site: Site) -> bool:
        """Whether a call may enter a function of another file.

        A name of its own file does not, unless a star may have brought it; a method of what a name
        stands for (`trainer = Trainer()`) may.
        """
        callee = self.evaluation.index.call(site).callee
        if not isinstance(callee, Symbol) or callee.module != "" or "." in callee.name:
            return True
        return bool(self.evaluation.index.files[site.file].star_imports)

    def computed(self) -> dict[FunctionKey, list[Caller]]:
        """The calls of something that is looked up (`LOADERS[name](...)`)."""
        found: dict[FunctionKey, list[Caller]] = {}
        for site in self.evaluation.index.calls_by_name.get(COMPUTED, ())[:MAX_COMPUTED]:
            for key, caller in self._targets(site):
                found.setdefault(key, []).append(caller)
        return found

    def _targets(self, site: Site) -> Iterator[tuple[FunctionKey, Caller]]:
        """The functions of the project that a call may enter."""
        frame = self.evaluation.module_frame(site.file)
        call = self.evaluation.index.call(site)
        node = self.evaluation.callee(site, call.callee, frame)
        yield from self._entered(node, site, arguments_of(call.arguments, frame))

    def _entered(
        self, node: Node, site: Site, arguments: Arguments
    ) -> Iterator[tuple[FunctionKey, Caller]]:
        for option in options(node):
            if isinstance(option, ByDefault):
                yield from self._entered(option.node, site, arguments)
            elif isinstance(option, PartialCall):
                yield from self._entered(option.callee, site, (*option.arguments, *arguments))
            elif isinstance(option, Function):
                key = (option.path, option.fact.name)
                yield key, Caller(site, arguments, _is_bound(option), option)
            elif isinstance(option, Class):
                yield from self._constructor(option, site, arguments)

    def _constructor(
        self, node: Class, site: Site, arguments: Arguments
    ) -> Iterator[tuple[FunctionKey, Caller]]:
        """A call of a class calls the first `__init__` among its ancestors."""
        for each in self.evaluation.ancestors(node):
            key = (each.path, f"{each.fact.name}.__init__")
            fact = self.evaluation.function(*key)
            if fact is not None:
                frame = self.evaluation.module_frame(site.file)
                made = Instance(node, arguments, frame=frame, site=site)
                yield key, Caller(site, arguments, True, Function(each.path, fact, made))
                return

    def entries(self, path: str, function: str) -> list[Frame]:
        """The frames of a function, one for each call of it that is seen."""
        module = self.evaluation.module_frame
        return [
            frame_of(self.evaluation, e.node, e.arguments, module(e.site.file), e.site)
            for e in self.of(path, function)
        ]

    # --- contexts: the ways in which a function is entered, as far as they make a difference ---

    def frames(self, site: Site, *, always: bool) -> list[Frame]:
        """The frames in which a call runs; none where nobody is seen to call its function.

        Without `always` only those are told apart that give the call other values.
        """
        function = self.evaluation.index.call(site).function
        if not function or not (always or self.depends(site)):
            return []
        return self._frames_of(site.file, function, 0)

    def depends(self, site: Site) -> bool:
        """Whether the values of a call depend on who calls the function around it."""
        function = self.evaluation.index.call(site).function
        owner = function.rpartition(".")[0]
        return any(
            (isinstance(term, Parameter) and term.function == function)
            or (isinstance(term, Self) and term.class_ == owner)
            for term in self._made_of(site)
        )

    def depends_around(self, site: Site) -> bool:
        """Whether they depend on who calls that function or one around it."""
        function = f"{self.evaluation.index.call(site).function}."
        return any(
            (isinstance(term, Parameter) and function.startswith(f"{term.function}."))
            or (isinstance(term, Self) and function.startswith(f"{term.class_}."))
            for term in self._made_of(site)
        )

    def _made_of(self, site: Site) -> Iterator[Term]:
        """The terms of a call and of the calls of its file that they are results of."""
        call = self.evaluation.index.call(site)
        calls: set[int] = set()
        seen: set[int] = set()  # terms share their parts
        todo = [call.callee, *(each.value for each in call.arguments)]
        while todo:
            term = todo.pop()
            if id(term) in seen:
                continue
            seen.add(id(term))
            yield term
            if isinstance(term, Result) and term.call not in calls:
                calls.add(term.call)
                further = self.evaluation.index.call(Site(site.file, term.call))
                todo += [further.callee, *(each.value for each in further.arguments)]
            todo += parts_of(term)

    # --- rows: a loop over a table that is written down runs once for each row ---

    def rows(self, site: Site) -> list[Frame]:
        """The frames of a call, one for each row of the table that it is looped over; else none.

        The loop may stand around a call of the function that the call is in.
        """
        found = self._rows_around(site)
        function = self.evaluation.index.call(site).function
        if found or not function or not self.depends(site):
            return found
        callers = self.of(site.file, function)
        return [
            frame_of(self.evaluation, caller.node, arguments_of(given, outer), outer, caller.site)
            for caller in (callers if len(callers) <= MAX_CALLERS else ())
            for given in [self.evaluation.index.call(caller.site).arguments]
            for outer in self._rows_around(caller.site)
        ]

    def _rows_around(self, site: Site) -> list[Frame]:
        module = self.evaluation.module_frame(site.file)
        for term in dict.fromkeys(each for each in self._made_of(site) if type(each) is Elements):
            count = len(rows(self.evaluation.force(term.base, module)))
            if 1 < count <= MAX_FRAMES:
                return [Frame(site.file, row=(term, number)) for number in range(count)]
        return []

    def _frames_of(self, path: str, function: str, depth: int) -> list[Frame]:
        key = (path, function)
        if key not in self._contexts:
            self._contexts[key] = []  # a function that calls itself has no further contexts
            self._contexts[key] = list(self._entering(path, function, depth))[:MAX_FRAMES]
        return self._contexts[key]

    def _entering(self, path: str, function: str, depth: int) -> Iterator[Frame]:
        if self.evaluation.library.is_open(path, function):
            return
        callers = self.of(path, function)
        for caller in callers if len(callers) <= MAX_CALLERS else ():
            for outer in self._outer(caller.site, depth):
                call = self.evaluation.index.call(caller.site)
                node = self.evaluation.callee(caller.site, call.callee, outer)
                entered = self._entered(node, caller.site, arguments_of(call.arguments, outer))
                found = next((each for key, each in entered if key == (path, function)), None)
                if found is not None:
                    yield frame_of(self.evaluation, found.node, found.arguments, outer, caller.site)

    def _outer(self, site: Site, depth: int) -> list[Frame]:
        """The contexts of a caller, if what it passes depends on them."""
        function = self.evaluation.index.call(site).function
        if depth < MAX_DEPTH and function and self.depends(site):
            found = self._frames_of(site.file, function, depth + 1)
            if found:
                return found
        return [self.evaluation.module_frame(site.file)]


def _is_bound(node: Function) -> bool:
    if isinstance(node.receiver, Class):
        decorators = {last_name(each) for each in node.fact.decorators}
        return "classmethod" in decorators or node.fact.name.endswith((".__new__", ".__init__"))
    return node.receiver is not None
