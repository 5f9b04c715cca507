"""Configuration files whose path is known in part: by a model's name, in another checkout."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = (
    "import argparse\nimport os\nfrom pathlib import Path\n\nimport yaml\n"
    "from transformers import AutoModel\n\nROOT = Path(__file__).resolve().parents[1]\n"
    "parser = argparse.ArgumentParser()\nparser.add_argument('--model', required=True)\n"
    "parser.add_argument('--config', type=Path)\nargs = parser.parse_args()\n\n\n"
)
LOAD = 'AutoModel.from_pretrained(cfg["id"], revision=cfg["rev"])\n'
MODELS = {
    "configs/models/one.yaml": "id: org/one\nrev: v1\n",
    "configs/models/two.yaml": "id: org/two\nrev: v2\n",
    "configs/models/deep/three.yaml": "id: org/three\nrev: v3\n",
    "configs/other.yaml": "id: org/other\nrev: v4\n",
}

NAMED = {
    "an f-string": 'cfg = yaml.safe_load(open(ROOT / f"configs/models/{args.model}.yaml"))\n',
    "joined": (
        'cfg = yaml.safe_load(open(os.path.join("configs", "models", args.model + ".yaml")))\n'
    ),
    "in a helper": (
        "def read(path):\n    with open(path) as f:\n        return yaml.safe_load(f)\n\n\n"
        'MODELS = ROOT / "configs" / "models"\ncfg = read(MODELS / f"{args.model}.yaml")\n'
    ),
    "in a helper with another caller": (
        "def read(path):\n    with open(path) as f:\n        return yaml.safe_load(f)\n\n\n"
        'other = read(ROOT / "configs/other.yaml")\n'
        'cfg = read(args.config or ROOT / "configs" / "models" / f"{args.model}.yaml")\n'
    ),
}


@pytest.mark.parametrize("case", table(NAMED))
def test_each_file_that_may_be_named(small: Small, case: str) -> None:
    small.write({**MODELS, "src/main.py": HEAD + NAMED[case] + LOAD})
    (load,) = small.inventory()
    found = (load["repo_id"]["values"], load["revision"]["values"])
    assert found == (["org/one", "org/two"], ["v1", "v2"])


UNNAMED = {
    "no folder": 'cfg = yaml.safe_load(open(f"{args.model}.yaml"))\n',
    "any folder": 'cfg = yaml.safe_load(open(f"{args.model}/one.yaml"))\n',
    "no file like it": 'cfg = yaml.safe_load(open(f"configs/models/{args.model}.json"))\n',
    "too many": 'cfg = yaml.safe_load(open(f"configs/many/{args.model}.yaml"))\n',
}


@pytest.mark.parametrize("case", table(UNNAMED))
def test_what_names_no_file(small: Small, case: str) -> None:
    many = {f"configs/many/m{n}.yaml": f"id: org/m{n}\nrev: v1\n" for n in range(9)}
    small.write({**MODELS, **many, "src/main.py": HEAD + UNNAMED[case] + LOAD})
    (load,) = small.inventory()
    assert load["repo_id"]["status"] == "unknown"


CHECKOUTS = {
    "Colab": "/content/drive/MyDrive/proj/configs/models/one.yaml",
    "Kaggle": "/kaggle/working/proj/configs/models/one.yaml",
    "a home folder": "~/proj/configs/models/one.yaml",
    "a variable": "$HOME/proj/configs/models/one.yaml",
    "the folder above": "/workspace/proj/models/one.yaml",
}


@pytest.mark.parametrize("case", table(CHECKOUTS))
def test_another_checkout(small: Small, case: str) -> None:
    body = f"cfg = yaml.safe_load(open({CHECKOUTS[case]!r}))\n"
    small.write({**MODELS, "models/one.yaml": "id: org/one\nrev: v1\n"})
    small.write({"src/main.py": HEAD + body + LOAD})
    (load,) = small.inventory()
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/one"], ["v1"])


def test_a_name_alone_is_no_checkout(small: Small) -> None:
    body = "cfg = yaml.safe_load(open('/etc/proj/config.yaml'))\n"
    small.write({"config.yaml": "id: org/one\nrev: v1\n", "main.py": HEAD + body + LOAD})
    (load,) = small.inventory()
    assert load["repo_id"]["status"] == "unknown"
