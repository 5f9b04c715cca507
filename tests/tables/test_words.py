"""Every word by which code is understood: options, parsers, entries, library calls, cells.

Each test loads `org/x` at `v1` in a way that is understood by one word alone.
"""

from __future__ import annotations

import json
from posixpath import normpath

import pytest

from tests.tables.projects import ask, check, inventory, loads, write
from tests.tables.tables import (
    COMMAND_DECORATORS,
    DATACLASS_PARSERS,
    EXITS,
    FLAG_ACTIONS,
    GIVEN_UP,
    GROUPS,
    LIBRARY_FUNCTIONS,
    LIBRARY_METHODS,
    LISTS,
    OPTION_DECORATORS,
    OTHER_MAGICS,
    PARSER_MAKERS,
    PROPERTIES,
    RECORD_DECORATORS,
    RUNNERS,
    RUNNING,
    SHELL_MAGICS,
    TRANSPARENT_MAGICS,
    VALUE_FUNCTIONS,
    VALUE_METHODS,
)

IMPORTS = "from transformers import AutoModel\n"
WANTED = [("base-model", "org/x", "v1")]


def seen(folder, code, **files):
    """The loads of a script, and of nothing else."""
    return loads(folder, {"run.py": IMPORTS + code, **files}, "run.py")


# --- argparse -----------------------------------------------------------------------------------

OPTIONS = """
{holder}.add_argument("--model", default="org/x")
{holder}.add_argument("--revision", default="v1")
"""
PARSER = """\
import argparse

parser = argparse.ArgumentParser()
{group}
{options}
args = parser.parse_args()
model = AutoModel.from_pretrained(args.model, revision=args.revision)
"""
MAKERS = {
    "add_argument_group": 'group = parser.add_argument_group("model")',
    "add_mutually_exclusive_group": "group = parser.add_mutually_exclusive_group()",
    "add_parser": 'group = commands.add_parser("train")',
    "add_subparsers": 'group = parser.add_subparsers().add_parser("train")',
}


@pytest.mark.parametrize("name", MAKERS)
def test_parts_of_a_parser(tmp_path, name):
    group = MAKERS[name].replace("commands", "parser")
    code = PARSER.format(group=group, options=OPTIONS.format(holder="group"))
    assert seen(tmp_path, code) == WANTED


@pytest.mark.parametrize(("name", "trusted"), [("store_true", False), ("store_false", True)])
def test_flags(tmp_path, name, trusted):
    options = f'parser.add_argument("--trust", action="{name}")'
    code = PARSER.format(group="", options=options).replace(
        "args.model, revision=args.revision", '"org/x", trust_remote_code=args.trust'
    )
    found = check(tmp_path, {"run.py": IMPORTS + code}, "LOR105")
    assert bool(found) is trusted


PARSED = {
    "parse_args": "args = parser.parse_args()",
    "_parse_args": "args = parser._parse_args()",
    "parse_known_args": "args, rest = parser.parse_known_args()",
}


@pytest.mark.parametrize("name", PARSED)
def test_arguments_are_parsed(tmp_path, name):
    code = PARSER.format(group="", options=OPTIONS.format(holder="parser"))
    assert seen(tmp_path, code.replace("args = parser.parse_args()", PARSED[name])) == WANTED


DATACLASS = """\
from dataclasses import dataclass
from {package} import {parser}


@dataclass
class Arguments:
    model: str = "org/x"
    revision: str = "v1"


{parsed}
model = AutoModel.from_pretrained(args.model, revision=args.revision)
"""
DATACLASSES = {
    "HfArgumentParser": "transformers",
    "TrlParser": "trl",
    "H4ArgumentParser": "alignment",
}
INTO = {
    "parse_args_into_dataclasses": "args, = {parser}(Arguments).parse_args_into_dataclasses()",
    "parse_args_and_config": "args, = {parser}(Arguments).parse_args_and_config()",
    "parse_json_file": 'args, = {parser}(Arguments).parse_json_file("a.json")',
    "parse_yaml_file": 'args, = {parser}(Arguments).parse_yaml_file("a.yaml")',
    "parse_dict": "args, = {parser}(Arguments).parse_dict(given)",
}


