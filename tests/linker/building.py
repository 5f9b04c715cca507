"""Small projects for the linker's tests: sources through the front end, or facts by hand."""

from textwrap import dedent

from loralint.config import Config
from loralint.facts import (
    Absent,
    Argument,
    CallFact,
    Choice,
    Default,
    FileFacts,
    Known,
    Origin,
    OriginKind,
    Symbol,
    Term,
    Unknown,
    Value,
)
from loralint.project import Load, Project
from loralint.project.linking import link
from loralint.read import extract
from loralint.source import Source, Span

KINDS = {".py": "python", ".yaml": "yaml", ".json": "json", ".toml": "toml", ".env": "dotenv"}
AUTO = "from transformers import AutoModelForCausalLM, AutoTokenizer\n"


def facts_of(sources):
    """The facts of sources by path."""
    return {path: extract(_source(path, text)) for path, text in sources.items()}


def _source(path, text):
    kind = next(kind for suffix, kind in KINDS.items() if path.endswith(suffix))
    return Source(path, kind, dedent(text).encode())


def linked(sources, config: Config | None = None, others=()) -> Project:
    """The project of sources by path; `others` are paths without facts."""
    facts = facts_of(sources)
    return link(facts, {*facts, *others}, config or Config())


def only_load(source, **more) -> Load:
    """The one load of a script that may use other files."""
    project = linked({"main.py": source, **{_path(name): text for name, text in more.items()}})
    (found,) = [load for load in project.loads if load.site.path == "main.py"]
    return found


def _path(name):
    return name.replace("__", "/") + ".py"


def short(value: Value) -> object:
    """A value in few characters: "x", "x by default", ["x", "y"], "-", "? origin"."""
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Default):
        return f"{value.value} by default"
    if isinstance(value, Choice):
        return [short(each) for each in value.values]
    return "-" if isinstance(value, Absent) else f"? {decides(value.origin)}".strip()


def decides(origin: Origin | None) -> str:
    """Who decides, in few characters: "main.py:args.model", "env:BASE", "{main.py:f.out}/x"."""
    if origin is None:
        return ""
    names = ("args", *origin.name) if origin.kind is OriginKind.OPTION else origin.name
    name = ".".join(names)
    if origin.kind is OriginKind.JOINED:
        parts = (f"{{{decides(p)}}}" if isinstance(p, Origin) else p for p in origin.parts)
        return f"{''.join(parts)}{name}"
    if origin.kind in (OriginKind.ENVIRONMENT, OriginKind.IMPORT):
        begins = "env" if origin.kind is OriginKind.ENVIRONMENT else f"import:{origin.file}"
        return f"{begins}:{name}"
    owner = [decides(p) if isinstance(p, Origin) else p for p in origin.parts]
    return f"{origin.file or ''.join(owner)}:{name}"


def is_one(*values: Value) -> bool:
    """Whether values that others decide are certainly decided by one and the same thing."""
    origins = {getattr(value, "origin", None) for value in values}
    return len(origins) == 1 and None not in origins


def repos(source, **more):
    """The repo ids of all loads of a script, in order."""
    files = {"main.py": source, **{_path(name): text for name, text in more.items()}}
    loads = linked(files).loads
    return [load.site.repo_id for load in loads if load.site.path == "main.py"]


def revisions(source):
    """The revisions of all loads of a script, in order."""
    return [load.site.revision for load in linked({"main.py": source}).loads]


def repo(source, **more):
    """The repo id of the one load of a script, in short."""
    return short(only_load(source, **more).site.repo_id)


def revision(source, **more):
    """The revision of the one load of a script, in short."""
    return short(only_load(source, **more).site.revision)


def rows(project: Project):
    """Each load as its row, artifact, repo id and revision."""
    return [
        (load.site.span.start.row, load.site.artifact, short(load.site.repo_id),
         short(load.site.revision))
        for load in project.loads
    ]  # fmt: skip


def paired(project: Project):
    """Each pair as places and its rule."""
    return [
        (str(each.train.place), str(each.infer.place), each.kind.value) for each in project.pairs
    ]


# --- facts by hand ------------------------------------------------------------------------------


def call(row: int, callee: Term, *arguments: Term, function: str = "", **named: Term) -> CallFact:
    """A call that stands at the beginning of a row."""
    given = tuple(Argument(value) for value in arguments)
    keywords = tuple(Argument(value, name) for name, value in named.items())
    return CallFact(Span.of(row, 1, row, 9), callee, (*given, *keywords), function, f"call_{row}()")


def file(path: str = "main.py", *calls: CallFact, **fields: object) -> FileFacts:
    """The facts of a file."""
    return FileFacts(path=path, calls=calls, **fields)


def model(name: str = "AutoModelForCausalLM") -> Symbol:
    """The loading method of a class of transformers."""
    return Symbol("transformers", f"{name}.from_pretrained")


def by_hand(*files: FileFacts) -> Project:
    """The project of facts."""
    return link({each.path: each for each in files}, [each.path for each in files], Config())


def is_unknown(value: Value) -> bool:
    """Whether a value cannot be known."""
    return isinstance(value, Unknown)
