"""Calls that one file can reduce: paths, strings, dicts, the environment, reading a file.

Each table maps a name to a function of the call's terms; None means "not reducible after all".
"""

from __future__ import annotations

from collections.abc import Callable

from loralint.facts import (
    ABSENT,
    Argument,
    Default,
    Known,
    Origin,
    OriginKind,
    Partial,
    Reason,
    Sequence,
    Symbol,
    Term,
    Unknown,
)
from loralint.read import plain
from loralint.read.python import terms
from loralint.source import SourceKind

Arguments = tuple[Argument, ...]
Reducer = Callable[[Arguments], "Term | None"]


def argument(arguments: Arguments, position: int, name: str = "") -> Term:
    """The argument at a position or with a name; Absent where there is none."""
    for given in arguments:
        if name and given.name == name:
            return given.value
    plain = [given.value for given in arguments if given.name is None and not given.stars]
    return plain[position] if position < len(plain) else ABSENT


def _first(arguments: Arguments) -> Term | None:
    return arguments[0].value if arguments and not arguments[0].stars else None


def _path(arguments: Arguments) -> Term | None:
    if not arguments or any(given.stars or given.name for given in arguments):
        return None
    return terms.join((given.value for given in arguments), "/")


def _glob(arguments: Arguments) -> Term | None:
    """`glob.glob("out/run-*")`: one of the paths stands for all."""
    given = argument(arguments, 0, "pathname")
    if given == ABSENT or any(each.name == "root_dir" for each in arguments):
        return None
    found = terms.globbed(given)
    return Sequence((found,)) if found is not None else None


def _any_of(arguments: Arguments) -> Term | None:
    """`max(paths, key=getmtime)`, `next(iter(paths))`: one of them."""
    first = _first(arguments)
    alone = len([each for each in arguments if each.name is None]) == 1
    return terms.elements(first) if isinstance(first, Sequence) and alone else None


def _dict(arguments: Arguments) -> Term | None:
    entries: list[terms.Entry] = []
    for given in arguments:
        if given.stars == 1:
            return None
        entries.append((given.name, given.value))
    return terms.mapping(entries)


def _environment(arguments: Arguments) -> Term | None:
    return terms.environment(argument(arguments, 0, "key"), argument(arguments, 1, "default"))


def _read(arguments: Arguments) -> Term | None:
    return terms.data(argument(arguments, 0, "file"))


def _parsed(kind: SourceKind) -> Reducer:
    """What a text holds that stands in the code; else what a file does."""

    def reduced(arguments: Arguments) -> Term | None:
        given = _first(arguments)
        text = given.value if isinstance(given, Known) else None
        found = plain.in_text(text, kind) if isinstance(text, str) else None
        return found or _read(arguments)

    return reduced


def _created(arguments: Arguments) -> Term | None:
    """`OmegaConf.create(data)`, or of YAML as a text."""
    given = _first(arguments)
    is_text = isinstance(given, Known) and isinstance(given.value, str)
    return _parsed("yaml")(arguments) if is_text else given


def _env_file(arguments: Arguments) -> Term | None:
    path = argument(arguments, 0, "dotenv_path")
    return terms.data(_DOTENV if path == ABSENT else path)


def _found_env(arguments: Arguments) -> Term | None:
    name = argument(arguments, 0, "filename")
    return _DOTENV if name == ABSENT else name


def _env_key(arguments: Arguments) -> Term | None:
    return terms.item(_env_file(arguments) or ABSENT, argument(arguments, 1, "key_to_get"))


_DOTENV = Known(".env")


def _dumped(arguments: Arguments) -> Term | None:
    """`yaml.dump(data)`: the data as text; one that is written to a file is a call."""
    return None if argument(arguments, 1, "stream") != ABSENT else _first(arguments)


def _partial(arguments: Arguments) -> Term | None:
    return Partial(arguments[0].value, arguments[1:]) if arguments else None


def _getattr(arguments: Arguments) -> Term | None:
    name = argument(arguments, 1)
    if isinstance(name, Known) and isinstance(name.value, str) and len(arguments) >= 2:
        return terms.attribute(arguments[0].value, name.value)
    return None


def _field(arguments: Arguments) -> Term | None:
    """`dataclasses.field`: its default; a factory's result is a call, not a value."""
    default = argument(arguments, 9, "default")
    factory = argument(arguments, 9, "default_factory")
    if default != ABSENT:
        return default
    return ABSENT if factory == ABSENT else None