@pytest.mark.parametrize("name", DATACLASSES)
def test_parsers_of_dataclasses(tmp_path, name):
    parsed = f"args, = {name}(Arguments).parse_args_into_dataclasses()"
    code = DATACLASS.format(package=DATACLASSES[name], parser=name, parsed=parsed)
    assert seen(tmp_path, code) == WANTED


@pytest.mark.parametrize("name", INTO)
def test_ways_to_parse_into_dataclasses(tmp_path, name):
    parser = "HfArgumentParser"
    parsed = INTO[name].format(parser=parser)
    code = DATACLASS.format(package="transformers", parser=parser, parsed=parsed)
    assert seen(tmp_path, code) == WANTED


def test_every_word_of_parsers_has_a_test():
    assert set(MAKERS) == PARSER_MAKERS
    assert FLAG_ACTIONS == {"store_true": False, "store_false": True}
    assert set(DATACLASSES) == set(DATACLASS_PARSERS)


# --- what the command line calls ----------------------------------------------------------------

ENTRY = """\
{imports}


{decorators}
def main(model="org/x", revision="v1"):
    return AutoModel.from_pretrained(model, revision=revision)


main("org/y", "v2")
{run}
"""
COMMANDS = ("command", "group", "callback", "main", "hydra_main", "entrypoint", "local_entrypoint")
RUNS = {
    "Fire": ("import fire", "fire.Fire(main)"),
    "run": ("import typer", "typer.run(main)"),
    "cli": ("import tyro", "tyro.cli(main)"),
    "CLI": ("from jsonargparse import CLI", "CLI(main)"),
    "auto_cli": ("from jsonargparse import auto_cli", "auto_cli(main)"),
}
PACKAGES = ("fire", "typer", "tyro", "jsonargparse", "defopt", "clize", "plac")


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_called_from_outside(tmp_path, name):
    """What one caller gives is then not all that there is."""
    code = ENTRY.format(imports="import cli", decorators=f"@cli.{name}()", run="")
    [(_, ids, _)] = seen(tmp_path, code)
    assert "org/x" in ids
    plain = ENTRY.format(imports="", decorators="@cli.other()", run="")
    assert seen(tmp_path, plain) == [("base-model", "org/y", "v2")]


@pytest.mark.parametrize("name", RUNS)
def test_functions_that_are_handed_over(tmp_path, name):
    imports, run = RUNS[name]
    [(_, ids, _)] = seen(tmp_path, ENTRY.format(imports=imports, decorators="", run=run))
    assert "org/x" in ids


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_that_functions_are_handed_to(tmp_path, package):
    code = ENTRY.format(imports=f"import {package}", decorators="", run=f"{package}.run(main)")
    [(_, ids, _)] = seen(tmp_path, code)
    assert "org/x" in ids


@pytest.mark.parametrize("name", ["option", "argument", "click_option"])
def test_options_of_a_command(tmp_path, name):
    code = f"""\
import click


@click.command()
@click.{name}("--model", default="org/x")
@click.{name}("--revision", default="v1")
def main(model, revision):
    return AutoModel.from_pretrained(model, revision=revision)
"""
    assert seen(tmp_path, code) == WANTED


def test_every_word_of_entries_has_a_test():
    assert set(COMMANDS) == COMMAND_DECORATORS
    assert set(RUNS) == RUNNERS
    assert {f"{name}." for name in PACKAGES} == set(RUNNING)
    assert {"option", "argument", "click_option"} == OPTION_DECORATORS


# --- library calls that are data ----------------------------------------------------------------

