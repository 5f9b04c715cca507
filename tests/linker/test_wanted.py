"""What the linker asks for between rounds."""

from loralint.project.wanted import Asked, wanted
from tests.linker.building import AUTO, facts_of

LOAD = "AutoModelForCausalLM.from_pretrained"


def asked(sources, *others):
    """What is wanted for these sources where the project has other files."""
    return wanted(facts_of(sources), {*sources, *others})


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
    asks = Asked(names={"make_model"})
    sources = {"main.py": "from pkg import make_model\n\nmake_model('o/m')\n"}
    others = ("pkg/__init__.py", "pkg/impl.py")
    assert wanted(facts_of(sources), {*sources, *others}, asks).paths == {"pkg/__init__.py"}
    sources["pkg/__init__.py"] = "from .impl import *\n"
    assert wanted(facts_of(sources), {*sources, *others}, asks).paths == {"pkg/impl.py"}
