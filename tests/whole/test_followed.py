"""Ways in which real code comes by an id and a revision: each is followed to what is loaded."""

from __future__ import annotations

import json

import pytest

from tests.whole.running import Small, table

Files = dict[str, str]
AUTO = "from transformers import AutoModel\n"
YAML = {"conf/model.yaml": "base: org/a\nrev: v1\n"}
LOAD = 'AutoModel.from_pretrained(cfg["base"], revision=cfg["rev"])\n'
FIELDS = "AutoModel.from_pretrained(cfg.base, revision=cfg.rev)\n"
CONFIG = '@dataclass\nclass Config:\n    base: str\n    rev: str = "main"\n\n\n'
DATACLASS = f"from dataclasses import dataclass\n{AUTO}"

PATHS = {
    "parents[N]": "Path(__file__).resolve().parents[1] / 'conf' / 'model.yaml'",
    "parents by a name": "HERE.parents[1] / 'conf/model.yaml'",
    "parent of a name": "HERE.parent.parent.joinpath('conf', 'model.yaml')",
    "dirname of dirname": (
        "os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),"
        " 'conf', 'model.yaml')"
    ),
    "pardir": "os.path.join(os.path.dirname(__file__), os.pardir, 'conf', 'model.yaml')",
    "with_name": "(HERE.parents[1] / 'conf' / 'x.txt').with_name('model.yaml').__str__()",
    "the working directory": "os.path.join(os.getcwd(), 'conf/model.yaml')",
    "the working directory of pathlib": "Path.cwd() / 'conf/model.yaml'",
    "a constant of another file": "paths.CONF.joinpath('model.yaml').as_posix()",
}


@pytest.mark.parametrize("case", table(PATHS))
@pytest.mark.parametrize("inside", [False, True])
def test_paths_beside_the_script(small: Small, case: str, *, inside: bool) -> None:
    head = "import os\nfrom pathlib import Path\n\nimport paths\nimport yaml\n" + AUTO
    head += "\nHERE = Path(__file__).resolve()\n"
    body = f"cfg = yaml.safe_load(open({PATHS[case]}))\n{LOAD}"
    if inside:
        body = "\n\ndef main():\n" + "".join(f"    {row}\n" for row in body.splitlines())
    paths = 'from pathlib import Path\n\nCONF = Path(__file__).resolve().parents[1] / "conf"\n'
    small.write({**YAML, "src/main.py": head + body, "src/paths.py": paths})
    (load,) = small.inventory()
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])


LOADERS = {
    "nothing where there is no file": (
        "    if not os.path.exists(path):\n        return None\n"
        "    with open(path) as f:\n        return yaml.safe_load(f)\n"
    ),
    "an empty dict where there is no file": (
        "    path = Path(path)\n    if not path.is_file():\n        return {}\n"
        "    return yaml.safe_load(path.read_text())\n"
    ),
    "the file where there is one": (
        "    if os.path.isfile(path):\n        with open(path) as f:\n"
        "            return yaml.safe_load(f)\n    return {}\n"
    ),
    "the file where there is one, and no return": (
        "    if Path(path).exists():\n        return yaml.safe_load(Path(path).read_text())\n"
    ),
    "an error where there is no file": (
        "    if not os.path.exists(path):\n        raise FileNotFoundError(path)\n"
        "    return yaml.safe_load(open(path))\n"
    ),
    "nothing where it cannot be opened": (
        "    try:\n        with open(path) as f:\n            return yaml.safe_load(f)\n"
        "    except FileNotFoundError:\n        return {}\n"
    ),
}


@pytest.mark.parametrize("case", table(LOADERS))
@pytest.mark.parametrize("get", ["cfg[{!r}]", "cfg.get({!r})"])
def test_guards_of_loaders(small: Small, case: str, get: str) -> None:
    head = f"import os\nfrom pathlib import Path\n\nimport yaml\n{AUTO}\n\n"
    base, rev = get.format("base"), get.format("rev")
    load = f"AutoModel.from_pretrained({base}, revision={rev})\n"
    used = f'\n\ncfg = read("conf/model.yaml")\n{load}'
    small.write({**YAML, "main.py": f"{head}def read(path):\n{LOADERS[case]}{used}"})
    (load,) = small.inventory()
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])


