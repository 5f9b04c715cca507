"""What was read wrongly once, as it ought to be read.

A case that stands in a table of faults fails for the time being: whoever mends it takes it out.
"""

from __future__ import annotations

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

IMPL = """\
from transformers import AutoModel


class Loader:
    def __init__(self, name):
        self.model = AutoModel.from_pretrained(name)


def make_model(name):
    return AutoModel.from_pretrained(name)
"""
STUB = """\
    class Loader:
        def __init__(self, name):
            raise ImportError("install transformers")

    def make_model(name):
        raise ImportError("install transformers")
"""
PACKAGES = {
    "names": "from .impl import Loader, make_model\n",
    "a star": "from .impl import *\n",
    "a star, and what it exports": 'from .impl import *\n\n__all__ = ["Loader", "make_model"]\n',
    "a star of a star": "from .more import *\n",
    "names, or else stubs": (
        f"try:\n    from .impl import Loader, make_model\nexcept ImportError:\n{STUB}"
    ),
    "a star, or else stubs": f"try:\n    from .impl import *\nexcept ImportError:\n{STUB}",
    "stubs, or else a star": (
        f"import os\n\nif os.environ.get('NO_TORCH'):\n{STUB}else:\n    from .impl import *\n"
    ),
    "a star, or else stubs, by a condition": (
        f"import os\n\nif not os.environ.get('NO_TORCH'):\n    from .impl import *\nelse:\n{STUB}"
    ),
}
"""A package's `__init__.py`, by which `main.py` comes to what `impl.py` defines."""

CALLS = {
    "a function": ("from pkg import make_model\n\nmake_model({})\n", 10),
    "a class": ("from pkg import Loader\n\nLoader({})\n", 6),
    "a function of the module": ("import pkg\n\npkg.make_model({})\n", 10),
    "a class of the module": ("import pkg\n\npkg.Loader({})\n", 6),
    "a star": ("from pkg import *\n\nmake_model({})\n", 10),
}
EXPORTED = {f"{call}, by {package}": (call, package) for package in PACKAGES for call in CALLS}


@pytest.mark.parametrize("case", table(EXPORTED))
def test_a_name_that_a_package_exports_keeps_its_callers(small: Small, case: str) -> None:
    call, package = EXPORTED[case]
    text, row = CALLS[call]
    small.write({"pkg/__init__.py": PACKAGES[package], "pkg/impl.py": IMPL})
    small.write({"pkg/more.py": "from .impl import *\n", "main.py": text.format('"org/a"')})
    ids = {load["location"]["row"]: load["repo_id"]["values"] for load in small.inventory()}
    assert ids[row] == ["org/a"]
    assert ("LOR101", "pkg/impl.py", row) in small.found("LOR101")


# --- what gives a revision -----------------------------------------------------------------------

SOURCES = {
    "an option": (
        "import argparse\n\nparser = argparse.ArgumentParser()\n"
        'parser.add_argument("--rev")\nargs = parser.parse_args()\n',
        "args.rev",
        True,
    ),
    "a result": ("import lib\n\nrev = lib.choose()\n", "rev", False),
    "an item of a result": (
        'import lib\n\ncfg = lib.load_config("x")\n',
        'cfg["rev"]',
        False,
    ),
    "an attribute of a result": ('import lib\n\ncfg = lib.load_config("x")\n', "cfg.rev", False),
    "a name of a library": ("from lib import REV\n", "REV", False),
}


@pytest.mark.parametrize("case", table(SOURCES))
def test_only_an_option_is_called_one(small: Small, case: str) -> None:
    before, given, is_option = SOURCES[case]
    small.write({"train.py": trains(before, f'"org/a", revision={given}')})
    small.write({"infer.py": serves("", '"org/a"')})
    (found,) = small.findings("LOR201")
    assert ("args.rev" in found["message"]) == is_option
    assert "an option" not in found["message"]


# --- callers that pass what nobody knows ---------------------------------------------------------

LOADS = """\
import lib
from transformers import AutoModel, AutoTokenizer


def load(name, rev):
    AutoModel.from_pretrained(name, revision=rev)
    AutoTokenizer.from_pretrained(name)


"""
CALLERS = {
    "nobody": "",
    "one that is known": 'load("org/a", "v1")\n',
    "one that is not": "load(lib.name(), lib.rev())\n",
    "two that are not": "load(lib.name(), lib.rev())\nload(lib.other(), lib.rev())\n",
    "one that is and one that is not": 'load("org/a", "v1")\nload(lib.name(), lib.rev())\n',
    "a function that is given them": "def outer(name, rev):\n    load(name, rev)\n",
    "two functions that are given them": (
        "def outer(name, rev):\n    load(name, rev)\n\n\n"
        "def other(model, at):\n    load(model, at)\n"
    ),
}


