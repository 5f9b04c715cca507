"""Configuration files that a script reads, and the environment: found by path, looked up by key."""

from __future__ import annotations

import re
from posixpath import dirname

from loralint.facts import (
    ABSENT,
    Absent,
    Data,
    Default,
    Environment,
    Known,
    Origin,
    OriginKind,
    Reason,
    Symbol,
    Unknown,
)
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import ByDefault, Frame, MappingNode, Node, merge, options, soften
from loralint.values.paths import candidates
from loralint.values.values import joined, origin_of

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


class Files:
    """The configuration files and `.env` files of a project."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._whole: dict[str, Node] = {}
        self._with_dotenv: frozenset[str] | None = None

    def content(self, term: Data, frame: Frame) -> Node:
        """What the file at a path holds; a path that may be another one makes it a default."""
        path = self.evaluation.force(term.path, frame)
        return merge(self._at(each, frame) for each in options(path))

    def _at(self, path: Node, frame: Frame) -> Node:
        if isinstance(path, (Known, Default)) and isinstance(path.value, str):
            found = self._named(path.value, frame.path)
            if found is not None:
                return found if isinstance(path, Known) else soften(found, path.origin)
            origin = path.origin if isinstance(path, Default) else None
            missing = origin or Origin(OriginKind.FILE, path.value)
            return Unknown(Reason.NOT_FOUND, path.value, missing)
        if isinstance(path, (MappingNode, ByDefault)):
            return path  # json.loads of what is no path after all
        what = "the content of a file that is not known"
        return Unknown(Reason.EXPRESSION, what, origin_of(path))

    def _named(self, text: str, script: str) -> Node | None:
        """The content of a configuration file as a script names it."""
        for path in candidates(text, script):
            facts = self.evaluation.index.files.get(path)
            if facts is not None and not isinstance(facts.data, Absent):
                return self._read(path)
        return None

    def _read(self, path: str) -> Node:
        """A configuration file, whose interpolations look into itself."""
        if path not in self._whole:
            frame = Frame(path)
            whole = self.evaluation.force(self.evaluation.index.files[path].data, frame)
            frame.interpolate = lambda text: interpolated(self.evaluation, text, whole)
            self._whole[path] = whole
        return self._whole[path]

    # --- the environment ---

    def environment(self, term: Environment, frame: Frame) -> Node:
        """A variable: what a `.env` file that is loaded says, or its default."""
        origin = Origin(OriginKind.ENVIRONMENT, name=(term.name,))
        written = self._dotenv(term.name, frame.path)
        if written is not None:
            return soften(written, origin)
        default = self.evaluation.force(term.default, frame)
        if default == ABSENT or default == Known(None):
            return Default(None, origin)
        return soften(default, origin)

    def _dotenv(self, name: str, script: str) -> Node | None:
        if dirname(script) not in self._loading_folders():
            return None
        whole = self._named(".env", script)
        found = self.evaluation.item(whole, Known(name), ABSENT) if whole is not None else None
        return found if isinstance(found, Known) else None

    def _loading_folders(self) -> frozenset[str]:
        """The folders of the scripts that call load_dotenv."""
        if self._with_dotenv is None:
            index = self.evaluation.index
            sites = index.calls_by_name.get("load_dotenv", ())
            named = (site for site in sites if isinstance(index.call(site).callee, Symbol))
            self._with_dotenv = frozenset(dirname(site.file) for site in named)
        return self._with_dotenv


def interpolated(evaluation: Evaluation, text: str, whole: Node) -> Node:
    """A string with `${a.b}` in it, as OmegaConf reads it in the configuration `whole`."""
    parts: list[Node] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts += [Known(text[end : match.start()]), _reference(evaluation, match[1], whole)]
        end = match.end()
    parts.append(Known(text[end:]))
    kept = [part for part in parts if part != Known("")]
    return kept[0] if len(kept) == 1 else joined(kept, "")


def _reference(evaluation: Evaluation, text: str, whole: Node) -> Node:
    if text.startswith(("oc.env:", "env:", "oc.env ")):
        name, _, default = text.partition(":")[2].partition(",")
        origin = Origin(OriginKind.ENVIRONMENT, name=(name.strip(),))
        return Default(default.strip() or None, origin)
    if ":" in text or text.startswith("."):
        return Unknown(Reason.EXPRESSION, "an interpolation that is computed")
    node = whole
    for name in text.split("."):
        node = evaluation.item(node, Known(name))
    return node