def test_what_is_no_file_keeps_its_branches(small: Small) -> None:
    """A folder of one's own, or else the Hub: both may be loaded."""
    choose = (
        '    if not os.path.exists(path):\n        return "org/a"\n    return path\n\n\n'
        'AutoModel.from_pretrained(choose("./weights"))\n'
    )
    small.write({"main.py": f"import os\n\n{AUTO}\n\ndef choose(path):\n{choose}"})
    assert small.ids() == [["org/a", "./weights"]]


FILLED = {
    "parse_json_file": (
        f"{DATACLASS}from transformers import HfArgumentParser\n\n\n{CONFIG}"
        '(cfg,) = HfArgumentParser(Config).parse_json_file("conf/model.json")\n'
    ),
    "parse_yaml_file, by keyword": (
        f"{DATACLASS}from transformers import HfArgumentParser, TrainingArguments\n\n\n{CONFIG}"
        "parser = HfArgumentParser((Config, TrainingArguments))\n"
        'cfg, training = parser.parse_yaml_file(yaml_file="conf/model.yaml")\n'
    ),
    "parse_dict": (
        f"{DATACLASS}import yaml\nfrom transformers import HfArgumentParser\n\n\n{CONFIG}"
        'given = yaml.safe_load(open("conf/model.yaml"))\n'
        "(cfg,) = HfArgumentParser(Config).parse_dict(given)\n"
    ),
    "a subclass of the parser": (
        f"{DATACLASS}from transformers import HfArgumentParser\n\n\n{CONFIG}"
        "class Parser(HfArgumentParser):\n    def parse(self, path):\n"
        "        found = self.parse_yaml_file(path)\n"
        "        if len(found) == 1:\n            found = found[0]\n        return found\n\n\n"
        'cfg = Parser(Config).parse("conf/model.yaml")\n'
    ),
    "a classmethod": (
        f"{DATACLASS}import yaml\n\n\n{CONFIG.rstrip()}\n\n    @classmethod\n"
        "    def from_yaml(cls, path):\n        with open(path) as f:\n"
        "            data = yaml.safe_load(f)\n        return cls(**data)\n\n\n"
        'cfg = Config.from_yaml("conf/model.yaml")\n'
    ),
    "pydantic": (
        f"{AUTO}import yaml\nfrom pydantic import BaseModel\n\n\n"
        "class Config(BaseModel):\n    base: str\n    rev: str\n\n    @classmethod\n"
        "    def load(cls, path):\n"
        "        return cls.model_validate(yaml.safe_load(open(path)))\n\n\n"
        'cfg = Config.load("conf/model.yaml")\n'
    ),
    "OmegaConf.create of a file": (
        f"{AUTO}import yaml\nfrom omegaconf import OmegaConf\n\n"
        'cfg = OmegaConf.create(yaml.safe_load(open("conf/model.yaml")))\n'
    ),
    "OmegaConf.merge in a loop": (
        f"{AUTO}from omegaconf import OmegaConf\n\n\ndef read(*paths):\n"
        "    cfg = OmegaConf.create()\n    for path in paths:\n"
        "        cfg = OmegaConf.merge(cfg, OmegaConf.load(path))\n    return cfg\n\n\n"
        'cfg = read("conf/first.yaml", "conf/model.yaml")\n'
    ),
    "draccus, with a file": (
        f"{DATACLASS}import draccus\n\n\n{CONFIG}"
        '@draccus.wrap(config_path="conf/model.yaml")\ndef main(cfg: Config):\n    {load}\n\n'
        "main()\n"
    ),
    "pyrallis.parse, with a file": (
        f"{DATACLASS}import pyrallis\n\n\n{CONFIG}"
        'cfg = pyrallis.parse(config_class=Config, config_path="conf/model.yaml")\n'
    ),
    "fields by position": f'{DATACLASS}\n\n{CONFIG}cfg = Config("org/a", "v1")\n',
    "a field by position, and a default": (
        f'{DATACLASS}\n\n{CONFIG.replace("main", "v1")}cfg = Config("org/a")\n'
    ),
}