@pytest.mark.parametrize("case", table(CALLERS))
def test_whoever_calls_the_two_loads_are_of_one_thing(small: Small, case: str) -> None:
    small.write({"load.py": LOADS + CALLERS[case]})
    assert {("load.py", 7)} == {(path, row) for _, path, row in small.found("LOR211")}


READER = """\
import json


def load_config(path):
    with open(path) as file:
        return json.load(file)
"""
UNKNOWN = {
    "nobody else": "",
    "a known one": 'cfg = load_config("train.json")\n',
    "one with a path of the command line": "import sys\n\ncfg = load_config(sys.argv[1])\n",
    "one with a result": "import lib\n\ncfg = load_config(lib.path())\n",
    "one with a parameter": (
        "def read(path):\n    return load_config(path)\n\n\ncfg = read(input())\n"
    ),
}


@pytest.mark.parametrize("case", table(UNKNOWN))
def test_a_shared_loader_of_configurations_knows_each_caller(small: Small, case: str) -> None:
    small.write({"conf.py": READER, "train.json": '{"model": "org/a", "rev": "v1"}'})
    small.write({"serve.json": '{"model": "org/a", "rev": "v2"}'})
    for name, write in (("train", trains), ("serve", serves)):
        before = f'from conf import load_config\n\ncfg = load_config("{name}.json")\n'
        small.write({f"{name}.py": write(before, 'cfg["model"], revision=cfg["rev"]')})
    if UNKNOWN[case]:
        load = 'AutoModel.from_pretrained(cfg["model"])\n'
        imports = "from conf import load_config\nfrom transformers import AutoModel\n"
        small.write({"tool.py": f"{imports}{UNKNOWN[case]}{load}"})
    loads = small.inventory("train.py") + small.inventory("serve.py")
    assert [load["revision"]["values"] for load in loads] == [["v1"], ["v2"], []]
    assert small.found("LOR201") == [("LOR201", "serve.py", 7)]


# --- one row -------------------------------------------------------------------------------------

ROWS = {
    "a function alone": (
        'def load(): return AutoModel.from_pretrained("org/a")\n',
        [("main.py", 3, 20)],
    ),
    "a function, and a call of it": (
        'def load(name): return AutoModel.from_pretrained(name)\n\n\nload("org/a")\n',
        [("main.py", 3, 24)],
    ),
    "two functions": (
        'def one(): return AutoModel.from_pretrained("org/a")\n'
        'def two(): return AutoModel.from_pretrained("org/b")\n',
        [("main.py", 3, 19), ("main.py", 4, 19)],
    ),
    "a method": (
        'class Loader:\n    def load(self): return AutoModel.from_pretrained("org/a")\n\n\n'
        "Loader().load()\n",
        [("main.py", 4, 28)],
    ),
    "a function, and another load": (
        'def load(): return AutoModel.from_pretrained("org/a")\n\n\n'
        'AutoModel.from_pretrained("org/b")\n',
        [("main.py", 3, 20), ("main.py", 6, 1)],
    ),
    "a condition": (
        'import os\n\nif os.name: AutoModel.from_pretrained("org/a")\n'
        'AutoModel.from_pretrained("org/b")\n',
        [("main.py", 5, 13), ("main.py", 6, 1)],
    ),
    "two statements": (
        'one = AutoModel.from_pretrained("org/a"); two = AutoModel.from_pretrained("org/b")\n',
        [("main.py", 3, 7), ("main.py", 3, 49)],
    ),
    "a class": (
        'class Held: model = AutoModel.from_pretrained("org/a")\n\n\n'
        'AutoModel.from_pretrained("org/b")\n',
        [("main.py", 3, 21), ("main.py", 6, 1)],
    ),
}


@pytest.mark.parametrize("case", table(ROWS))
def test_what_stands_in_one_row(small: Small, case: str) -> None:
    text, places = ROWS[case]
    small.write({"main.py": f"from transformers import AutoModel\n\n{text}"})
    found = small.findings()
    assert {one["code"] for one in found} == {"LOR101"}, found
    assert [
        (one["filename"], one["location"]["row"], one["location"]["column"]) for one in found
    ] == places
