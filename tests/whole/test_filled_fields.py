"""Fields and keys that others fill: what holds unless they say otherwise, and what they say."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = (
    "import json\nimport sys\nfrom dataclasses import asdict, dataclass, fields\n\nimport yaml\n"
    "from transformers import AutoModel\n\n\n"
    '@dataclass\nclass Model:\n    name: str = "org/default"\n    steps: int = 1\n\n\n'
)
LOAD = "AutoModel.from_pretrained(model.name)\n"
FILE = {"conf/run.yaml": "model:\n  name: org/written\n  unknown: 3\n"}
READ = 'raw = yaml.safe_load(open("conf/run.yaml"))\n'

FILTERED = {
    "the fields of a class": (
        "known = {f.name for f in fields(Model)}\n"
        'model = Model(**{k: v for k, v in raw["model"].items() if k in known})\n'
    ),
    "in a helper": (
        "def build(cls, data):\n    if not data:\n        data = {}\n"
        "    kept = {key: value for key, value in data.items()"
        " if key in cls.__dataclass_fields__}\n    return cls(**kept)\n\n\n"
        'model = build(Model, raw.get("model", {}))\n'
    ),
    "what an object has": (
        'model = Model(**{k: v for k, v in raw["model"].items() if hasattr(Model, k)})\n'
    ),
    "what is set": (
        'given = {k: v for k, v in raw["model"].items() if v is not None}\n'
        'given.pop("unknown")\nmodel = Model(**given)\n'
    ),
    "all of it": 'model = Model(**{k: v for k, v in raw["model"].items()})\n',
}


@pytest.mark.parametrize("case", table(FILTERED))
def test_what_passes_a_filter(small: Small, case: str) -> None:
    small.write({**FILE, "main.py": HEAD + READ + FILTERED[case] + LOAD})
    assert small.ids() == ["org/written"]


CHANGED = {
    "another value": "{k: str(v).lower() for k, v in raw['model'].items()}",
    "another key": "{'x' + k: v for k, v in raw['model'].items()}",
    "a key is left out": "{k: v for k, v in raw['model'].items() if k != 'name'}",
    "keys are left out": "{k: v for k, v in raw['model'].items() if k not in ('name', 'x')}",
    "the key of the value": "{v: k for k, v in raw['model'].items()}",
}


@pytest.mark.parametrize("case", table(CHANGED))
def test_what_a_comprehension_changes_is_not_known(small: Small, case: str) -> None:
    small.write({**FILE, "main.py": f"{HEAD}{READ}model = Model(**{CHANGED[case]})\n{LOAD}"})
    assert small.ids() != ["org/written"]


OPEN = {
    "a request": 'data = request.get_json()\nname = data.get("model", "org/a")\n',
    "keywords": 'def load(**kw):\n    return kw.get("model", "org/a")\n\n\nname = load(**given)\n',
    "a parameter": (
        'def load(config):\n    return AutoModel.from_pretrained(config.get("model", "org/a"))\n'
    ),
    "a library's configuration": (
        "def load(cfg: DictConfig):\n"
        '    return AutoModel.from_pretrained(cfg.get("model", "org/a"))\n'
    ),
    "nested": 'name = request.json.get("train", {}).get("model", "org/a")\n',
}


@pytest.mark.parametrize("case", table(OPEN))
def test_the_default_of_what_others_fill(small: Small, case: str) -> None:
    head = (
        "from flask import request\nfrom omegaconf import DictConfig\nfrom somewhere import given\n"
        "from transformers import AutoModel\n\n\n"
    )
    rest = "" if "from_pretrained" in OPEN[case] else "AutoModel.from_pretrained(name)\n"
    small.write({"app.py": head + OPEN[case] + rest})
    (found,) = small.findings("LOR101")
    assert "`org/a` (the default)" in found["message"]


def test_a_file_that_was_not_found_decides(small: Small) -> None:
    small.write(
        {
            "main.py": (
                "import json\nfrom transformers import AutoModel\n"
                'cfg = json.load(open("conf/missing.json"))\n'
                'AutoModel.from_pretrained(cfg.get("model", "org/a"))\n'
            )
        }
    )
    assert small.found("LOR101") == []


ARGUMENTS = "from tap import Tap\nfrom transformers import AutoModel\n\n\n"
TAP = {
    "a field": (
        'class Args(Tap):\n    base: str = "org/a"\n\n\nargs = Args().parse_args()\n'
        "AutoModel.from_pretrained(args.base)\n"
    ),
    "a subclass": (
        'class Common(Tap):\n    base: str = "org/a"\n\n\nclass Args(Common):\n'
        "    steps: int = 1\n\n\n"
        "args = Args(underscores_to_dashes=True).parse_args()\n"
        "AutoModel.from_pretrained(args.base)\n"
    ),
    "handed on": (
        'class Args(Tap):\n    base: str = "org/a"\n\n\ndef main(args: Args):\n'
        "    AutoModel.from_pretrained(args.base)\n\n\nmain(Args().parse_args())\n"
    ),
}


@pytest.mark.parametrize("case", table(TAP))
def test_typed_arguments(small: Small, case: str) -> None:
    small.write({"train.py": ARGUMENTS + TAP[case]})
    assert small.ids() == ["org/a"]
    small.write({"run.sh": "python train.py --base org/b\n"})
    assert small.ids() == ["org/b"]


def test_a_revision_that_a_typed_argument_forwards(small: Small) -> None:
    code = (
        'class Args(Tap):\n    base: str = "org/a"\n    revision: str = None\n\n\n'
        "args = Args().parse_args()\n"
        "AutoModel.from_pretrained(args.base, revision=args.revision)\n"
    )
    small.write({"train.py": ARGUMENTS + code})
    assert small.found("LOR101", "LOR102") == []


def test_a_field_that_one_branch_gives_has_its_default_on_the_other(small: Small) -> None:
    code = (
        "given = {}\nif len(sys.argv) > 1:\n    given['name'] = sys.argv[1]\n"
        "model = Model(**given)\n"
    )
    small.write({"main.py": HEAD + code + LOAD})
    (found,) = small.findings("LOR101")
    assert "`org/default`" in found["message"]