@pytest.mark.parametrize("case", table(FILLED))
def test_configurations_that_are_filled(small: Small, case: str) -> None:
    text = FILLED[case]
    text = text.replace("{load}", FIELDS.strip()) if "{load}" in text else text + FIELDS
    data = json.dumps({"base": "org/a", "rev": "v1"})
    small.write({**YAML, "conf/model.json": data, "main.py": text})
    small.write({"conf/first.yaml": "base: org/b\nother: 1\n"})
    (load,) = small.inventory()
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])


def test_a_file_of_the_command_line_hides_no_command(small: Small) -> None:
    """The idiom of the examples of transformers: a JSON file, or else options."""
    text = (
        f"import os\nimport sys\n{DATACLASS}from transformers import HfArgumentParser\n\n\n"
        f"@dataclass\nclass Config:\n    base: str\n\n\nparser = HfArgumentParser(Config)\n"
        'if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):\n'
        "    (cfg,) = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))\n"
        "else:\n    (cfg,) = parser.parse_args_into_dataclasses()\n"
        "AutoModel.from_pretrained(cfg.base)\n"
    )
    small.write({"main.py": text, "run.sh": "python main.py --base org/a\n"})
    assert small.ids() == ["org/a"]


CLICK = "import click\n" + AUTO + "\n\n{}\ndef main({}):\n    {}\n\n\nmain()\n"
OPTIONS = '@click.command()\n@click.option("--base-model", default="org/a")\n' + (
    '@click.option("-r", "--rev", "revision", default="v1")'
)
ENTRIES = {
    "click's **kwargs": (
        OPTIONS,
        "**kwargs",
        'AutoModel.from_pretrained(kwargs["base_model"], revision=kwargs["revision"])',
    ),
    "click's **kwargs beside a parameter": (
        OPTIONS,
        "base_model, **kwargs",
        "AutoModel.from_pretrained(base_model, **kwargs)",
    ),
    "click's **kwargs, handed on": (OPTIONS, "**options", "run(**options)"),
}


@pytest.mark.parametrize("case", table(ENTRIES))
def test_options_of_a_command_that_takes_them_all(small: Small, case: str) -> None:
    decorators, parameters, body = ENTRIES[case]
    text = CLICK.format(decorators, parameters, body)
    run = "def run(base_model, revision):\n"
    run += "    return AutoModel.from_pretrained(base_model, revision=revision)\n\n\n"
    small.write({"main.py": text.replace("\n\n@", f"\n\n{run}@", 1) if "run(" in body else text})
    (load,) = small.inventory()
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])


HELPERS = {
    "a partial": (
        "from functools import partial\n\n\ndef add(name, default, parser):\n"
        '    parser.add_argument("--" + name, default=default)\n\n\n'
        "parser = argparse.ArgumentParser()\nadd_arg = partial(add, parser=parser)\n"
        'add_arg("base", "org/a")\nadd_arg("rev", default="v1")\n'
    ),
    "a function": (
        "\n\ndef option(parser, name, **more):\n    parser.add_argument(f'--{name}', **more)\n\n\n"
        'parser = argparse.ArgumentParser()\noption(parser, "base", default="org/a")\n'
        'option(parser, "rev", default="v1")\n'
    ),
    "a method": (
        "\n\nclass Options:\n    def __init__(self):\n"
        "        self.parser = argparse.ArgumentParser()\n\n"
        "    def add(self, name, default):\n"
        "        self.parser.add_argument(name, default=default)\n\n\n"
        'options = Options()\noptions.add("--base", "org/a")\noptions.add("--rev", "v1")\n'
        "parser = options.parser\n"
    ),
    "many options": (
        "\n\ndef add(parser, name, default):\n"
        "    parser.add_argument('--' + name, default=default)\n\n\n"
        "parser = argparse.ArgumentParser()\n"
        + "".join(f'add(parser, "x{number}", {number})\n' for number in range(30))
        + 'add(parser, "base", "org/a")\nadd(parser, "rev", "v1")\n'
    ),
}


