"""Two things that nobody can know: whether they are one and the same.

Each case is what the training side loads and what the inference side loads, at two revisions. Where
it is one thing, the revisions disagree and LOR201 says so; where it may be two, nothing is said.
"""

from __future__ import annotations

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

LOADED = 'import lib\n\ncfg = lib.load_config("x.yaml")\n'
CONF = {"conf.py": LOADED}
PARSED = (
    "import argparse\n\nparser = argparse.ArgumentParser()\n"
    'parser.add_argument("--model", required=True)\n'
    'parser.add_argument("--base", required=True)\nargs = parser.parse_args()\n'
)
RECORD = (
    "import json\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass {}:\n    model: str\n"
    "    base: str\n\n\ncfg = {}(**json.load(open({})))\n"
)
SHARED = "from conf import cfg\n"

Side = tuple[str, str]
"""What is written before the load, and the expression that is loaded."""

ONE_FILE = {
    "an item": (LOADED, 'cfg["model"]', 'cfg["model"]', True),
    "two items": (LOADED, 'cfg["model"]', 'cfg["base"]', False),
    "an item of an item": (LOADED, 'cfg["a"]["model"]', 'cfg["a"]["model"]', True),
    "items of two items": (LOADED, 'cfg["a"]["model"]', 'cfg["b"]["model"]', False),
    "an item by its number": (LOADED, "cfg[0]", "cfg[0]", True),
    "items by two numbers": (LOADED, "cfg[0]", "cfg[1]", False),
    "an attribute": (LOADED, "cfg.model", "cfg.model", True),
    "two attributes": (LOADED, "cfg.model", "cfg.base", False),
    "an attribute of an attribute": (LOADED, "cfg.a.model", "cfg.a.model", True),
    "attributes of two attributes": (LOADED, "cfg.a.model", "cfg.b.model", False),
    "get": (LOADED, 'cfg.get("model")', 'cfg.get("model")', True),
    "get, of two keys": (LOADED, 'cfg.get("model")', 'cfg.get("base")', False),
    "get and an item": (LOADED, 'cfg.get("model")', 'cfg["model"]', True),
    "getattr and an attribute": (LOADED, 'getattr(cfg, "model")', "cfg.model", True),
    "a result": ("import lib\n\nname = lib.choose()\n", "name", "name", True),
    "two results": (
        "import lib\n\none = lib.choose()\ntwo = lib.choose()\n",
        "one",
        "two",
        False,
    ),
    "items of two results": (
        'import lib\n\none = lib.load_config("x")\ntwo = lib.load_config("y")\n',
        'one["model"]',
        'two["model"]',
        False,
    ),
    "another name for it": (f"{LOADED}again = cfg\n", 'cfg["model"]', 'again["model"]', True),
    "another name for the item": (
        f'{LOADED}name = cfg["model"]\n',
        "name",
        'cfg["model"]',
        True,
    ),
    "a text that it is part of": (LOADED, 'f"{cfg.model}-hf"', 'f"{cfg.model}-hf"', True),
    "two texts that it is part of": (LOADED, 'f"{cfg.model}-hf"', 'f"{cfg.model}-it"', False),
    "a text and what it is part of": (LOADED, 'f"{cfg.model}-hf"', "cfg.model", False),
    "a text put together in two ways": (LOADED, 'f"{cfg.model}-hf"', 'cfg.model + "-hf"', True),
    "an option": (PARSED, "args.model", "args.model", True),
    "two options": (PARSED, "args.model", "args.base", False),
    "an option, as an item": (PARSED, "args.model", 'vars(args)["model"]', True),
    "the environment": (
        "import os\n",
        'os.environ["MODEL"]',
        'os.environ["MODEL"]',
        True,
    ),
    "the environment, by two names": (
        "import os\n",
        'os.environ["MODEL"]',
        'os.environ["BASE"]',
        False,
    ),
    "the environment, in two ways": (
        "import os\n",
        'os.environ["MODEL"]',
        'os.getenv("MODEL")',
        True,
    ),
    "a field of a record": (RECORD.format("Cfg", "Cfg", '"x"'), "cfg.model", "cfg.model", True),
    "two fields of a record": (RECORD.format("Cfg", "Cfg", '"x"'), "cfg.model", "cfg.base", False),
}
"""Before both functions, what the one trains on, what the other serves, whether it is the same."""

BOTH = """\
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Trainer
{before}

def train():
    base = AutoModelForCausalLM.from_pretrained({first}, revision="v1")
    model = get_peft_model(base, LoraConfig(r=8))
    Trainer(model=model).train()
    model.save_pretrained("out/lora")


def serve():
    base = AutoModelForCausalLM.from_pretrained({second}, revision="v2")
    return PeftModel.from_pretrained(base, "out/lora")
"""