def _option(arguments: Arguments) -> Term | None:
    """`pydantic.Field(x)`, `typer.Option(x, "--name")`: `...` means required."""
    default = argument(arguments, 0, "default")
    if default == ELLIPSIS:
        return ABSENT
    return default if argument(arguments, 9, "default_factory") == ABSENT else None


def _import_module(arguments: Arguments) -> Term | None:
    name = _first(arguments)
    return (
        Symbol(name.value, "") if isinstance(name, Known) and isinstance(name.value, str) else None
    )


def _form(arguments: Arguments) -> Term | None:
    """A form's field (`magics.py` writes it): its value until somebody changes it."""
    path, name, value = (argument(arguments, position) for position in range(3))
    if isinstance(path, Known) and isinstance(name, Known) and isinstance(value, Known):
        origin = Origin(OriginKind.FORM, str(path.value), (str(name.value),))
        return Default(value.value, origin)
    return value


def _enumerate(arguments: Arguments) -> Term | None:
    collection = _first(arguments)
    if not isinstance(collection, Sequence):
        return None
    return Sequence(
        tuple(Sequence((Unknown(Reason.EXPRESSION, "an index"), item)) for item in collection.items)
    )


def _folder(arguments: Arguments) -> Term | None:
    path = _first(arguments)
    return terms.above(path, 1) if path is not None else None


def _here(arguments: Arguments) -> Term | None:
    """`os.getcwd()`: the folder that relative paths begin at."""
    return Known(".")


def _zip(arguments: Arguments) -> Term | None:
    """The rows of displays side by side; `strict` is nothing to zip."""
    columns = [given.value for given in arguments if given.name is None and not given.stars]
    lists = [each.items for each in columns if isinstance(each, Sequence)]
    if not lists or len(lists) < len(columns):
        return None
    return Sequence(tuple(Sequence(row) for row in zip(*lists, strict=False)))


ELLIPSIS = Unknown(Reason.EXPRESSION, "...")

FUNCTIONS: dict[str, Reducer] = {
    "os.path.join": _path,
    "posixpath.join": _path,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "os.path.abspath": _first,
    "os.path.expanduser": _first,
    "os.path.expandvars": _first,
    "os.path.normpath": _first,
    "os.path.realpath": _first,
    "os.fspath": _first,
    "os.path.dirname": _folder,
    "os.path.relpath": _first,
    "os.path.normcase": _first,
    "os.getcwd": _here,
    "pathlib.Path.cwd": _here,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.str": _first,
    "builtins.vars": _first,
    "builtins.list": _first,
    "builtins.tuple": _first,
    "builtins.sorted": _first,
    "builtins.reversed": _first,
    "builtins.iter": _first,
    "builtins.max": _any_of,
    "builtins.min": _any_of,
    "builtins.next": _any_of,
    "glob.glob": _glob,
    "glob.iglob": _glob,
    "builtins.set": _first,
    "dataclasses.asdict": _first,
    "textwrap.dedent": _first,
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "typing.cast": lambda arguments: argument(arguments, 1),
    "builtins.dict": _dict,
    "types.SimpleNamespace": _dict,
    "argparse.Namespace": _dict,
    "easydict.EasyDict": _first,
    "builtins.getattr": _getattr,
    "builtins.open": _read,
    "io.open": _read,
    "yaml.safe_load": _parsed("yaml"),
    "yaml.load": _parsed("yaml"),
    "yaml.full_load": _parsed("yaml"),
    "yaml.unsafe_load": _parsed("yaml"),
    "json.load": _read,
    "json.dumps": _first,
    "yaml.safe_dump": _dumped,
    "yaml.dump": _dumped,
    "json.loads": _parsed("json"),
    "toml.load": _read,
    "toml.loads": _parsed("toml"),
    "tomllib.load": _read,
    "tomllib.loads": _parsed("toml"),
    "tomli.load": _read,
    "tomli.loads": _parsed("toml"),
    "omegaconf.OmegaConf.load": _read,
    "omegaconf.OmegaConf.create": _created,
    "omegaconf.OmegaConf.to_container": _first,
    "omegaconf.OmegaConf.to_object": _first,
    "dotenv.dotenv_values": _env_file,
    "dotenv.find_dotenv": _found_env,
    "dotenv.get_key": _env_key,
    "decouple.config": _environment,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "os.environ.setdefault": _environment,
    "functools.partial": _partial,
    "dataclasses.field": _field,
    "pydantic.Field": _option,
    "typer.Option": _option,
    "typer.Argument": _option,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "builtins.__form__": _form,
}
