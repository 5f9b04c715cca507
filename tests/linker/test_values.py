"""Where ids and revisions come from."""

import pytest

from loralint.facts import Choice, Known, Origin, OriginKind, Reason, Unknown
from tests.linker.building import AUTO, decides, linked, only_load, repo, revision, rows, short

LOAD = "AutoModelForCausalLM.from_pretrained"


def test_a_literal():
    assert repo(f'{AUTO}{LOAD}("org/model")') == "org/model"


def test_a_constant_of_another_module():
    assert repo(f"from config import BASE\n{AUTO}{LOAD}(BASE)", config='BASE = "org/m"') == "org/m"


def test_a_constant_through_a_module_alias():
    source = f"import pkg.config as c\n{AUTO}{LOAD}(c.BASE)"
    assert repo(source, pkg__config='BASE = "org/m"') == "org/m"


def test_a_relative_import_of_a_package():
    project = linked(
        {
            "pkg/__init__.py": "",
            "pkg/names.py": 'BASE = "org/m"',
            "pkg/train.py": f"from .names import BASE\n{AUTO}{LOAD}(BASE)",
        }
    )
    assert rows(project)[0][2] == "org/m"


def test_a_name_that_a_package_exports_again():
    project = linked(
        {
            "pkg/__init__.py": "from .names import BASE",
            "pkg/names.py": 'BASE = "org/m"',
            "train.py": f"from pkg import BASE\n{AUTO}{LOAD}(BASE)",
        }
    )
    assert rows(project)[0][2] == "org/m"


def test_a_star_import_of_the_project():
    assert repo(f"from config import *\n{AUTO}{LOAD}(BASE)", config='BASE = "org/m"') == "org/m"


def test_a_class_attribute_of_another_module():
    source = f"from config import Config\n{AUTO}{LOAD}(Config.base, revision=Config.revision)"
    config = 'class Config:\n    base = "org/m"\n    revision = "v1"'
    load = only_load(source, config=config)
    assert (short(load.site.repo_id), short(load.site.revision)) == ("org/m", "v1")


def test_an_enum_member():
    source = f"from config import Models\n{AUTO}{LOAD}(Models.BASE.value)"
    config = 'from enum import Enum\nclass Models(Enum):\n    BASE = "org/m"'
    assert repo(source, config=config) == "org/m"


def test_a_missing_module_of_the_project_gives_a_comparable_unknown():
    project = linked(
        {"main.py": f"from config import BASE\n{AUTO}{LOAD}(BASE)"}, others=["config.py"]
    )
    assert rows(project)[0][2] == "? import:config.py:BASE"


# --- parameters ---------------------------------------------------------------------------------


def test_of_several_unknown_callers_it_is_known_who_decides_which():
    source = f"""
import lib
{AUTO}
def load(name):
    return {LOAD}(name)
load(lib.one())
load(lib.other())
"""
    value = only_load(source).site.repo_id
    assert isinstance(value, Choice)
    assert decides(value.origin) == "main.py:load.name"
    known = only_load(source.replace("lib.one()", '"org/m"')).site.repo_id
    assert (short(known)[0], decides(known.origin)) == ("org/m", "main.py:load.name")
    all_known = source.replace("lib.one()", '"org/m"').replace("lib.other()", '"org/n"')
    assert only_load(all_known).site.repo_id == Choice((Known("org/m"), Known("org/n")))


def test_of_what_several_unknown_callers_pass_an_item_has_an_origin_too():
    source = f"""
import lib
{AUTO}
def load(config):
    return {LOAD}(config["name"])
load(lib.one())
load(lib.other())
"""
    assert decides(only_load(source).site.repo_id.origin) == "main.py:load.config.name"


def test_callers_that_are_given_it_are_one_unknown_thing():
    source = f"""
{AUTO}
def load(name):
    return {LOAD}(name)
def one(name):
    load(name)
def other(model):
    load(model)
"""
    assert repo(source) == "? main.py:load.name"