@pytest.mark.parametrize("case", table(HELPERS))
def test_options_that_a_helper_declares(small: Small, case: str) -> None:
    load = "args = parser.parse_args()\nAutoModel.from_pretrained(args.base, revision=args.rev)\n"
    small.write({"main.py": f"import argparse\n{AUTO}{HELPERS[case]}{load}"})
    (load_,) = small.inventory()
    assert (load_["repo_id"]["values"], load_["revision"]["values"]) == (["org/a"], ["v1"])


ENVIRONMENTS: dict[str, tuple[str, Files]] = {
    "load_dotenv with a path": (
        'from dotenv import load_dotenv\n\nload_dotenv("conf/model.env")\n',
        {"conf/model.env": "BASE=org/a\n"},
    ),
    "load_dotenv beside the script": (
        "from pathlib import Path\n\nfrom dotenv import load_dotenv\n\n"
        'load_dotenv(dotenv_path=Path(__file__).parent / ".env.train")\n',
        {".env.train": "BASE=org/a\n"},
    ),
    "find_dotenv": (
        "from dotenv import find_dotenv, load_dotenv\n\nload_dotenv(find_dotenv())\n",
        {".env": "export BASE='org/a'\n"},
    ),
    "update with dotenv_values": (
        'from dotenv import dotenv_values\n\nos.environ.update(dotenv_values("my.env"))\n',
        {"my.env": "BASE=org/a\n"},
    ),
    "a reader of one's own": (
        'with open("my.env") as f:\n    for line in f:\n        if "=" in line:\n'
        '            name, _, value = line.strip().partition("=")\n'
        "            os.environ[name] = value\n",
        {"my.env": "BASE=org/a\n"},
    ),
    "a reader of another file": (
        'from envs import load_env\n\nload_env("my.env")\n',
        {
            "my.env": "# the base\nBASE=org/a\n",
            "envs.py": "import os\nfrom pathlib import Path\n\n\ndef load_env(path):\n"
            "    if not Path(path).exists():\n        return\n"
            "    for line in Path(path).read_text().splitlines():\n"
            '        key, value = line.split("=", 1)\n'
            "        os.environ.setdefault(key.strip(), value.strip())\n",
        },
    ),
}


@pytest.mark.parametrize("case", table(ENVIRONMENTS))
@pytest.mark.parametrize("read", ['os.environ["BASE"]', 'os.getenv("BASE")'])
def test_files_of_the_environment(small: Small, case: str, read: str) -> None:
    head, files = ENVIRONMENTS[case]
    small.write({**files, "main.py": f"import os\n{AUTO}{head}AutoModel.from_pretrained({read})\n"})
    assert small.ids() == ["org/a"]
    assert small.found("LOR101") != []


UPDATES = {
    "update": '    kw = {"revision": "v1"}\n    kw.update(more)\n',
    "update under a condition": (
        '    kw = {"revision": "v1"}\n    if more:\n        kw.update(more)\n'
    ),
    "a spread behind it": '    kw = {"revision": "v1", **more}\n',
    "an or": '    kw = {"revision": "v1"} | more\n',
}


@pytest.mark.parametrize("case", table(UPDATES))
def test_what_may_be_replaced_is_given_all_the_same(small: Small, case: str) -> None:
    body = f'{UPDATES[case]}    AutoModel.from_pretrained("org/a", **kw)\n'
    other = '    AutoTokenizer.from_pretrained("org/a")\n'
    imports = "from transformers import AutoModel, AutoTokenizer\n"
    small.write({"main.py": f"{imports}\n\ndef load(more):\n{body}{other}"})
    first, second = small.inventory()
    assert (first["revision"]["values"], second["revision"]["status"]) == (["v1"], "absent")
    rows = [row for _, _, row in small.found("LOR211")]
    assert rows == [second["location"]["row"]]


