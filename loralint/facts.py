"""What one file says, as plain data: terms, calls, functions, classes.

A `Term` is what an expression stands for. A front end reduces what it can within the file and
leaves the rest symbolic (`Parameter`, `Symbol`, `Attribute` ...); the linker, which sees every
file, reduces a term to a `Value`. Facts can be compared, cached and sent to another process.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from loralint.lockfile import Lock
from loralint.source import Span

Scalar: TypeAlias = str | int | float | bool | None


class _Fact(msgspec.Struct, frozen=True, tag=True, array_like=True, gc=False):
    """Base of everything below: immutable, compact when serialised."""


# --- values: what a term can be reduced to ------------------------------------------------------


class Absent(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Nothing was given."""


class Known(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Certainly this value."""

    value: Scalar


class Default(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """This value unless somebody says otherwise: an option's, field's or parameter's default.

    `origin` names who may say otherwise (see `Unknown.origin`).
    """

    value: Scalar
    origin: str = ""


class Symbol(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A name of a module: `Symbol("transformers", "AutoModel.from_pretrained")`.

    `module` is as written after `from` or `import` (leading dots for relative imports), or ""
    for the file itself; `name` is dotted and may be empty for the module.
    """

    module: str
    name: str


class Unknown(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Cannot be known, with the reason in words.

    Two unknowns of one non-empty `origin` ("train.py:args.model", "env:BASE") are the same value.
    `pattern` is what is known of a string that is put together: `out/run-{}` (linker/patterns.py).
    """

    reason: str
    origin: str = ""
    pattern: str = ""


_CALL = re.compile(r".*#\d+(\.\d+)?\.")
"""The call that an option comes from: nobody wrote it so."""

_CONSTRUCTOR = re.compile(r"\.?__init__\b")
_WRITTEN = re.compile(r"[A-Za-z_]\w*(\.\w+)*")


def written_name(origin: str) -> str:
    """What decides a value, as its author writes it: `args.model`; "" where nobody wrote it.

    An origin is the evaluator's own: calls in it are numbers, parts of paths stand in braces.
    """
    name = _CALL.sub("", origin.rpartition(":")[2])
    _, found, option = name.rpartition(".args.")
    name = _CONSTRUCTOR.sub("", f"args.{option}" if found else name)
    return name if _WRITTEN.fullmatch(name) else ""


class Choice(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """One of several: a conditional expression, or names that branches bind differently."""

    values: tuple[Term, ...]


# --- open terms: only the linker can close them -------------------------------------------------


class Parameter(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A parameter of a function of this file; `function` is its qualified name."""

    function: str
    name: str


class Self(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """The instance (`self`) in a method of the class with this qualified name of this file."""

    class_: str


class Result(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """What the call with this index in `FileFacts.calls` returns."""

    call: int


class Attribute(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`base.name`."""

    base: Term
    name: str


class Item(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`base[key]`, `base.get(key, default)`; `default` is Absent where none is given."""

    base: Term
    key: Term
    default: Term = Absent()


class Join(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A string put together from parts; `separator` is "/" for paths and "" otherwise."""

    parts: tuple[Term, ...]
    separator: str = ""


class Mapping(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A dict, or an object with some keys or attributes set anew: later entries win.

    An entry whose key is None spreads another mapping (`**base`).
    """

    entries: tuple[tuple[str | None, Term], ...]


class Sequence(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A list, tuple or set display."""

    items: tuple[Term, ...]


class Elements(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Any one element of a collection: the target of a `for` loop."""

    base: Term


class Either(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`a or b or c`: the first that is true; of one value, what it is where it is true."""

    values: tuple[Term, ...]


class Environment(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """An environment variable; `default` is Absent where none is given."""

    name: str
    default: Term = Absent()


class Data(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """What a configuration file holds: `yaml.safe_load(open(path))` and its kin.

    `path` reduces to the file's path as the script writes it; `folder` is True for Hydra's
    config folder, where `path` names the primary file without its suffix.
    """

    path: Term
    hydra: bool = False


class Partial(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`functools.partial(callee, *arguments)`."""

    callee: Term
    arguments: tuple[Argument, ...]


Term: TypeAlias = (
    Absent | Known | Default | Symbol | Unknown | Choice | Parameter | Self | Result | Attribute
    | Item | Join | Mapping | Sequence | Elements | Either | Environment | Data | Partial
)  # fmt: skip

Value: TypeAlias = Absent | Known | Default | Choice | Unknown
"""What rules see. A `Choice` of a value holds values only."""

ABSENT = Absent()


# --- what happens in a Python file --------------------------------------------------------------


class Argument(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """An argument of a call: positional (`name` None), keyword, or spread (`stars` 1 or 2)."""

    value: Term
    name: str | None = None
    stars: int = 0


class CallFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A call that may matter, in source order.

    `function` is the qualified name of the function it stands in ("" for the module, methods as
    `Class.method`); `text` is the call's source, white space folded, at most 200 characters;
    `discarded` tells that the call is a statement of its own; `cell` is the notebook cell.
    `insert_at` is where another keyword argument would go, between the two `margins`; None where
    the call takes none. `keywords` are the places of the keyword arguments that a fix may write
    anew (`REWRITTEN` in the catalogue), name and value together.
    """

    span: Span
    callee: Term
    arguments: tuple[Argument, ...]
    function: str = ""
    text: str = ""
    discarded: bool = False
    cell: int | None = None
    insert_at: Span | None = None
    margins: tuple[str, str] = (", ", "")
    keywords: tuple[tuple[str, Span], ...] = ()


class ParameterFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A parameter of a function; `default` is Absent for a required one.

    `kind` is "" (ordinary), "keyword" (keyword-only), "*" or "**". `annotation` is what the
    type annotation stands for (the class of a dataclass-typed parameter), or Absent.
    """

    name: str
    default: Term = ABSENT
    kind: str = ""
    annotation: Term = ABSENT


class FunctionFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A function or method that may matter; `returns` is a Choice where it returns differently."""

    name: str
    parameters: tuple[ParameterFact, ...]
    returns: Term
    decorators: tuple[Term, ...] = ()
    class_: str = ""


class FieldFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A class attribute or annotated field: its default (Absent where it has none)."""

    name: str
    default: Term
    annotation: Term = ABSENT


class ClassFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A class that may matter.

    `fields` are set in its body, `attributes` on `self` in its methods (a Choice where methods
    set different ones).
    """

    name: str
    bases: tuple[Term, ...]
    fields: tuple[FieldFact, ...]
    attributes: tuple[tuple[str, Term], ...]
    decorators: tuple[Term, ...] = ()


class Suppression(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A comment that silences findings: names, codes or prefixes as written.

    `first_row` to `last_row` is what it covers; `span` is the comment's own, for LOR002's fix.
    """

    selectors: tuple[str, ...]
    first_row: int
    last_row: int
    span: Span
    whole_file: bool = False
    cell: int | None = None
    noqa: bool = False


class FileError(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Why a file, or a notebook's cell, could not be understood (LOR001)."""

    message: str
    span: Span
    cell: int | None = None


# --- load and save sites, as rules and recipes see them -----------------------------------------


class LoadSite(_Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """A place that says which artifact to load.

    `loader` is the canonical dotted name of a call, or the key or flag of a recipe or command
    line. `options` holds what else decides the weights, by canonical name (`OPTIONS` in the
    catalogue): values are reduced. `function` is where it stands. `revision_key` is the keyword,
    key or flag that takes the revision; "" where there is none. Of one that stands inside
    another, both are named, with a space between (`model_kwargs revision`). `revision_at` is the
    recipe's key that gives the revision.

    Of a site that needs no linking (`FileFacts.loads`), `inputs` are the indices there of the sites
    that flow into it (the base of an adapter), and `stage` is what its framework does: "train",
    "infer", "merge" or "" where that is not known. The options of a base that is trained hold the
    fields of its LoraConfig as `lora.r` and so on. `margins` and `keywords` are those of the call;
    the margins of a recipe or command line stand around a key or flag.
    """

    path: str
    span: Span
    cell: int | None = None
    artifact: str
    loader: str
    repo_id: Value
    revision: Value
    options: tuple[tuple[str, Value], ...] = ()
    function: str = ""
    text: str = ""
    insert_at: Span | None = None
    margins: tuple[str, str] = (", ", "")
    revision_key: str = "revision"
    inputs: tuple[int, ...] = ()
    stage: str = ""
    keywords: tuple[tuple[str, Span], ...] = ()
    revision_at: Span | None = None


class SaveSite(_Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """A place that says where an adapter (or a model, a tokenizer) goes.

    `options` are the keyword arguments of the call. `inputs` are, where no linking is needed, the
    indices in `FileFacts.loads` of what is saved.
    """

    path: str
    span: Span
    cell: int | None = None
    artifact: str
    target: Value
    function: str = ""
    text: str = ""
    options: tuple[tuple[str, Value], ...] = ()
    inputs: tuple[int, ...] = ()


# --- adapter folders ----------------------------------------------------------------------------

RECORDED = "base_model_name_or_path"
"""The key of adapter_config.json that names the base: the loader of that load site."""


class TensorFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A tensor as a safetensors header describes it."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class BesideFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A file of an adapter folder: its name, size in bytes and time of change in nanoseconds."""

    name: str
    size: int
    changed: int


class AdapterFacts(_Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """What one file of an adapter folder says; the linker puts a folder's files together.

    `keys` are the places of the keys of adapter_config.json, whose content is `FileFacts.data`.
    `tensors` are those of the weights, None where they are not there or not read, and `extent` is
    how many bytes their file has to have; `pointer` tells that it is one of Git LFS. `card` holds
    the `base_model` of the model card. `beside` comes from the folder, not from the file.
    """

    keys: tuple[tuple[str, Span], ...] = ()
    tensors: tuple[TensorFact, ...] | None = None
    extent: int = 0
    pointer: bool = False
    card: tuple[tuple[str, Span], ...] = ()
    beside: tuple[BesideFact, ...] = ()


class FlagFact(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A flag of a command: its name without dashes and with `_` for `-`, its value and its place.

    `several` tells that more than one word follows; `optional` that it is given on a condition.
    """

    name: str
    value: Value
    span: Span
    several: bool = False
    optional: bool = False


class CommandFact(_Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """A command line that runs a Python script, or a tool with a configuration file.

    `script` is the path of the script as written, or `module` what `python -m` runs; `tool` with
    `recipe` the tool and its file. `folder` is the working directory: relative to where the
    command is run, or from the project's root with a leading slash. `open` tells that more flags
    may be given than are seen.
    """

    span: Span
    script: Value = ABSENT
    module: str = ""
    tool: str = ""
    recipe: Value = ABSENT
    folder: str = ""
    flags: tuple[FlagFact, ...] = ()
    text: str = ""
    open: bool = False
    cell: int | None = None


class LockFacts(_Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A lock file, with the rows at which its artifacts begin, in the same order."""

    lock: Lock
    rows: tuple[int, ...] = ()


class FileFacts(_Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """Everything that one file says.

    `names` binds the module's global names at its end; `imports` lists the modules named in
    import statements, `star_imports` those of `from x import *`; `data` is the content of a
    configuration file. `loads` and `saves` hold what needs no linking (recipes, command lines),
    `commands` the command lines that run scripts.
    `further_errors` are those of a notebook's other cells. `imported_at` is where a script first
    imports names from a library to which a fix may add one, with the notebook's cell. `literals`
    are the places of texts that may be revisions, by number (`loralint.literals`). `lock` is what
    a lock file says.
    """

    path: str
    calls: tuple[CallFact, ...] = ()
    functions: tuple[FunctionFact, ...] = ()
    classes: tuple[ClassFact, ...] = ()
    names: tuple[tuple[str, Term], ...] = ()
    imports: tuple[str, ...] = ()
    star_imports: tuple[str, ...] = ()
    data: Term = ABSENT
    loads: tuple[LoadSite, ...] = ()
    saves: tuple[SaveSite, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    error: FileError | None = None
    adapter: AdapterFacts | None = None
    commands: tuple[CommandFact, ...] = ()
    further_errors: tuple[FileError, ...] = ()
    imported_at: tuple[tuple[str, Span, int | None], ...] = ()
    literals: tuple[tuple[int, Span, int | None], ...] = ()
    lock: LockFacts | None = None