def test_a_parameter_that_all_callers_give_the_same_value():
    source = f"""
{AUTO}
def load(name):
    return {LOAD}(name)
load("org/m")
load("org/m")
"""
    assert repo(source) == "org/m"


def test_a_parameter_with_different_values_is_a_choice():
    source = f"""
{AUTO}
def load(name):
    return {LOAD}(name)
load("org/a")
load("org/b")
"""
    assert repo(source) == ["org/a", "org/b"]


def test_a_parameter_that_nobody_passes_is_its_default():
    source = f'{AUTO}\ndef load(name="org/m"):\n    return {LOAD}(name)'
    assert repo(source) == "org/m by default"


def test_a_parameter_without_default_or_caller_is_unknown_with_its_name():
    source = f"{AUTO}\ndef load(name):\n    return {LOAD}(name)"
    assert repo(source) == "? main.py:load.name"


def test_a_revision_whose_default_is_none_is_forwarded():
    source = f'{AUTO}\ndef load(rev=None):\n    return {LOAD}("org/m", revision=rev)'
    assert revision(source) == "? main.py:load.rev"


def test_a_default_of_main_stays_a_default():
    source = f'{AUTO}\ndef load(rev="main"):\n    return {LOAD}("org/m", revision=rev)'
    assert revision(source) == "main by default"


def test_a_caller_in_another_file():
    source = f"{AUTO}\ndef load(name):\n    return {LOAD}(name)"
    assert repo(source, other='from main import load\nload("org/m")') == "org/m"


def test_keyword_arguments_that_are_handed_through():
    source = f"""
{AUTO}
def load(name, **kwargs):
    return {LOAD}(name, **kwargs)
load("org/m", revision="v1")
"""
    assert revision(source) == "v1"


def test_keyword_arguments_of_an_unseen_caller_are_unknown():
    source = f'{AUTO}\ndef load(**kwargs):\n    return {LOAD}("org/m", **kwargs)'
    load = only_load(source)
    assert load.site.revision == Unknown(Reason.IN_KEYWORDS)
    assert load.site.revision.words == "in **kwargs"


def test_an_item_of_keyword_arguments_is_in_them():
    source = f'{AUTO}\ndef load(**kwargs):\n    return {LOAD}(kwargs["name"])'
    assert only_load(source).site.repo_id.words == "in **kwargs"


def test_a_known_dict_without_the_key_leaves_the_revision_out():
    source = f'{AUTO}kwargs = {{"device_map": "auto"}}\n{LOAD}("org/m", **kwargs)'
    assert revision(source) == "-"


def test_a_key_that_one_branch_sets_is_a_choice():
    source = f"""
{AUTO}
import sys
kwargs = {{"device_map": "auto"}}
if len(sys.argv) > 1:
    kwargs["revision"] = "v1"
{LOAD}("org/m", **kwargs)
"""
    assert sorted(map(str, revision(source))) == ["-", "v1"]


def test_functions_that_build_the_keyword_arguments():
    source = f"""
{AUTO}
def options(revision):
    return dict(pretrained_model_name_or_path="org/m", revision=revision)
{LOAD}(**options("v1"))
"""
    load = only_load(source)
    assert (short(load.site.repo_id), short(load.site.revision)) == ("org/m", "v1")


def test_a_look_up_by_a_default_key():
    source = f"""
{AUTO}
REVISIONS = {{"org/m": "v1", "org/n": "v2"}}
def load(name="org/m"):
    return {LOAD}(name, revision=REVISIONS[name])
"""
    assert revision(source) == "v1 by default"


def test_recursion_ends():
    source = f"{AUTO}\ndef load(name):\n    load(name)\n    return {LOAD}(name)\nload(load)"
    assert repo(source).startswith("?")


# --- command lines ------------------------------------------------------------------------------