KEPT: dict[str, Files] = {
    "a registry that training writes": {
        "train.py": "import json\n{train}\n"
        'with open("registry.json", "w") as f:\n    json.dump({"adapter": "out/x"}, f)\n',
        "serve.py": 'import json\n{load}json.load(open("registry.json"))["adapter"])\n',
    },
    "a registry that is written as text": {
        "train.py": "import json\nfrom pathlib import Path\n{train}\n"
        'Path("registry.json").write_text(json.dumps({"adapter": "out/x"}))\n',
        "serve.py": "import json\nfrom pathlib import Path\n"
        '{load}json.loads(Path("registry.json").read_text())["adapter"])\n',
    },
    "a registry of YAML": {
        "train.py": "import yaml\n{train}\n"
        'with open("registry.yaml", "w") as f:\n    yaml.safe_dump({"adapter": "out/x"}, f)\n',
        "serve.py": 'import yaml\n{load}yaml.safe_load(open("registry.yaml"))["adapter"])\n',
    },
    "an attribute that is a dict": {
        "train.py": "{train}\n",
        "serve.py": "class Served:\n    def __init__(self):\n"
        '        self.paths = {"a": "out/x"}\n\n'
        '    def adapter(self):\n        return self.paths["a"]\n\n\n'
        "{load}Served().adapter())\n",
    },
}
TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("org/a", revision="v1")
model = get_peft_model(base, LoraConfig(r=8), revision="v1")
Trainer(model=model).train()
model.save_pretrained("out/x")
"""
SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("org/a", revision="v2")
PeftModel.from_pretrained(base, """


@pytest.mark.parametrize("case", table(KEPT))
def test_folders_that_are_kept_somewhere(small: Small, case: str) -> None:
    files = KEPT[case]
    for name, text in files.items():
        small.write({name: text.replace("{train}", TRAIN).replace("{load}", SERVE)})
    (found,) = small.findings("LOR201")
    assert found["filename"] == "serve.py"


def test_folders_that_mlflow_keeps(small: Small) -> None:
    log = 'mlflow.pyfunc.log_model("m", python_model=Served(), artifacts={"adapter": "out/x"})\n'
    small.write({"train.py": f"import mlflow\nfrom served import Served\n{TRAIN}{log}"})
    body = SERVE.partition("\n\n")[2] + 'context.artifacts["adapter"])\n'
    method = "    def load_context(self, context):\n"
    method += "".join(f"        {row}\n" for row in body.splitlines())
    head = "import mlflow\n" + SERVE.partition("\n\n")[0]
    text = f"{head}\n\n\nclass Served(mlflow.pyfunc.PythonModel):\n{method}"
    small.write({"served.py": text})
    (found,) = small.findings("LOR201")
    assert found["filename"] == "served.py"


LAZY = {
    "a module's __getattr__": (
        "def __getattr__(name):\n    if name == 'fetch':\n        from .impl import fetch\n\n"
        "        return fetch\n    raise AttributeError(name)\n"
    ),
    "a table of modules": (
        'import importlib\n\n_LAZY = {"fetch": ".impl"}\n\n\ndef __getattr__(name):\n'
        "    return getattr(importlib.import_module(_LAZY[name], __name__), name)\n"
    ),
    "a table of names": (
        'import sys\n\nfrom .lazy import LazyModule\n\n_import_structure = {"impl": ["fetch"]}\n'
        "sys.modules[__name__] = LazyModule(__name__, _import_structure)\n"
    ),
    "lazy_loader": (
        "import lazy_loader as lazy\n\n__getattr__, __dir__, __all__ = lazy.attach(\n"
        '    __name__, submod_attrs={"impl": ["fetch"]}\n)\n'
    ),
}


@pytest.mark.parametrize("case", table(LAZY))
def test_what_a_package_hands_on_lazily(small: Small, case: str) -> None:
    impl = f"{AUTO}\n\ndef fetch(name):\n    return AutoModel.from_pretrained(name)\n"
    small.write({"pkg/__init__.py": LAZY[case], "pkg/impl.py": impl, "pkg/lazy.py": ""})
    small.write({"main.py": 'from pkg import fetch\n\nfetch("org/a")\n'})
    assert small.ids() == ["org/a"]