LOAD = "model = AutoModel.from_pretrained(cfg.model, revision=cfg.revision)\n"
ITEMS = 'model = AutoModel.from_pretrained(cfg["model"], revision=cfg["revision"])\n'
FIELDS = 'model="org/x", revision="v1"'
TABLE = '{"model": "org/x", "revision": "v1"}'
RECORD = """\
from dataclasses import dataclass

@dataclass
class Config:
    model: str = "org/x"
    revision: str = "v1"

"""
MAPPINGS = {
    "SimpleNamespace": f"from types import SimpleNamespace\ncfg = SimpleNamespace({FIELDS})\n",
    "EasyDict": f"from easydict import EasyDict\ncfg = EasyDict({TABLE})\n",
    "AttrDict": f"from attrdict import AttrDict\ncfg = AttrDict({FIELDS})\n",
    "Munch": f"from munch import Munch\ncfg = Munch({FIELDS})\n",
    "Box": f"from box import Box\ncfg = Box({FIELDS})\n",
    "Dict": f"from addict import Dict\ncfg = Dict({FIELDS})\n",
    "DictConfig": f"from omegaconf import DictConfig\ncfg = DictConfig({TABLE})\n",
    "create": f"from omegaconf import OmegaConf\ncfg = OmegaConf.create({TABLE})\n",
    "structured": "from omegaconf import OmegaConf\n"
    f"{RECORD}cfg = OmegaConf.structured(Config())\n",
    "Namespace": f"import argparse\ncfg = argparse.Namespace({FIELDS})\n",
    "ConfigDict": f"from ml_collections import ConfigDict\ncfg = ConfigDict({TABLE})\n",
    "merge": "from omegaconf import OmegaConf\n"
    'cfg = OmegaConf.merge({"model": "org/y", "revision": "v1"}, {"model": "org/x"})\n',
    "unsafe_merge": "from omegaconf import OmegaConf\n"
    'cfg = OmegaConf.unsafe_merge({"model": "org/y", "revision": "v1"}, {"model": "org/x"})\n',
    "from_cli": f"from omegaconf import OmegaConf\n"
    f"cfg = OmegaConf.merge({TABLE}, OmegaConf.from_cli())\n",
    "cli": f"import tyro\n{RECORD}cfg = tyro.cli(Config)\n",
    "parse": f"import draccus\n{RECORD}cfg = draccus.parse(Config)\n",
    "wrap": f"import pyrallis\n{RECORD}cfg = pyrallis.wrap(Config)\n",
    "modal.parameter": "import modal\n\n\nclass Config:\n"
    '    model: str = modal.parameter(default="org/x")\n'
    '    revision: str = modal.parameter(default="v1")\n\n\ncfg = Config()\n',
    "replace": "import dataclasses\n"
    + RECORD.replace("org/x", "org/y")
    + 'cfg = dataclasses.replace(Config(), model="org/x")\n',
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_library_calls(tmp_path, name):
    assert seen(tmp_path, MAPPINGS[name] + LOAD) == WANTED


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            f"from easydict import EasyDict\ncfg = EasyDict({FIELDS})\n",
            marks=pytest.mark.xfail(strict=True, reason="taken for its first argument"),
        ),
        pytest.param(
            f"from omegaconf import OmegaConf\n{RECORD}cfg = OmegaConf.structured(Config)\n",
            marks=pytest.mark.xfail(strict=True, reason="a class is no mapping"),
        ),
    ],
    ids=["EasyDict by keyword", "structured class"],
)
def test_library_calls_of_another_shape(tmp_path, code):
    assert seen(tmp_path, code + LOAD) == WANTED


@pytest.mark.parametrize(
    ("module", "name"), [("dataclasses", "field"), ("pydantic", "Field"), ("attrs", "field")]
)
@pytest.mark.parametrize("given", ['default="org/x"', "default_factory=the_model"])
def test_fields(tmp_path, module, name, given):
    code = f"""\
import {module}


def the_model():
    return "org/x"


class Config{"(pydantic.BaseModel)" if module == "pydantic" else ""}:
    model: str = {module}.{name}({given})
    revision: str = "v1"


cfg = Config()
"""
    head = {"dataclasses": "@dataclasses.dataclass\n", "attrs": "@attrs.define\n"}.get(module, "")
    assert seen(tmp_path, code.replace("class Config", f"{head}class Config") + LOAD) == WANTED