ARGPARSE = f"""
import argparse
{AUTO}
parser = argparse.ArgumentParser()
parser.add_argument("-m", "--base-model", default="org/m")
parser.add_argument("--revision", type=str)
parser.add_argument("--tag", required=True)
parser.add_argument("--trust", action="store_true")
args = parser.parse_args()
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("args.base_model", "org/m by default"),
        ("args.revision", "? main.py:args.revision"),
        ("args.tag", "? main.py:args.tag"),
        ("args.trust", "False by default"),
        ("vars(args)['base_model']", "org/m by default"),
        ("getattr(args, 'base_model')", "org/m by default"),
        ("args.revision or 'main'", "main by default"),
    ],
)
def test_argparse(expression, value):
    assert revision(f'{ARGPARSE}{LOAD}("org/x", revision={expression})') == value


def test_a_parser_of_another_file_and_a_function_that_is_handed_it():
    options = """
import argparse
def add(parser):
    parser.add_argument("--model", default="org/m")
def get():
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("model")
    add(group)
    return parser.parse_args()
"""
    source = (
        f"from options import get\n{AUTO}\ndef main(args):\n    {LOAD}(args.model)\nmain(get())"
    )
    load = only_load(source, options=options)
    assert short(load.site.repo_id) == "org/m by default"
    assert load.site.repo_id.origin == Origin(OriginKind.OPTION, "options.py", ("model",))


def test_parents_and_set_defaults():
    source = f"""
import argparse
{AUTO}
common = argparse.ArgumentParser(add_help=False)
common.add_argument("--model", default="org/a")
parser = argparse.ArgumentParser(parents=[common])
parser.set_defaults(revision="v1")
args, rest = parser.parse_known_args()
{LOAD}(args.model, revision=args.revision)
"""
    load = only_load(source)
    assert short(load.site.repo_id) == "org/a by default"
    assert short(load.site.revision) == "v1 by default"


def test_two_parsers_with_an_option_of_one_name():
    source = f"""
import argparse
{AUTO}
one = argparse.ArgumentParser()
one.add_argument("--model", default="org/a")
two = argparse.ArgumentParser()
two.add_argument("--model", default="org/b")
{LOAD}(two.parse_args().model)
"""
    assert repo(source) == "org/b by default"


def test_hf_argument_parser():
    source = f"""
from dataclasses import dataclass, field
from transformers import HfArgumentParser, TrainingArguments
{AUTO}
@dataclass
class ModelArguments:
    model_name_or_path: str = field(default="org/m")
    model_revision: str = field(default=None)
@dataclass
class More(ModelArguments):
    extra: int = 1
parser = HfArgumentParser((More, TrainingArguments))
model_args, training_args = parser.parse_args_into_dataclasses()
{LOAD}(model_args.model_name_or_path, revision=model_args.model_revision)
"""
    load = only_load(source)
    assert short(load.site.repo_id) == "org/m by default"
    assert short(load.site.revision).startswith("? main.py:")


def test_click_typer_and_fire():
    click = f"""
import click
{AUTO}
@click.command()
@click.option("--model-name", default="org/m")
@click.option("--rev", "revision")
def main(model_name, revision):
    {LOAD}(model_name, revision=revision)
main()
"""
    load = only_load(click)
    assert short(load.site.repo_id) == "org/m by default"
    assert short(load.site.revision) == "? main.py:args.revision"
    typer = f"""
import typer
{AUTO}
app = typer.Typer()
@app.command()
def main(model: str = typer.Option("org/m", "--model")):
    {LOAD}(model)
"""
    assert repo(typer) == "org/m by default"
    fire = f'import fire\n{AUTO}\ndef main(model=""):\n    {LOAD}(model)\nfire.Fire(main)'
    assert repo(fire) == "? main.py:main.model"


# --- objects ------------------------------------------------------------------------------------


def test_an_attribute_that_the_constructor_sets():
    source = f"""
{AUTO}
class Loader:
    def __init__(self, name, revision="v1"):
        self.name = name
        self.revision = revision
    def load(self):
        return {LOAD}(self.name, revision=self.revision)