SHELLS = {
    "a heredoc": ("run.sh", "python - <<'EOF'\n{}EOF\n", 3),
    "a heredoc of an interpreter with options": ("run.sh", "cd x\npython3 -u <<EOF\n{}EOF\n", 4),
    "a file that is written": ("run.sh", "cat > load.py <<EOF\n{}EOF\npython load.py\n", 3),
    "python -c, over rows": ("run.sh", 'python -c "\n{}"\n', 3),
    "python -c, in a Dockerfile": ("Dockerfile", "FROM python:3\nRUN python -c '{}'\n", 2),
    "python -c, in a Makefile": ("Makefile", "warm:\n\tpython -c '{}'\n", 2),
    "a step of a workflow": (
        ".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n      - run: |\n          python - <<EOF\n{}          EOF\n",
        7,
    ),
}


@pytest.mark.parametrize("case", table(SHELLS))
def test_python_in_a_shell(small: Small, case: str) -> None:
    path, text, row = SHELLS[case]
    code = f'{AUTO}AutoModel.from_pretrained("org/a")\n'
    if path in ("Dockerfile", "Makefile"):
        code = code.strip().replace("\n", "; ")
    elif path.startswith("."):
        code = "".join(f"          {line}\n" for line in code.splitlines())
    elif '"\n' in text:
        code = code.replace('"', "'")
    small.write({path: text.format(code)})
    assert small.found("LOR101") == [("LOR101", path, row)]


ONE_OF_SEVERAL = {
    "a folder": "python main.py --model ./out/x\npython main.py --model org/a\n",
    "a slash behind the id": "python main.py --model org/b/\npython main.py --model org/a\n",
    "an argument": 'python main.py --model "$1"\npython main.py --model org/a\n',
}


@pytest.mark.parametrize("case", table(ONE_OF_SEVERAL))
def test_what_one_command_gives_is_certain(small: Small, case: str) -> None:
    parser = 'import argparse\n\np = argparse.ArgumentParser()\np.add_argument("--model")\n'
    load = "AutoModel.from_pretrained(p.parse_args().model)\n"
    small.write({"main.py": f"{parser}{AUTO}{load}", "run.sh": ONE_OF_SEVERAL[case]})
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]
    assert "run.sh:2" in found["message"] or case == "an argument"
    assert "out" not in found["message"]
    assert "org/b" not in found["message"]


def test_a_container_that_gets_a_folder_hides_no_default(small: Small) -> None:
    parser = "import argparse\n\np = argparse.ArgumentParser()\n"
    option = 'p.add_argument("--model", default="org/a")\n'
    load = "AutoModel.from_pretrained(p.parse_args().model)\n"
    small.write({"main.py": f"{parser}{option}{AUTO}{load}"})
    small.write({"Dockerfile": 'FROM x\nCMD ["python", "main.py", "--model", "/models/a"]\n'})
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]


CALLERS = {
    "a folder": 'load("./out")\n',
    "an argument of the command line": "load(sys.argv[1])\n",
    "a result": "load(lib.choose())\n",
}


@pytest.mark.parametrize("case", table(CALLERS))
def test_what_one_caller_passes_is_certain(small: Small, case: str) -> None:
    head = f"import sys\n\nimport lib\n{AUTO}\n\ndef load(name):\n"
    body = '    return AutoModel.from_pretrained(name)\n\n\nload("org/a")\n'
    small.write({"main.py": f"{head}{body}{CALLERS[case]}"})
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]
    assert "main.py:11" in found["message"]


def test_a_wrapper_that_hands_its_id_on_is_no_load(small: Small) -> None:
    wrapper = (
        "class Mine(AutoModel):\n    @classmethod\n    def from_pretrained(cls, name, **more):\n"
        "        return super().from_pretrained(name, **more)\n"
    )
    small.write({"mine.py": f"{AUTO}\n\n{wrapper}"})
    small.write({"main.py": 'from mine import Mine\n\nMine.from_pretrained("org/a")\n'})
    assert small.found("LOR101") == [("LOR101", "main.py", 3)]


