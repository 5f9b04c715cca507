"""What is not decided: for each kind of unknown the reason, in `inventory` and with `-v`."""

from __future__ import annotations

import json

import pytest

from tests.whole.running import Small, table

PARSER = (
    "import argparse\n\nparser = argparse.ArgumentParser()\n"
    'parser.add_argument("--model", required=True)\nargs = parser.parse_args()\n'
)

KINDS = {
    "a parameter": (
        "def load(name):",
        "name",
        "given by the caller: `load.name` (main.py:3)",
    ),
    "an item of a parameter": (
        "def load(cfg):",
        'cfg["a"]',
        "given by the caller: `load.cfg.a` (main.py:3)",
    ),
    "an attribute of a parameter": (
        "def load(cfg):",
        "cfg.a",
        "given by the caller: `load.cfg.a` (main.py:3)",
    ),
    "an item of an attribute of a parameter": (
        "def load(cfg):",
        'cfg.a["b"]',
        "given by the caller: `load.cfg.a.b` (main.py:3)",
    ),
    "a key of **kwargs": ("def load(**kwargs):", 'kwargs["name"]', "in **kwargs"),
    "an option": (
        f"{PARSER}\n\ndef load():",
        "args.model",
        "a required option: `args.model` (main.py:6)",
    ),
    "the environment": (
        "import os\n\n\ndef load():",
        'os.environ["MODEL"]',
        "taken from the environment: `MODEL`",
    ),
    "a result": (
        "import lib\n\n\ndef load():",
        "lib.choose()",
        "the result of `lib.choose()` (main.py:7)",
    ),
    "an item of a result": (
        'import lib\n\ncfg = lib.load_config("x")\n\n\ndef load():',
        'cfg["model"]',
        'the result of `lib.load_config("x")` (main.py:5)',
    ),
    "an item of an item of a result": (
        'import lib\n\ncfg = lib.load_config("x")\n\n\ndef load():',
        'cfg["model"]["name"]',
        'the result of `lib.load_config("x")` (main.py:5)',
    ),
    "an attribute of a result": (
        'import lib\n\ncfg = lib.load_config("x")\n\n\ndef load():',
        "cfg.model",
        'the attribute model of `lib.load_config("x")` (main.py:5)',
    ),
    "an item of an attribute of a result": (
        'import lib\n\ncfg = lib.load_config("x")\n\n\ndef load():',
        'cfg.model["name"]',
        'the attribute model of `lib.load_config("x")` (main.py:5)',
    ),
    "a name of a library": (
        "from lib import MODEL\n\n\ndef load():",
        "MODEL",
        "a name of a library: `lib.MODEL`",
    ),
    "a name that a module does not have": (
        "from .names import MODEL\n\n\ndef load():",
        "MODEL",
        "MODEL of .names was not found",
    ),
    "a text with an unknown part": (
        "def load(name):",
        'f"org/{name}"',
        "put together from parts (main.py:3)",
    ),
    "one of two": (
        "import lib\n\n\ndef load(big):",
        '"org/b" if big else lib.choose()',
        "the result of `lib.choose()` (main.py:7)",
    ),
}
"""What stands before the load, what it loads, and why that is not known."""


@pytest.mark.parametrize("kind", table(KINDS))
def test_the_reason(small: Small, kind: str) -> None:
    head, given, reason = KINDS[kind]
    small.write(
        {
            "main.py": f"from transformers import AutoModel\n\n{head}\n"
            f'    AutoModel.from_pretrained({given})\n    AutoModel.from_pretrained("org/a")\n'
        }
    )
    first, second = small.inventory()
    if kind != "one of two":
        assert first["repo_id"] == {"status": "unknown", "values": [], "reason": reason}
    assert second["repo_id"] == {"status": "known", "values": ["org/a"], "reason": None}
    count, lines = small.undecided()
    row, column = first["location"]["row"], first["location"]["column"]
    what = "repo id of transformers.AutoModel.from_pretrained"
    assert (count, lines) == (1, [f"main.py:{row}:{column}: {what}: {reason}"])


REVISIONS = {
    "a parameter": (
        "def load(rev):",
        "revision=rev",
        "given by the caller: `load.rev` (main.py:3)",
    ),
    "an option": (
        PARSER.replace("model", "rev") + "\n\ndef load():",
        "revision=args.rev",
        "a required option: `args.rev` (main.py:6)",
    ),
    "a result": (
        "import lib\n\n\ndef load():",
        "revision=lib.choose()",
        "the result of `lib.choose()` (main.py:7)",
    ),
    "an item of a result": (
        'import lib\n\ncfg = lib.load_config("x")\n\n\ndef load():',
        'revision=cfg["rev"]',
        'the result of `lib.load_config("x")` (main.py:5)',
    ),
    "**kwargs": ("def load(**kwargs):", "**kwargs", "in **kwargs"),
    "**kwargs of a result": ("import lib\n\n\ndef load():", "**lib.options()", "in **kwargs"),
}
"""What stands before the load, what it is given beside the id, and why that is not known."""