Loader("org/m").load()
"""
    load = only_load(source)
    assert (short(load.site.repo_id), short(load.site.revision)) == ("org/m", "v1 by default")


def test_a_constructor_that_passes_on_to_its_parent():
    source = f"""
{AUTO}
class Base:
    def __init__(self, name):
        self.name = name
class Loader(Base):
    def __init__(self):
        super().__init__("org/m")
loader = Loader()
{LOAD}(loader.name)
"""
    assert repo(source) == "org/m"


def test_a_dataclass_made_by_keyword_and_by_dict():
    config = """
from dataclasses import dataclass
@dataclass
class Config:
    name: str = "org/a"
    revision: str = "v1"
"""
    source = f'from config import Config\n{AUTO}c = Config(name="org/b")\n'
    load = only_load(f"{source}{LOAD}(c.name, revision=c.revision)", config=config)
    assert (short(load.site.repo_id), short(load.site.revision)) == ("org/b", "v1 by default")
    source = f'from config import Config\n{AUTO}c = Config(**{{"name": "org/c"}})\n'
    assert repo(f"{source}{LOAD}(c.name)", config=config) == "org/c"


def test_a_nested_dataclass():
    source = f"""
from dataclasses import dataclass, field
{AUTO}
@dataclass
class Model:
    name: str = "org/m"
@dataclass
class Config:
    model: Model = field(default_factory=Model)
cfg = Config()
{LOAD}(cfg.model.name)
"""
    assert repo(source) == "org/m by default"


def test_a_parameter_that_is_annotated_with_a_dataclass():
    source = f"""
from dataclasses import dataclass
{AUTO}
@dataclass
class Config:
    name: str = "org/m"
def load(config: Config):
    {LOAD}(config.name)
"""
    assert repo(source) == "org/m by default"


def test_namespaces():
    source = f'from types import SimpleNamespace\n{AUTO}c = SimpleNamespace(name="org/m")\n'
    assert repo(f"{source}{LOAD}(c.name)") == "org/m"


# --- the environment and configuration files ----------------------------------------------------


def test_the_environment():
    source = f'import os\n{AUTO}{LOAD}(os.getenv("BASE", "org/m"), revision=os.getenv("REV"))'
    load = only_load(source)
    assert short(load.site.repo_id) == "org/m by default"
    assert short(load.site.revision) == "? env:REV"


def test_a_dotenv_file_that_is_loaded():
    source = (
        f'import os\nfrom dotenv import load_dotenv\n{AUTO}load_dotenv()\n{LOAD}(os.getenv("B"))'
    )
    project = linked({"main.py": source, ".env": "B=org/m\n"})
    assert rows(project)[0][2] == "org/m by default"


@pytest.mark.parametrize("path", ["'conf.yaml'", "Path(__file__).parent / 'conf.yaml'"])
def test_a_yaml_file(path):
    source = f"""
import yaml
from pathlib import Path
{AUTO}
with open({path}) as file:
    cfg = yaml.safe_load(file)
{LOAD}(cfg["model"]["name"], revision=cfg["model"].get("revision"))
"""
    project = linked({"scripts/main.py": source, "scripts/conf.yaml": "model:\n  name: org/m\n"})
    assert rows(project)[0][2] == "org/m"


def test_a_file_that_is_the_default_of_an_option():
    source = f"""
import argparse, json
{AUTO}
parser = argparse.ArgumentParser()
parser.add_argument("--config", default="conf/a.json")
args = parser.parse_args()
cfg = json.load(open(args.config))
{LOAD}(cfg["name"])
"""
    project = linked({"main.py": source, "conf/a.json": '{"name": "org/m"}'})
    assert rows(project)[0][2] == "org/m by default"


def test_no_look_up_in_a_file_that_nothing_ties():
    source = f"""
