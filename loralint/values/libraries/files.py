"""Configuration files that a script reads, and the environment: found by path, looked up by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from loralint.facts import (
    ABSENT,
    Absent,
    Attribute,
    Data,
    Default,
    Environment,
    Known,
    Origin,
    OriginKind,
    Reason,
    Site,
    Symbol,
    Unknown,
)
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import (
    ByDefault,
    Frame,
    MappingNode,
    Node,
    SequenceNode,
    arguments_of,
    merge,
    options,
    soften,
)
from loralint.values.paths import candidates, files_alike, files_meant
from loralint.values.values import joined, origin_of, texts_of

DOTENV = ".env"
_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


class Files:
    """The configuration files and `.env` files of a project."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._whole: dict[str, Node] = {}
        self._writers: dict[str, list[Node]] | None = None
        self._dotenvs: dict[str, list[str]] | None = None
        """The `.env` files that the scripts of a folder load."""

    def content(self, term: Data, frame: Frame) -> Node:
        """What the file at a path holds; a path that may be another one makes it a default."""
        path = self.evaluation.force(term.path, frame)
        return merge(self._at(each, frame) for each in options(path))

    def _at(self, path: Node, frame: Frame) -> Node:
        """What one path holds; one of which a part is not known is each of the files there."""
        if isinstance(path, (Known, Default)) and isinstance(path.value, str):
            found = self._named(path.value, frame.path)
            found = found or self._written(path.value, frame.path)
            if found is not None:
                return found if isinstance(path, Known) else soften(found, path.origin)
            origin = path.origin if isinstance(path, Default) else None
            missing = origin or Origin(OriginKind.FILE, path.value)
            return Unknown(Reason.NOT_FOUND, path.value, missing)
        if isinstance(path, (MappingNode, ByDefault)):
            return path  # json.loads of what is no path after all
        alike = self._alike(path, frame.path) if isinstance(path, Unknown) else ()
        if alike:
            return merge(map(self._read, alike), origin_of(path))
        what = "the content of a file that is not known"
        return Unknown(Reason.EXPRESSION, what, origin_of(path))

    def _alike(self, path: Unknown, script: str) -> tuple[str, ...]:
        if not path.pattern:
            return ()
        files = self.evaluation.index.files
        found = files_alike(path, script, self.evaluation.index.paths)
        read = (files[each].data for each in found if each in files)
        return found if sum(not isinstance(data, Absent) for data in read) == len(found) else ()

    def _named(self, text: str, script: str) -> Node | None:
        """The content of a configuration file as a script names it."""
        for path in files_meant(text, script):
            facts = self.evaluation.index.files.get(path)
            if facts is not None and not isinstance(facts.data, Absent):
                return self._read(path)
        return None

    def _written(self, text: str, script: str) -> Node | None:
        """What the project itself writes into a file that is not there yet."""
        if self._writers is None:
            self._writers = {}
            names = ("dump", "safe_dump", "write_text")
            index = self.evaluation.index
            for site in (site for name in names for site in index.calls_by_name.get(name, ())):
                for path, data in self._writing(site):
                    self._writers.setdefault(path, []).append(data)
        found = [each for e in candidates(text, script) for each in self._writers.get(e, ())]
        origin = Origin(OriginKind.FILE, text)
        return soften(merge(found), origin) if found else None

    def _writing(self, site: Site) -> Iterator[tuple[str, Node]]:
        """The paths that a call writes to, with the data that it writes."""
        call = self.evaluation.index.call(site)
        method = call.callee if isinstance(call.callee, Attribute) else None
        written = method is not None and method.name == "write_text"
        given = [each.value for each in call.arguments if each.name is None and not each.stars]
        term = method.base if method is not None and written else given[1] if given[1:] else ABSENT
        if not given or isinstance(term, Absent):
            return
        frame = self.evaluation.module_frame(site.file)
        path = term.path if isinstance(term, Data) else term
        data = self.evaluation.force(given[0], frame)
        if isinstance(data, (MappingNode, SequenceNode)):
            for text in texts_of(self.evaluation.value(self.evaluation.force(path, frame))):
                yield from ((each, data) for each in candidates(text, site.file))

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
        """What the first `.env` file says that the folder's scripts load, or what they import."""
        modules, facts = self.evaluation.index.modules, self.evaluation.index.files.get(script)
        imported = [modules.find(script, each) for each in facts.imports] if facts else []
        folders = dict.fromkeys(dirname(each) for each in (script, *imported) if each is not None)
        for path in (path for folder in folders for path in self._loaded_in(folder)):
            found = self.evaluation.item(self._read(path), Known(name), ABSENT)
            if isinstance(found, Known):
                return found
        return None

    def _loaded_in(self, folder: str) -> list[str]:
        if self._dotenvs is None:
            self._dotenvs = {}
            index = self.evaluation.index
            for site in index.calls_by_name.get("load_dotenv", ()):
                if isinstance(index.call(site).callee, Symbol):
                    loaded = self._dotenvs.setdefault(dirname(site.file), [])
                    loaded += (path for path in self._env_files(site) if path not in loaded)
        return self._dotenvs.get(folder, [])

    def _env_files(self, site: Site) -> Iterator[str]:
        """The files that one call may load: that of its path, or `.env`."""
        for text in env_paths(self.evaluation, site):
            for path in candidates(text, site.file):
                facts = self.evaluation.index.files.get(path)
                if facts is not None and not isinstance(facts.data, Absent):
                    yield path
                    break


def env_paths(evaluation: Evaluation, site: Site) -> tuple[str, ...]:
    """The paths that a call of `load_dotenv` is given; `.env` where it is given none."""
    call = evaluation.index.call(site)
    frames = evaluation.entries(site.file, call.function) if call.function else []
    found: dict[str, None] = {}
    for frame in [*frames, evaluation.module_frame(site.file)]:
        arguments = arguments_of(call.arguments, frame)
        given = evaluation.argument(arguments, ("dotenv_path", "path"), 0)
        texts = texts_of(evaluation.value(given)) if given is not None else (DOTENV,)
        found.update(dict.fromkeys(text or DOTENV for text in texts))
    return tuple(found) or (DOTENV,)


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