METHODS = {
    "model_validate": "cfg = Config.model_validate(given)\n",
    "parse_obj": "cfg = Config.parse_obj(given)\n",
    "from_dict": "cfg = Config.from_dict(given)\n",
    "schema": "cfg = Config.schema(given)\n",
    "copy": "cfg = Config(**given).copy()\n",
    "model_copy": "cfg = Config(**given).model_copy()\n",
    "model_dump": "cfg = Config(**given).model_dump()\n",
    "to_dict": "cfg = Config(**given).to_dict()\n",
    "dict": "cfg = Config(**given).dict()\n",
    "options": "cfg = Config.options(num_gpus=1).remote(**given)\n",
    "values": "cfg = list({1: Config(**given)}.values())[0]\n",
    "items": "cfg = [value for key, value in {1: Config(**given)}.items()][0]\n",
    "pop": "def popped(**kw):\n    return kw.pop('a')\n\n\ncfg = popped(a=Config(**given))\n",
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_data(tmp_path, name, request):
    if name == "pop":
        reason = "there is a handler for kwargs.pop, and nothing reaches it"
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    code = RECORD.replace("org/x", "org/y") + 'given = {"model": "org/x"}\n' + METHODS[name]
    load = ITEMS if name in ("model_dump", "to_dict", "dict") else LOAD
    assert seen(tmp_path, code + load) == WANTED


OF_TEXTS = {
    "strip": "paths.root.strip()",
    "rstrip": "paths.root.rstrip()",
    "lstrip": "paths.root.lstrip()",
    "resolve": "paths.root.resolve()",
    "absolute": "paths.root.absolute()",
    "expanduser": "paths.root.expanduser()",
    "as_posix": "paths.root.as_posix()",
    "readlink": "paths.root.readlink()",
    "__str__": "paths.root.__str__()",
    "__fspath__": "paths.root.__fspath__()",
    "joinpath": 'paths.folder.joinpath("x")',
    "with_name": 'paths.beside.with_name("x")',
}


@pytest.mark.parametrize("name", OF_TEXTS)
def test_methods_of_texts_of_another_module(tmp_path, name):
    paths = 'from pathlib import Path\n\nroot = Path("org/x")\nfolder = Path("org")\n'
    load = f'import paths\n\nmodel = AutoModel.from_pretrained({OF_TEXTS[name]}, revision="v1")\n'
    files = {"paths.py": paths + 'beside = Path("org/y")\n'}
    [(artifact, found, revision)] = seen(tmp_path, load, **files)
    assert [(artifact, normpath(found), revision)] == WANTED


def test_every_library_call_has_a_test():
    beside = {"field", "Field", "compose", "loralint.revision"}  # the last two: Hydra, the lock
    beside |= {"builtins.zip", "builtins.enumerate"}  # tests/whole/test_rows.py
    assert {*MAPPINGS, *beside} == set(LIBRARY_FUNCTIONS)
    assert {*METHODS, *PARSED, *INTO, *OF_TEXTS} == set(LIBRARY_METHODS)


# --- expressions --------------------------------------------------------------------------------

EXPRESSIONS = {
    "os.path.join": 'os.path.join("org", "x")',
    "posixpath.join": 'posixpath.join("org", "x")',
    "pathlib.Path": 'pathlib.Path("org", "x")',
    "pathlib.PurePath": 'pathlib.PurePath("org/x")',
    "pathlib.PosixPath": 'pathlib.PosixPath("org/x")',
    "os.path.abspath": 'os.path.abspath("org/x")',
    "os.path.expanduser": 'os.path.expanduser("org/x")',
    "os.path.expandvars": 'os.path.expandvars("org/x")',
    "os.path.normpath": 'os.path.normpath("org/x")',
    "os.path.realpath": 'os.path.realpath("org/x")',
    "os.fspath": 'os.fspath("org/x")',
    "os.path.dirname": 'os.path.dirname("org/x/y")',
    "os.path.relpath": 'os.path.relpath("org/x")',
    "os.path.normcase": 'os.path.normcase("org/x")',
    "os.getcwd": 'os.path.join(os.getcwd(), "org/x")',
    "pathlib.Path.cwd": 'pathlib.Path.cwd() / "org/x"',
    "builtins.zip": '[b for a, b in zip(["a"], ["org/x"])][0]',
    "builtins.enumerate": '[b for a, b in enumerate(["org/x"])][0]',
    "builtins.str": 'str("org/x")',
    "builtins.vars": f'vars(argparse.Namespace({FIELDS}))["model"]',
    "builtins.list": 'list(("org/x",))[0]',
    "builtins.tuple": 'tuple(["org/x"])[0]',
    "builtins.sorted": 'sorted(["org/x"])[0]',
    "builtins.max": 'max(["org/x"])',
    "builtins.min": 'min(["org/x"])',
    "builtins.iter": 'next(iter(["org/x"]))',
    "builtins.next": 'next(each for each in ["org/x"])',
    "builtins.reversed": '[each for each in reversed(["org/x"])][0]',
    "builtins.set": '[each for each in set(["org/x"])][0]',
    "dataclasses.asdict": 'dataclasses.asdict(Config())["model"]',
    "copy.copy": f'copy.copy({TABLE})["model"]',
    "textwrap.dedent": 'textwrap.dedent("org/x")',
    "copy.deepcopy": f'copy.deepcopy({TABLE})["model"]',
    "typing.cast": 'typing.cast(str, "org/x")',
    "builtins.dict": f'dict({FIELDS})["model"]',
    "types.SimpleNamespace": f"types.SimpleNamespace({FIELDS}).model",
    "argparse.Namespace": f"argparse.Namespace({FIELDS}).model",
    "easydict.EasyDict": f"easydict.EasyDict({TABLE}).model",
    "builtins.getattr": 'getattr(Config(), "model")',
    "builtins.open": 'json.load(open("a.json"))["model"]',
    "io.open": 'json.load(io.open("a.json"))["model"]',
    "yaml.safe_load": 'yaml.safe_load(open("a.yaml"))["model"]',
    "yaml.load": 'yaml.load(open("a.yaml"), yaml.Loader)["model"]',
    "yaml.full_load": 'yaml.full_load(open("a.yaml"))["model"]',
    "yaml.unsafe_load": 'yaml.unsafe_load(open("a.yaml"))["model"]',
    "json.load": 'json.load(open("a.json"))["model"]',
    "json.loads": 'json.loads(open("a.json").read())["model"]',
    "json.dumps": f'json.loads(json.dumps({TABLE}))["model"]',
    "yaml.dump": f'yaml.safe_load(yaml.dump({TABLE}))["model"]',
    "yaml.safe_dump": f'yaml.safe_load(yaml.safe_dump({TABLE}))["model"]',
    "toml.load": 'toml.load("a.toml")["model"]',
    "toml.loads": 'toml.loads(open("a.toml").read())["model"]',
    "tomllib.load": 'tomllib.load(open("a.toml", "rb"))["model"]',
    "tomllib.loads": 'tomllib.loads(open("a.toml").read())["model"]',
    "tomli.load": 'tomli.load(open("a.toml", "rb"))["model"]',
    "tomli.loads": 'tomli.loads(open("a.toml").read())["model"]',
    "omegaconf.OmegaConf.load": 'omegaconf.OmegaConf.load("a.yaml").model',
    "omegaconf.OmegaConf.create": f"omegaconf.OmegaConf.create({TABLE}).model",
    "omegaconf.OmegaConf.to_container": f'omegaconf.OmegaConf.to_container({TABLE})["model"]',
    "omegaconf.OmegaConf.to_object": f'omegaconf.OmegaConf.to_object({TABLE})["model"]',
    "dotenv.dotenv_values": 'dotenv.dotenv_values("a.env")["MODEL"]',
    "dotenv.find_dotenv": 'dotenv.dotenv_values(dotenv.find_dotenv("a.env"))["MODEL"]',
    "dotenv.get_key": 'dotenv.get_key("a.env", "MODEL")',
    "decouple.config": 'decouple.config("MODEL", default="org/x")',
    "os.environ.get": 'os.environ.get("MODEL", "org/x")',
    "os.getenv": 'os.getenv("MODEL", "org/x")',
    "os.environ.setdefault": 'os.environ.setdefault("MODEL", "org/x")',
    "functools.partial": 'functools.partial(named, "org/x")()',
    "importlib.import_module": 'importlib.import_module("names").MODEL',
    "builtins.__import__": '__import__("names").MODEL',
}
"""A function, and an expression of it that is `org/x`."""

ON_VALUES = {
    "get": f'{TABLE}.get("model")',
    "items": '[value for key, value in {"model": "org/x"}.items()][0]',
    "keys": '[key for key in {"org/x": 1}.keys()][0]',
    "values": '[value for value in {"model": "org/x"}.values()][0]',
    "strip": '"org/x".strip()',
    "lower": '"ORG/X".lower()',
    "resolve": 'pathlib.Path("org/x").resolve()',
    "absolute": 'pathlib.Path("org/x").absolute()',
    "expanduser": 'pathlib.Path("org/x").expanduser()',
    "as_posix": 'pathlib.Path("org/x").as_posix()',
    "copy": f'{TABLE}.copy()["model"]',
    "to_dict": f'{TABLE}.to_dict()["model"]',
    "dict": f'{TABLE}.dict()["model"]',
    "model_dump": f'{TABLE}.model_dump()["model"]',
    "joinpath": 'pathlib.Path("org").joinpath("x")',
    "with_name": 'pathlib.Path("org/y").with_name("x")',
    "__str__": 'pathlib.Path("org/x").__str__()',
    "__fspath__": 'pathlib.Path("org/x").__fspath__()',
    "format": '"{}/x".format("org")',
    "open": 'json.load(pathlib.Path("a.json").open())["model"]',
    "read_text": 'json.loads(pathlib.Path("a.json").read_text())["model"]',
    "read_bytes": 'json.loads(pathlib.Path("a.json").read_bytes())["model"]',
    "read": 'json.loads(open("a.json").read())["model"]',
}
"""A method, and an expression of it that is `org/x`."""

MODULES = sorted({name.partition(".")[0] for name in EXPRESSIONS} - {"builtins"})
FILES = {
    "a.json": TABLE,
    "a.yaml": "model: org/x\nrevision: v1\n",
    "a.toml": 'model = "org/x"\nrevision = "v1"\n',
    "a.env": "MODEL=org/x\n",
    "names.py": 'MODEL = "org/x"\n',
}
NAMED = "def named(name):\n    return name\n\n"


@pytest.mark.parametrize("expression", [*EXPRESSIONS.values(), *ON_VALUES.values()])
def test_expressions(tmp_path, expression):
    imports = "".join(f"import {name}\n" for name in MODULES) + "import os.path\n"
    load = f'model = AutoModel.from_pretrained({expression}, revision="v1")\n'
    [(artifact, name, revision)] = seen(tmp_path, imports + RECORD + NAMED + load, **FILES)
    assert [(artifact, normpath(name), revision)] == WANTED


@pytest.mark.parametrize("name", ["Option", "Argument"])
def test_defaults_of_typer(tmp_path, name):
    code = f"""\
import typer

app = typer.Typer()


@app.command()
def main(model: str = typer.{name}("org/x"), revision: str = typer.{name}("v1")):
    return AutoModel.from_pretrained(model, revision=revision)
"""
    assert seen(tmp_path, code) == WANTED


RETURNS_ITSELF = ("to", "cuda", "cpu", "eval", "half", "float", "bfloat16", "requires_grad_")


@pytest.mark.parametrize("name", RETURNS_ITSELF)
def test_methods_that_return_the_model(tmp_path, name):
    code = f"""\
from peft import LoraConfig, get_peft_model

base = AutoModel.from_pretrained("org/x", revision="v1").{name}()
model = get_peft_model(base, LoraConfig(r=8))
"""
    [found] = inventory(tmp_path, {"train.py": IMPORTS + code})
    assert found["stage"] == "train"


IN_PLACE = ("append", "extend", "insert")
"""Methods that change a list and return None."""


@pytest.mark.parametrize("method", IN_PLACE)
def test_what_changes_a_list_returns_nothing(tmp_path, method):
    given = {"append": '"b"', "extend": '["b"]', "insert": '0, "b"'}[method]
    code = f"""\
from peft import LoraConfig
config = LoraConfig(r=8, modules_to_save=["a"].{method}({given}))
"""
    [found] = check(tmp_path, {"train.py": code}, "LOR308")
    assert f"list.{method}()" in found["message"]


def test_every_expression_has_a_test():
    elsewhere = {"dataclasses.field", "pydantic.Field", "typer.Option", "typer.Argument"}
    form = {"builtins.__form__"}  # a field of a form in a notebook: tests/facts
    searched = {"glob.glob", "glob.iglob"}  # tests/whole/test_searched_folders.py
    assert {*EXPRESSIONS, *elsewhere, *form, *searched} == set(VALUE_FUNCTIONS)
    of_paths = set(VALUE_METHODS) & {"glob", "rglob", "iterdir"}
    assert {*ON_VALUES, *RETURNS_ITSELF, *IN_PLACE, *of_paths} == set(VALUE_METHODS)


# --- classes and ways out -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["property", "cached_property", "computed_field"])
def test_properties(tmp_path, name):
    code = f"""\
import functools, pydantic
from functools import cached_property
from pydantic import computed_field


class Config:
    @{name}
    def model(self):
        return "org/x"


model = AutoModel.from_pretrained(Config().model, revision="v1")
"""
    assert seen(tmp_path, code) == WANTED
    assert {"property", "cached_property", "computed_field"} == PROPERTIES


RECORDS = {
    "dataclass": ("from dataclasses import dataclass", "@dataclass"),
    "pydantic_dataclass": (
        "from mine import pydantic_dataclass",
        "@pydantic_dataclass",
    ),
    "define": ("from attrs import define", "@define"),
    "frozen": ("from attrs import frozen", "@frozen"),
    "s": ("import attr", "@attr.s(auto_attribs=True)"),
    "attrs": ("from attr import attrs", "@attrs"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_records(tmp_path, name):
    """Fields are filled by position, which only what makes a constructor can know."""
    code = record(name, "model: str", "revision: str", 'cfg = Config("org/x", "v1")')
    assert seen(tmp_path, code + LOAD) == WANTED


@pytest.mark.parametrize("name", RECORDS)
def test_records_with_a_default(tmp_path, name):
    code = record(name, "model: str", 'revision: str = "v1"', 'cfg = Config("org/x")')
    assert seen(tmp_path, code + LOAD) == WANTED


def record(name, *lines):
    imports, decorator = RECORDS[name]
    *fields, made = lines
    body = "".join(f"    {field}\n" for field in fields)
    return f"{imports}\n\n\n{decorator}\nclass Config:\n{body}\n\n{made}\n"


def test_every_decorator_has_a_test():
    assert set(RECORDS) == RECORD_DECORATORS


WAYS_OUT = {
    "sys.exit": "sys.exit(1)",
    "exit": "exit()",
    "quit": "quit()",
    "os._exit": "os._exit(1)",
    "parser.error": 'parser.error("no")',
}


@pytest.mark.parametrize("name", WAYS_OUT)
def test_ways_out(tmp_path, name):
    """What stands on the branch that ends the run is no value of what comes after it."""
    code = f"""\
import os, sys
name = "org/x"
if len(sys.argv) > 1:
    name = "org/y"
    {WAYS_OUT[name]}
model = AutoModel.from_pretrained(name, revision="v1")
"""
    assert seen(tmp_path, code) == WANTED
    assert set(WAYS_OUT) == EXITS


# --- cells --------------------------------------------------------------------------------------

SHELLS = ("bash", "sh", "zsh", "system", "sx", "!", "shell", "ksh", "dash")
TRANSPARENT = ("capture", "time", "timeit", "prun", "memit", "python", "wandb", "debug")
OTHERS = """html HTML svg SVG js javascript latex markdown md sql bigquery R r julia ruby perl pypy
    python2 python3 cython script script_magic cmd powershell pwsh false skip ignore mermaid cpp
    cuda cu writetemplate ai graphviz dot bqsql duckdb configure local fs scala""".split()


def in_cells(folder, *sources):
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
         "source": source}
        for source in sources
    ]  # fmt: skip
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    write(folder, {"a.ipynb": text})
    return [(one["cell"], one["repo_id"]["values"]) for one in ask(folder, "inventory")]


CALL = 'AutoModel.from_pretrained("org/x")\n'


def test_cells_in_a_shell(tmp_path):
    sources = [f"%%{name}\nvllm serve org/x\n" for name in SHELLS]
    found = in_cells(tmp_path, IMPORTS, *sources)
    assert found == [(number, ["org/x"]) for number in range(2, len(SHELLS) + 2)]
    assert set(SHELLS) == SHELL_MAGICS


def test_cells_that_are_python_all_the_same(tmp_path):
    sources = [f"%%{name}\n{CALL}" for name in TRANSPARENT]
    found = in_cells(tmp_path, IMPORTS, *sources)
    assert found == [(number, ["org/x"]) for number in range(2, len(TRANSPARENT) + 2)]
    assert set(TRANSPARENT) == TRANSPARENT_MAGICS


def test_cells_in_other_languages(tmp_path):
    sources = [f"%%{name}\n{CALL}" for name in OTHERS]
    assert in_cells(tmp_path, IMPORTS, *sources, CALL) == [(len(OTHERS) + 2, ["org/x"])]
    assert set(OTHERS) == OTHER_MAGICS


# --- requirements -------------------------------------------------------------------------------

OLD = "transformers<5"
STATED = {
    "dependencies": ("pyproject.toml", f'[project]\nname = "a"\ndependencies = ["{OLD}"]\n'),
    "requires": ("pyproject.toml", f'[build-system]\nrequires = ["{OLD}"]\n'),
    "pip": ("environment.yml", f"dependencies:\n  - python\n  - pip:\n    - {OLD}\n"),
    "dev-dependencies": (
        "pyproject.toml", '[tool.poetry.dev-dependencies]\ntransformers = "<5"\n',
    ),
    "optional-dependencies": (
        "pyproject.toml", f'[project.optional-dependencies]\nall = ["{OLD}"]\n',
    ),
    "dependency-groups": ("pyproject.toml", f'[dependency-groups]\nall = ["{OLD}"]\n'),
    "extras": ("pyproject.toml", f'[tool.mine.extras]\nall = ["{OLD}"]\n'),
}  # fmt: skip


@pytest.mark.parametrize("key", ["", *STATED])
def test_where_versions_are_stated(tmp_path, key):
    """A keyword that transformers 5 took away is a remark where an older one is asked for."""
    name, text = STATED.get(key, ("pyproject.toml", '[project]\nname = "a"\n'))
    load = f'{IMPORTS}model = AutoModel.from_pretrained("org/x", load_in_4bit=True)\n'
    [found] = check(tmp_path, {"run.py": load, name: text}, "LOR315")
    assert found["severity"] == ("info" if key else "error")


def test_every_key_of_requirements_has_a_test():
    assert set(STATED) == LISTS | GROUPS


# --- folders that were given up -----------------------------------------------------------------

MERGE = """\
from peft import AutoPeftModelForCausalLM
from transformers import BitsAndBytesConfig

four = BitsAndBytesConfig(load_in_4bit=True)
AutoPeftModelForCausalLM.from_pretrained("out/x", quantization_config=four).merge_and_unload()
"""


@pytest.mark.parametrize("word", sorted(GIVEN_UP))
def test_what_a_script_of_the_past_does_is_a_remark(tmp_path, word):
    names = (f"{word}/merge.py", f"src/{word.title()}-code/merge.py", f"{word}.py")
    found = check(tmp_path, dict.fromkeys(names, MERGE), "LOR307")
    by_file = {one["filename"]: one["severity"] for one in found}
    assert by_file == dict(zip(names, ("info", "info", "warning"), strict=True))
