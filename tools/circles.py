"""A contract for import-linter: no file imports itself, over however many others.

Its own `acyclic_siblings` sees circles of siblings alone: not those of a package and a file in it.
What is imported inside a function or for type checkers only counts like everything else: whoever
reads one of the files has to know the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph

Imports = Mapping[str, frozenset[str]]
"""What each file imports."""


class NoCircles(Contract):
    """`ignore_imports` are lines like `loralint -> loralint.verify.*`."""

    type_name = "no_circles"

    root = fields.StringField()
    ignore_imports = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look for circles among the files of the package."""
        found = list(circles(self._imports(graph)))
        return ContractCheck(kept=not found, metadata={"circles": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print a shortest way around each circle."""
        for circle in check.metadata["circles"]:
            output.print_error(" -> ".join((*circle, circle[0])), bold=False)
            output.new_line()

    def _imports(self, graph: ImportGraph) -> Imports:
        """The imports between files of the package, those aside that are ignored."""
        root: str = self.root  # type: ignore[assignment]
        modules = sorted(one for one in graph.modules if one == root or one.startswith(f"{root}."))
        return {
            module: frozenset(
                one
                for one in graph.find_modules_directly_imported_by(module)
                if one in modules and one != module and not self._ignores(module, one)
            )
            for module in modules
        }

    def _ignores(self, importer: str, imported: str) -> bool:
        lines: set[str] = self.ignore_imports or set()  # type: ignore[assignment]
        return any(fnmatchcase(f"{importer} -> {imported}", line) for line in lines)


def circles(imports: Imports) -> Iterator[list[str]]:
    """A shortest way around each knot of files that reach one another."""
    reached = {module: _reached(imports, module) for module in imports}
    done: set[str] = set()
    for module in sorted(imports):
        if module not in done and module in reached[module]:
            knot = {one for one in reached[module] if module in reached[one]}
            done |= knot
            yield min((_way(imports, one) for one in sorted(knot)), key=len)


def _reached(imports: Imports, start: str) -> frozenset[str]:
    """The files that a file imports, itself or through others."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        new = imports[todo.pop()] - seen
        seen |= new
        todo += new
    return frozenset(seen)


def _way(imports: Imports, start: str) -> list[str]:
    """The shortest way from a file back to itself."""
    ways = deque([[start]])
    while True:
        way = ways.popleft()
        for following in sorted(imports[way[-1]]):
            if following == start:
                return way
            if following not in way:
                ways.append([*way, following])
