"""Recipes: configuration files that are run by a framework, read for what they load and save.

A file is one on evidence only: the keys of one framework together (`catalog/recipes.py`), or
`_target_` mappings that name a loader. What a script of the project reads is found at its call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import yaml

from loralint.catalog.recipe_shape import Framework, Key
from loralint.catalog.recipe_signs import may_be_recipe
from loralint.catalog.recipes import FRAMEWORKS
from loralint.facts import ABSENT, FileFacts, Known, LoadSite, RevisionKey, SaveSite, Value, Writing
from loralint.literals import by_identity, held, with_literals
from loralint.read import recipe_revision, recipe_targets
from loralint.read.recipe_comments import suppressions
from loralint.read.recipe_literals import data_literals
from loralint.read.recipe_nodes import Entry, Node, Tree, find, mappings
from loralint.read.recipe_tree import parse
from loralint.read.recipe_values import (
    Options,
    Reader,
    lora_of,
    makes_adapter,
    options_of,
)
from loralint.read.yaml_nodes import TooLarge
from loralint.source import Source, Span

DEEPEST = 5
"""How deep inside a file a framework's arguments may lie: a request's `input.args`."""


def with_recipe(source: Source, facts: FileFacts) -> FileFacts:
    """The facts of a configuration file with what it says as a recipe, where it is one."""
    if source.kind == "dotenv" or facts.error is not None:
        return facts
    is_recipe = may_be_recipe(source.path, source.content)
    if not is_recipe and next(held(facts), None) is None:
        return facts
    try:
        tree = parse(source)
    except (yaml.YAMLError, TooLarge, ValueError, RecursionError):
        return facts
    found = _Found()
    if not is_recipe:
        return with_literals(facts, by_identity(data_literals(facts.data, tree)))
    recipes = list(_recipes(tree))
    for where, framework, node, root in recipes:
        recipe = _Recipe(Reader(source.path, node, root), framework, found)
        recipe.read(where if len(recipes) > 1 else "")
    if not recipes:
        found.loads.extend(recipe_targets.loads(source.path, tree))
    facts = msgspec.structs.replace(
        facts,
        loads=tuple(found.loads),
        saves=tuple(found.saves),
        suppressions=suppressions(source.content.decode("utf-8-sig"), tree),
    )
    return with_literals(facts, by_identity({**found.literals, **data_literals(facts.data, tree)}))


def _recipes(tree: Tree) -> Iterator[tuple[str, Framework, Node, Node]]:
    """The recipes in a file: a document that is one, else the mappings inside it that are."""
    for number, document in enumerate(tree.documents, 1):
        prefix = f"document {number}"
        root = _framework(document, 0)
        if root is not None:
            yield prefix, root, document, document
            continue
        for path, node in mappings(document):
            inner = _framework(node, 2) if path and path.count(".") < DEEPEST else None
            if inner is not None:
                yield f"{prefix}: {path}", inner, node, document


def _framework(node: Node, more: int) -> Framework | None:
    return next((one for one in FRAMEWORKS if _fits(node, one, more)), None)


def _fits(node: Node, framework: Framework, more: int) -> bool:
    """Whether a mapping has a framework's keys together; one that lies deeper needs `more`."""
    if node.entries is None or not all(_has(node, key) for key in framework.requires):
        return False
    if not all(
        sum(_has(node, key) for key in keys) >= least + more for least, keys in framework.evidence
    ):
        return False
    reader = Reader("", node, node)
    return _is_built_so(reader, framework) and not any(map(reader.holds, framework.never))


def _is_built_so(reader: Reader, framework: Framework) -> bool:
    """Whether the components that a recipe names are the framework's own."""
    node = reader.node("checkpointer._component_")
    return node is None or node.text.startswith(framework.component)


def _has(node: Node, path: str) -> bool:
    return next(find(node, path), None) is not None


@dataclass
class _Found:
    """The loads and saves of a file so far."""

    loads: list[LoadSite] = field(default_factory=list)
    saves: list[SaveSite] = field(default_factory=list)
    literals: dict[int, Span | None] = field(default_factory=dict)