def test_the_librarys_own_tree(small: Small) -> None:
    """What cannot be followed in the library's source still is the library's."""
    init = "from .auto import AutoModel\n"
    small.write(
        {"src/transformers/__init__.py": init, "src/transformers/auto.py": "AutoModel = 1\n"}
    )
    small.write({"examples/run.py": 'import peft\n\npeft.AutoPeftModel.from_pretrained("org/a")\n'})
    small.write({"src/peft/__init__.py": "from .auto import AutoPeftModel\n"})
    assert small.ids("examples/run.py") == ["org/a"]


def test_engines_that_compose_configures(small: Small) -> None:
    image = "    image: ghcr.io/huggingface/text-generation-inference:3\n    environment:\n"
    listed = f"services:\n  a:\n{image}      - MODEL_ID=org/a\n      - LORA_ADAPTERS=org/x\n"
    named = f"  b:\n{image}      MODEL_ID: org/b\n      REVISION: ${{REVISION}}\n"
    small.write({"compose.yaml": listed + named})
    assert small.found("LOR101", "LOR106") == [
        ("LOR101", "compose.yaml", 5),
        ("LOR106", "compose.yaml", 6),
    ]


ESTIMATOR = """\
from sagemaker.huggingface import HuggingFace

base = "org/a"
HuggingFace(
    entry_point="train.py",
    source_dir="src",
    hyperparameters={given},
).fit()
"""
PARAMETERS = {
    "a dict": '{"model-id": base, "epochs": 3}',
    "a call of dict": "dict(model_id=base)",
    "two dicts": '{**{"epochs": 3}, "model_id": "org/a"}',
}


@pytest.mark.parametrize("case", table(PARAMETERS))
def test_a_script_that_an_estimator_runs(small: Small, case: str) -> None:
    parser = 'import argparse\n\np = argparse.ArgumentParser()\np.add_argument("--model_id")\n'
    load = "AutoModel.from_pretrained(p.parse_args().model_id)\n"
    small.write({"src/train.py": f"{parser}{AUTO}{load}"})
    small.write({"launch.py": ESTIMATOR.replace("{given}", PARAMETERS[case])})
    (found,) = small.findings("LOR101")
    assert found["filename"] == "src/train.py"
    assert "given in launch.py:4" in found["message"]


ENDPOINTS = {
    "no revision": ('"HF_MODEL_ID": "org/a", "SM_NUM_GPUS": "1"', ["LOR101"]),
    "a revision": ('"HF_MODEL_ID": "org/a", "HF_MODEL_REVISION": "main"', ["LOR102"]),
    "a revision from elsewhere": ('"HF_MODEL_ID": "org/a", "HF_MODEL_REVISION": lib.rev()', []),
    "a dict that is spread": ('"HF_MODEL_ID": "org/a", **lib.more()', []),
    "a folder": ('"HF_MODEL_ID": "/opt/ml/model"', []),
}


@pytest.mark.parametrize("case", table(ENDPOINTS))
def test_an_endpoint_that_loads_by_its_environment(small: Small, case: str) -> None:
    given, codes = ENDPOINTS[case]
    head = "import lib\nfrom sagemaker.huggingface import HuggingFaceModel\n\n"
    small.write({"deploy.py": f"{head}hub = {{{given}}}\nHuggingFaceModel(env=hub, role=1)\n"})
    assert small.found("LOR101", "LOR102") == [(code, "deploy.py", 4) for code in codes]


def test_callers_that_differ_in_what_decides_nothing_are_one_finding(small: Small) -> None:
    small.write({"run.py": f"""\
import sys

{AUTO}

def load(name, **options):
    return AutoModel.from_pretrained(name, **options)


load("org/a", device_map="auto")
load("org/a", low_cpu_mem_usage=True)
load(sys.argv[1])
"""})  # fmt: skip
    assert small.found("LOR101") == [("LOR101", "run.py", 7)]