@pytest.mark.parametrize("case", table(ONE_FILE))
def test_in_one_file(small: Small, case: str) -> None:
    before, first, second, same = ONE_FILE[case]
    small.write({"main.py": BOTH.format(before=before, first=first, second=second)})
    assert len(small.asked("pairs")) == 1, "two sides of one adapter"
    assert [name for _, name, _ in small.found("LOR201")] == ["main.py"] * same


TWO_FILES = {
    "an item of a shared result": (SHARED, SHARED, 'cfg["model"]', 'cfg["model"]', True),
    "two items of a shared result": (SHARED, SHARED, 'cfg["model"]', 'cfg["base"]', False),
    "an attribute of a shared result": (SHARED, SHARED, "cfg.model", "cfg.model", True),
    "a shared result by the module": (
        "import conf\n",
        "from conf import cfg\n",
        "conf.cfg.model",
        "cfg.model",
        True,
    ),
    "one result each": (LOADED, LOADED, 'cfg["model"]', 'cfg["model"]', False),
    "a shared result and an own one": (SHARED, LOADED, "cfg.model", "cfg.model", False),
    "options of one name": (PARSED, PARSED, "args.model", "args.model", False),
    "the environment": (
        "import os\n",
        "from os import environ, getenv\n",
        'os.environ["MODEL"]',
        'getenv("MODEL")',
        True,
    ),
    "the environment, by two names": (
        "import os\n",
        "import os\n",
        'os.environ["MODEL"]',
        'os.environ["BASE"]',
        False,
    ),
    "records of two classes": (
        RECORD.format("TrainCfg", "TrainCfg", '"train.json"'),
        RECORD.format("ServeCfg", "ServeCfg", '"serve.json"'),
        "cfg.model",
        "cfg.model",
        False,
    ),
    "records of two classes of one name": (
        RECORD.format("Cfg", "Cfg", '"train.json"'),
        RECORD.format("Cfg", "Cfg", '"serve.json"'),
        "cfg.model",
        "cfg.model",
        False,
    ),
}
"""Before the one and the other load, what they load, and whether it is the same."""


@pytest.mark.parametrize("case", table(TWO_FILES))
def test_in_two_files(small: Small, case: str) -> None:
    before_one, before_two, first, second, same = TWO_FILES[case]
    small.write(CONF)
    small.write({"train.py": trains(before_one, f'{first}, revision="v1"')})
    small.write({"infer.py": serves(before_two, f'{second}, revision="v2"')})
    assert len(small.asked("pairs")) == 1, "two sides of one adapter"
    assert [name for _, name, _ in small.found("LOR201")] == ["infer.py"] * same


FUNCTIONS = {
    "a parameter": ("def load(name):", "name", "name", True),
    "two parameters": ("def load(name, other):", "name", "other", False),
    "an item of a parameter": ("def load(cfg):", 'cfg["model"]', 'cfg["model"]', True),
    "two items of a parameter": ("def load(cfg):", 'cfg["model"]', 'cfg["base"]', False),
    "an attribute of a parameter": ("def load(cfg):", "cfg.model", "cfg.model", True),
    "two attributes of a parameter": ("def load(cfg):", "cfg.model", "cfg.base", False),
    "a parameter that is None by default": ("def load(name=None):", "name", "name", True),
    "two keys of **kwargs": ("def load(**kwargs):", 'kwargs["name"]', 'kwargs["base"]', False),
}
"""The head of a function, and the names of its two loads, of which one takes a revision."""


@pytest.mark.parametrize("case", table(FUNCTIONS))
def test_in_one_function(small: Small, case: str) -> None:
    """By LOR211: of the loads of one thing one takes a revision and the other does not."""
    head, first, second, same = FUNCTIONS[case]
    small.write(
        {
            "load.py": f"from transformers import AutoModel, AutoTokenizer\n\n\n{head}\n"
            f'    model = AutoModel.from_pretrained({first}, revision="v1")\n'
            f"    return model, AutoTokenizer.from_pretrained({second})\n"
        }
    )
    assert small.found("LOR211") == [("LOR211", "load.py", 6)] * same


def test_parameters_of_one_name_of_two_functions(small: Small) -> None:
    small.write(
        {
            "load.py": "from transformers import AutoModel, AutoTokenizer\n\n\ndef model(name):\n"
            '    return AutoModel.from_pretrained(name, revision="v1")\n\n\ndef words(name):\n'
            "    return AutoTokenizer.from_pretrained(name)\n"
        }
    )
    assert small.found("LOR211") == []