PLACES = {
    "a slice of another file": (
        {"names.py": "import lib\n\nMODEL = lib.NAMES[0:1]\n"},
        "from names import MODEL\n\n\ndef load():",
        "MODEL",
        "a slice (names.py:3)",
    ),
    "an attribute of a result in another file": (
        {"names.py": "import lib\n\nCONFIG = lib.read()\n"},
        "from names import CONFIG\n\n\ndef load():",
        "CONFIG.model.name",
        "the attribute name of `lib.read()` (names.py:3)",
    ),
    "a parser of another file": (
        {
            "options.py": "import argparse\n\n\ndef parse():\n"
            "    parser = argparse.ArgumentParser()\n"
            '    parser.add_argument("--base", required=True)\n    return parser.parse_args()\n'
        },
        "from options import parse\n\nargs = parse()\n\n\ndef load():",
        "args.base",
        "a required option: `args.base` (options.py:6)",
    ),
    "a field of a class of another file": (
        {
            "options.py": "from dataclasses import dataclass\n\nimport tyro\n\n\n@dataclass\n"
            "class Config:\n    base: str\n\n\ndef parse():\n    return tyro.cli(Config)\n"
        },
        "from options import parse\n\ncfg = parse()\n\n\ndef load():",
        "cfg.base",
        "a required field: `Config.base` (options.py:7)",
    ),
    "a method of a result": (
        {},
        "import lib\n\n\ndef load():",
        "lib.table.split(':')[1:]",
        "a slice (main.py:7)",
    ),
}


@pytest.mark.parametrize("kind", table(PLACES))
def test_the_reason_names_a_place(small: Small, kind: str) -> None:
    files, head, given, reason = PLACES[kind]
    load = f"    AutoModel.from_pretrained({given})\n"
    small.write({**files, "main.py": f"from transformers import AutoModel\n\n{head}\n{load}"})
    (load_,) = small.inventory()
    assert load_["repo_id"]["reason"] == reason
    count, (line,) = small.undecided()
    assert count == 1
    assert line.endswith(f": {reason}")


def test_the_place_in_a_notebook(small: Small) -> None:
    cells = [["import lib\n", "\n", "name = lib.names[1:]"], ["AutoModel.from_pretrained(name)"]]
    cells[1].insert(0, "from transformers import AutoModel\n")
    code = [{"cell_type": "code", "metadata": {}, "source": c, "outputs": []} for c in cells]
    small.write({"a.ipynb": json.dumps({"cells": code, "metadata": {}, "nbformat": 4})})
    (load,) = small.inventory()
    assert load["repo_id"]["reason"] == "a slice (a.ipynb#1:3)"


@pytest.mark.parametrize("kind", table(REVISIONS))
def test_the_reason_of_a_revision(small: Small, kind: str) -> None:
    head, given, reason = REVISIONS[kind]
    small.write(
        {
            "main.py": f"from transformers import AutoModel\n\n{head}\n"
            f'    AutoModel.from_pretrained("org/a", {given})\n'
        }
    )
    (load,) = small.inventory()
    status = "unknown" if "**" in given else "forwarded"
    assert load["revision"] == {"status": status, "values": []}
    row, column = load["location"]["row"], load["location"]["column"]
    what = "revision of transformers.AutoModel.from_pretrained"
    assert small.undecided("--strict") == (1, [f"main.py:{row}:{column}: {what}: {reason}"])
    assert small.findings() == []


def test_what_nobody_has_to_give_is_not_counted(small: Small) -> None:
    small.write(
        {
            "main.py": "from transformers import AutoModel\n\n\ndef load(name=None, rev=None):\n"
            "    AutoModel.from_pretrained(name, revision=rev)\n"
        }
    )
    (load,) = small.inventory()
    assert (load["repo_id"]["status"], load["revision"]["status"]) == ("unknown", "forwarded")
    assert small.undecided("--strict") == (0, [])


def test_all_of_them_are_counted_once(small: Small) -> None:
    heads = [(head, given) for head, given, _ in KINDS.values() if head.startswith("def ")]
    loads = [f"{head}\n    AutoModel.from_pretrained({given})\n\n\n" for head, given in heads]
    texts = ["from transformers import AutoModel\n\n\n" + load for load in loads]
    small.write({f"m{number}.py": text for number, text in enumerate(texts)})
    count, lines = small.undecided()
    assert count == len(lines) == len(set(lines)) == len(heads)
    summary = small.run("check", "--isolated", "--no-cache").output
    assert f"{count} not decided" in summary