import argparse, yaml
{AUTO}
parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True)
cfg = yaml.safe_load(open(parser.parse_args().config))
{LOAD}(cfg["name"])
"""
    project = linked({"main.py": source, "conf.yaml": "name: org/m\n"})
    assert rows(project)[0][2] == "? main.py:args.config.name"


def test_hydra():
    source = f"""
import hydra
{AUTO}
@hydra.main(config_path="conf", config_name="config", version_base=None)
def main(cfg):
    {LOAD}(cfg.model.name, revision=cfg.revision)
main()
"""
    project = linked(
        {
            "src/main.py": source,
            "src/conf/config.yaml": """
                defaults: [{model: small}, _self_]
                revision: ${tag}
                tag: v1
            """,
            "src/conf/model/small.yaml": "name: org/m\n",
        }
    )
    assert rows(project)[0][2:] == ("org/m by default", "v1 by default")


def test_omegaconf():
    source = f"""
from omegaconf import OmegaConf
{AUTO}
more = OmegaConf.create({{"rev": "v2"}})
cfg = OmegaConf.merge(OmegaConf.load("a.yaml"), more, OmegaConf.from_cli())
{LOAD}(cfg.name, revision=cfg.rev)
"""
    project = linked({"main.py": source, "a.yaml": "org: org\nname: ${org}/m\nrev: v1\n"})
    assert rows(project)[0][2:] == ("org/m by default", "v2 by default")


# --- strings ------------------------------------------------------------------------------------


def test_strings_put_together():
    source = f"""
import argparse, os
{AUTO}
parser = argparse.ArgumentParser()
parser.add_argument("--size", default="7b")
args = parser.parse_args()
{LOAD}(f"org/m-{{args.size}}")
"""
    assert repo(source) == "org/m-7b by default"


def test_strings_with_unknown_parts_are_comparable():
    source = f"{AUTO}\ndef load(out):\n    {LOAD}(out + '/final')"
    assert repo(source) == "? {main.py:load.out}/final"


def test_an_option_that_is_dropped_where_it_is_empty():
    source = f"""{AUTO}
import argparse
LOCAL = "org/local"
def pick(path=""):
    for each in [p for p in [path, LOCAL] if p]:
        return each
    return LOCAL
parser = argparse.ArgumentParser()
parser.add_argument("--path", default="")
args = parser.parse_args()
{LOAD}(pick(args.path))
"""
    assert repo(source) == "org/local"


def test_a_parameter_that_is_replaced_where_it_is_missing():
    source = f"""{AUTO}
def load(name=None):
    if name is None:
        name = "org/one"
    return {LOAD}(name)
load()
load("org/two")
"""
    # as with `name or "org/one"`: it holds unless a caller says otherwise
    assert repo(source) == ["org/one by default", "org/two"]


def test_a_condition_leaves_what_nobody_has_to_give_forwarded():
    source = f"""{AUTO}
def load(name, revision=None):
    if revision:
        return {LOAD}(name, revision=revision)
load("org/one")
"""
    assert revision(source).startswith("?")


def test_a_caller_of_the_same_name_in_another_file_is_no_recursion():
    project = linked(
        {
            "main.py": 'import sft\ndef train(name):\n    sft.train(name)\ntrain("org/m")',
            "sft.py": f"{AUTO}def train(name):\n    {LOAD}(name)",
        }
    )
    assert rows(project)[0][2] == "org/m"


def test_what_one_command_leaves_unknown_the_others_give():
    sources = {
        "main.py": f"""
import argparse
{AUTO}
parser = argparse.ArgumentParser()
parser.add_argument("--model")
args = parser.parse_args()
{LOAD}(args.model)
""",
        "Makefile": "any:\n\tpython main.py --model $$MODEL\none:\n\tpython main.py --model o/m\n",
    }
    (load,) = linked(sources).loads
    assert short(load.site.repo_id) == "o/m by default"