@dataclass
class _Recipe:
    """The keys of one framework in one mapping, read in the order of the catalogue."""

    reader: Reader
    framework: Framework
    found: _Found

    def read(self, where: str) -> None:
        """Add what the recipe loads and saves; `where` tells the recipes of one file apart."""
        first = len(self.found.loads)
        stage = self._stage()
        options = options_of(self.reader, self.framework)
        lora = lora_of(self.reader, self.framework) if stage == "train" else {}
        for key in self.framework.loads:
            for entry, repo_id in self._ids(key):
                site = self._load(key, entry, repo_id, where)
                inputs: tuple[int, ...] = (first,) if key.artifact == "adapter" else ()
                own = {**options, **lora} if len(self.found.loads) == first else options
                self.found.loads.append(_completed(site, inputs, self._side(key, stage), own))
        made_of = (first,) if len(self.found.loads) > first else ()
        self.found.saves.extend(self._saves(made_of, where))

    def _stage(self) -> str:
        framework = self.framework
        for stage, conditions in (
            ("merge", framework.merge),
            ("infer", framework.infer),
            ("train", framework.train),
        ):
            if any(self.reader.holds(condition) for condition in conditions):
                return stage
        return framework.otherwise

    def _side(self, key: Key, stage: str) -> str:
        decided = key.artifact == "adapter" and self.framework.adapter_stage
        return decided if decided and stage == "train" else stage

    def _ids(self, key: Key) -> Iterator[tuple[Entry, Value]]:
        """The ids that a key names, each with the key that a finding stands on."""
        for entry in find(self.reader.recipe, key.path):
            node = entry.node
            if key.form == "names":
                yield from ((each, Known(name)) for name, each in (node.entries or {}).items())
            elif node.items is not None:
                items = node.items if key.form != "plain" else ()
                yield from ((entry, self._id(key, item.node)) for item in items)
            elif node.entries is None:
                yield from ((entry, each) for each in self._written(key, node))

    def _written(self, key: Key, node: Node) -> Iterator[Value]:
        """The ids that a scalar names."""
        parts = node.text.split(",") if key.form == "commas" else [node.text]
        for part in parts if node.value is not None else ():
            if part.strip():
                yield self._id(key, Node(part.strip(), part.strip()))

    def _id(self, key: Key, node: Node) -> Value:
        given = self.reader.name(node)
        if key.form != "swift" or not isinstance(given, Known):
            return given
        text = str(given.value).partition("#")[0]
        hub, colons, name = text.partition("::")
        return Known((name if colons else hub).partition(":")[0])

    def _load(self, key: Key, entry: Entry, repo_id: Value, where: str) -> LoadSite:
        name, revision = recipe_revision.given(self.reader, key, entry)
        value = recipe_revision.value(self.reader, self.framework, key, revision)
        if revision is not None and isinstance(value, Known):
            self.found.literals[id(value)] = revision.node.span
        insert_at, margins = recipe_revision.insertion(self.reader, self.framework, key)
        return LoadSite(
            path=self.reader.path,
            span=entry.span,
            artifact=key.artifact,
            loader=key.path.replace("[]", ""),
            repo_id=repo_id,
            revision=value,
            function=where,
            text=f"{key.path}: {repo_id.value if isinstance(repo_id, Known) else ''}",
            revision_key=RevisionKey(name),
            writing=Writing.RECIPE,
            revision_at=revision.span if revision is not None else None,
            insert_at=insert_at,
            margins=margins,
        )

    def _saves(self, inputs: tuple[int, ...], where: str) -> Iterator[SaveSite]:
        adapter = makes_adapter(self.reader, self.framework)
        for path in self.framework.saves:
            for entry in find(self.reader.recipe, path):
                if (target := self.reader.name(entry.node)) == ABSENT:
                    continue
                yield SaveSite(
                    path=self.reader.path,
                    span=entry.span,
                    artifact="adapter" if adapter and "export" not in path else "model",
                    target=target,
                    function=where,
                    text=path,
                    inputs=inputs,
                )


def _completed(site: LoadSite, inputs: tuple[int, ...], stage: str, options: Options) -> LoadSite:
    """A load with what its whole recipe says of it; nothing but its id matters of a dataset."""
    if site.artifact == "dataset":
        return site
    given = tuple((options if site.artifact == "base-model" else _shared(options)).items())
    return msgspec.structs.replace(site, inputs=inputs, stage=stage, options=given)


def _shared(options: Options) -> Options:
    """What holds for tokenizers and adapters too."""
    return {name: options[name] for name in ("trust_remote_code", "hub") if name in options}
