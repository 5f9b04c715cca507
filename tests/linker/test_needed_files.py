"""Which files the linker needs to see more, round by round."""

from loralint.project.needed_files import NeededFiles
from tests.linker.building import AUTO, facts_of

LOAD = "AutoModelForCausalLM.from_pretrained"


def asked(sources, *others):
    """What is needed for these sources where the project has other files."""
    return NeededFiles({*sources, *others}).after(facts_of(sources).values())


def test_imported_modules_of_the_project():
    imports = "from config import BASE\nfrom pkg import names\nimport numpy\nimport other"
    source = f"{imports}\n{AUTO}{LOAD}(BASE, revision=names.REVISION)"
    found = asked({"main.py": source}, "config.py", "pkg/__init__.py", "pkg/names.py", "other.py")
    assert found.paths == {"config.py", "pkg/__init__.py", "pkg/names.py"}


def test_files_that_a_script_reads():
    source = f"""
import argparse, yaml
{AUTO}
parser = argparse.ArgumentParser()
parser.add_argument("--config", default="conf/a.yaml")
cfg = yaml.safe_load(open(parser.parse_args().config))
{LOAD}(cfg["name"])
"""
    assert asked({"main.py": source}, "conf/a.yaml", "conf/b.yaml").paths == {"conf/a.yaml"}


def test_the_dotenv_file_only_of_who_loads_it():
    source = f"import os\n{AUTO}{LOAD}(os.environ['B'])"
    assert asked({"main.py": source}, ".env").paths == set()
    loading = f"from dotenv import load_dotenv\nload_dotenv()\n{source}"
    assert asked({"main.py": loading}, ".env").paths == {".env"}


def test_the_folder_of_hydra():
    source = f"""
import hydra
{AUTO}
@hydra.main(config_path="../conf", config_name="config")
def main(cfg):
    {LOAD}(cfg.name)
"""
    files = ("conf/config.yaml", "conf/model/a.yaml", "other/b.yaml")
    assert asked({"src/main.py": source}, *files).paths == {"conf/config.yaml", "conf/model/a.yaml"}


def test_the_names_of_functions_whose_callers_decide():
    source = f"""
{AUTO}
def load_base_model(name):
    return {LOAD}(name)
def fixed():
    return {LOAD}("o/m")
class Server:
    def __init__(self, name):
        self.name = name
        self.model = {LOAD}(name)
def main(name):
    {LOAD}(name)
"""
    assert asked({"main.py": source}).names == {"load_base_model", "Server"}


def test_nothing_more_ends_it():
    found = asked({"main.py": f'{AUTO}{LOAD}("o/m")'}, "other.py")
    assert (found.paths, found.names) == (frozenset(), frozenset())


def test_a_package_that_exports_by_a_star_who_is_called():
    """The caller names the package, which names the function nowhere."""
    facts = facts_of(
        {
            "loading.py": f"{AUTO}def make_model(name):\n    return {LOAD}(name)",
            "main.py": "from pkg import make_model\n\nmake_model('o/m')\n",
            "pkg/__init__.py": "from .impl import *\n",
        }
    )
    rounds = NeededFiles({*facts, "pkg/impl.py"})
    assert rounds.after([facts["loading.py"]]).names == {"make_model"}
    assert rounds.after([facts["main.py"]]).paths == {"pkg/__init__.py"}
    assert rounds.after([facts["pkg/__init__.py"]]).paths == {"pkg/impl.py"}


def test_each_round_adds_what_is_new():
    main = "from lib.names import base\nbase().save_pretrained('out')"
    names = f"{AUTO}from .more import BASE\ndef base():\n    return {LOAD}(BASE)"
    facts = facts_of({"main.py": main, "lib/names.py": names, "lib/more.py": 'BASE = "o/m"'})
    rounds = NeededFiles(facts.keys())
    assert rounds.after([facts["main.py"]]).paths == {"lib/names.py"}
    assert rounds.after([facts["lib/names.py"]]).paths == {"lib/more.py"}
    assert rounds.after([facts["lib/more.py"]]).paths == frozenset()


def test_a_name_is_looked_for_once():
    library = f"{AUTO}def load_base_model(name):\n    return {LOAD}(name)"
    script = 'from lib import load_base_model\nload_base_model("o/m")'
    facts = facts_of({"lib.py": library, "main.py": script})
    rounds = NeededFiles(facts.keys())
    assert rounds.after([facts["lib.py"]]).names == {"load_base_model"}
    assert rounds.after([facts["main.py"]]).names == frozenset()
