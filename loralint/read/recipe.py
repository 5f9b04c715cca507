"""Recipes: configuration files that a framework runs, read for what they load and save.

A file is one on evidence only: the keys of one framework together (`catalog/recipes.py`), or
`_target_` mappings that name a loader. What a script of the project reads is found at its call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from loralint.catalog.recipe_shape import Framework, Key
from loralint.catalog.recipes import FRAMEWORKS
from loralint.facts import (
    ABSENT,
    Known,
    LoadSite,
    Reason,
    RevisionKey,
    SaveSite,
    Unknown,
    Value,
    Writing,
)
from loralint.read import hydra_targets
from loralint.read.documents import Entry, Node, Tree, find, mappings
from loralint.read.recipe_options import (
    Options,
    Reader,
    in_four_bits,
    lora_of,
    makes_adapter,
    options_of,
    reference_of,
)
from loralint.source import Span

DEEPEST = 5
"""How deep inside a file a framework's arguments may lie: a request's `input.args`."""


@dataclass
class RecipeSites:
    """The loads and saves of a file; `literals` are the places of revisions, by identity."""

    loads: list[LoadSite] = field(default_factory=list)
    saves: list[SaveSite] = field(default_factory=list)
    literals: dict[int, Span | None] = field(default_factory=dict)


def sites_of(path: str, tree: Tree) -> RecipeSites:
    """What the recipes in a file load and save; of several, each is a function of its own."""
    sites = RecipeSites()
    recipes = list(_recipes(tree))
    for where, framework, node, root in recipes:
        name = where if len(recipes) > 1 else ""
        _Recipe(Reader(path, node, root), framework, sites, name).read()
    if not recipes:
        sites.loads.extend(hydra_targets.loads(path, tree))
    return sites


# --- which mappings are recipes -----------------------------------------------------------------


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

    def has(path: str) -> bool:
        return next(find(node, path), None) is not None

    if node.entries is None or not all(map(has, framework.requires)):
        return False
    if not all(sum(map(has, keys)) >= least + more for least, keys in framework.evidence):
        return False
    reader = Reader("", node, node)
    component = reader.node("checkpointer._component_")
    is_its_own = component is None or component.text.startswith(framework.component)
    return is_its_own and not reader.holds_any(framework.never)


# --- what a recipe loads and saves --------------------------------------------------------------


@dataclass
class _Recipe:
    """The keys of one framework in one mapping, read in the order of the catalogue.

    `where` tells the recipes of one file apart.
    """

    reader: Reader
    framework: Framework
    found: RecipeSites
    where: str

    def read(self) -> None:
        """Add what the recipe loads and saves."""
        first = len(self.found.loads)
        stage = self._stage()
        options = options_of(self.reader, self.framework)
        lora = lora_of(self.reader, self.framework) if stage == "train" else {}
        for key in self.framework.loads:
            for entry, repo_id in self._ids(key):
                own = {**options, **lora} if len(self.found.loads) == first else options
                site = self._load(key, entry, repo_id)
                self.found.loads.append(self._completed(site, first, stage, own))
        made_of = (first,) if len(self.found.loads) > first else ()
        self.found.saves.extend(self._saves(made_of))

    def _stage(self) -> str:
        framework = self.framework
        for stage, conditions in (
            ("merge", framework.merge),
            ("infer", framework.infer),
            ("train", framework.train),
        ):
            if self.reader.holds_any(conditions):
                return stage
        return framework.otherwise

    def _completed(self, site: LoadSite, first: int, stage: str, options: Options) -> LoadSite:
        """A load with what the whole recipe says of it; of a dataset only its id matters."""
        if site.artifact == "dataset":
            return site
        if site.artifact != "base-model":  # what holds for tokenizers and adapters too
            shared = ("trust_remote_code", "hub")
            options = {name: options[name] for name in shared if name in options}
        is_adapter = site.artifact == "adapter"
        if is_adapter:
            options |= reference_of(self.reader, self.framework)
        if is_adapter and stage == "train":
            stage = self.framework.adapter_stage or stage
        inputs = (first,) if is_adapter else ()
        return msgspec.structs.replace(
            site,
            inputs=inputs,
            stage=stage,
            options=tuple(options.items()),
            template_at=self._template_at() if "template" in options else None,
        )

    def _template_at(self) -> Span | None:
        entry = next(find(self.reader.recipe, self.framework.template), None)
        return entry.span if entry is not None else None

    def _ids(self, key: Key) -> Iterator[tuple[Entry, Value]]:
        """The ids that a key names, each with the key that a finding stands on."""
        for entry in find(self.reader.recipe, key.path):
            node = entry.node
            if key.form == "names":
                yield from ((each, Known(name)) for name, each in (node.entries or {}).items())
            elif node.items is not None:
                items = node.items if key.form != "plain" else ()
                yield from ((entry, self._id(key, item.node)) for item in items)
            elif node.entries is None and node.value is not None:
                parts = node.text.split(",") if key.form == "commas" else [node.text]
                for text in filter(None, map(str.strip, parts)):
                    yield entry, self._id(key, Node(text, text))

    def _id(self, key: Key, node: Node) -> Value:
        given = self.reader.name(node)
        if key.form != "swift" or not isinstance(given, Known):
            return given
        text = str(given.value).partition("#")[0]
        hub, colons, name = text.partition("::")
        return Known((name if colons else hub).partition(":")[0])

    def _load(self, key: Key, entry: Entry, repo_id: Value) -> LoadSite:
        name, revision = self._revision(key, entry)
        value = self.reader.name(revision.node) if revision is not None else ABSENT
        mirrored = self.framework.mirrors and in_four_bits(self.reader, self.framework)
        if mirrored and key.artifact != "dataset":
            value = Unknown(Reason.MIRRORED if value == ABSENT else Reason.DROPPED)
        if revision is not None and isinstance(value, Known):
            self.found.literals[id(value)] = revision.node.literal
        insert_at, margins = self._insertion(key)
        return LoadSite(
            path=self.reader.path,
            span=entry.span,
            artifact=key.artifact,
            loader=key.path.replace("[]", ""),
            repo_id=repo_id,
            revision=value,
            function=self.where,
            text=f"{key.path}: {repo_id.value if isinstance(repo_id, Known) else ''}",
            revision_key=RevisionKey(name),
            writing=Writing.RECIPE,
            revision_at=revision.span if revision is not None else None,
            insert_at=insert_at,
            margins=margins,
        )

    def _saves(self, inputs: tuple[int, ...]) -> Iterator[SaveSite]:
        adapter = makes_adapter(self.reader, self.framework)
        for path in self.framework.saves:
            for entry in find(self.reader.recipe, path):
                target = self.reader.name(entry.node)
                if target != ABSENT:
                    is_adapter = adapter and path not in self.framework.merged_saves
                    yield SaveSite(
                        path=self.reader.path,
                        span=entry.span,
                        artifact="adapter" if is_adapter else "model",
                        target=target,
                        function=self.where,
                        text=path,
                        inputs=inputs,
                    )

    # --- the revision's key ---

    def _revision(self, key: Key, entry: Entry) -> tuple[str, Entry | None]:
        """The key that gives the revision of what `entry` names, or that would: then no entry."""
        candidates = [(path, e) for path in key.revision for e in find(self.reader.recipe, path)]
        for owner in find(self.reader.recipe, key.path.rpartition(".")[0]) if key.own else ():
            beside = owner.node.entries or {}
            if entry in beside.values():
                candidates += [(name, beside[name]) for name in key.own if name in beside]
        for name, found in candidates:
            if self.reader.name(found.node) != ABSENT:
                return name, found
        return next(iter((*key.revision, *key.own)), ""), None

    def _insertion(self, key: Key) -> tuple[Span | None, tuple[str, str]]:
        """Where the revision's key may go, and its margins.

        It goes above the first key whose revision it gives, if that begins a row of its own.
        """
        nowhere = None, ("", "")
        if not key.revision or any(self.reader.node(path) is not None for path in key.revision):
            return nowhere
        for alike in self.framework.loads:
            entry = next(find(self.reader.recipe, alike.path), None)
            if alike.revision[:1] != key.revision[:1] or entry is None:
                continue
            if "." in alike.path or not entry.starts_line:
                return nowhere
            start = entry.span.start
            comma = "," if self.reader.path.endswith(".json") else ""
            return Span(start, start), ("", f"{comma}\n{' ' * (start.column - 1)}")
        return nowhere
