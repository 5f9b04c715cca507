"""What a condition has found on this machine is a folder, even if it looks like a Hub id."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = (
    "import os\nimport sys\nfrom pathlib import Path\n\n"
    "from huggingface_hub import snapshot_download\nfrom transformers import AutoModel\n\n"
    'NAME = "acme/tower"\n\n\n'
)

FOUND = {
    "a helper that downloads what is not there": (
        "def folder_of(name):\n    if os.path.exists(name):\n        return name\n"
        "    return snapshot_download(name, revision='v1')\n\n\n"
        "AutoModel.from_pretrained(folder_of(NAME))\n"
    ),
    "one expression": ("AutoModel.from_pretrained(NAME if Path(NAME).is_dir() else sys.argv[1])\n"),
    "the other branch stops": (
        "name = Path('acme/tower')\nif not name.exists():\n    raise SystemExit('no model')\n"
        "AutoModel.from_pretrained(name)\n"
    ),
    "of two conditions": (
        "def load(name='acme/tower'):\n    if name and os.path.isdir(name):\n"
        "        return AutoModel.from_pretrained(name)\n\n\nload()\n"
    ),
    "a file inside": (
        "name = 'acme/tower'\nif (Path(name) / 'config.json').exists():\n"
        "    AutoModel.from_pretrained(name)\n"
    ),
    "a joined file inside": (
        "name = 'acme/tower'\nif os.path.isfile(os.path.join(name, 'config.json')):\n"
        "    AutoModel.from_pretrained(name)\n"
    ),
    "a constant, in a function": (
        "def load():\n    if not os.path.exists(NAME):\n        return None\n"
        "    return AutoModel.from_pretrained(NAME)\n"
    ),
}


@pytest.mark.parametrize("case", table(FOUND))
def test_what_was_found_is_a_folder(small: Small, case: str) -> None:
    small.write({"serve.py": HEAD + FOUND[case]})
    assert small.findings("LOR101", "LOR111") == []


LOADED = {
    "after the branches": (
        "if os.path.exists(NAME):\n    print('there')\nAutoModel.from_pretrained(NAME)\n"
    ),
    "where it is not": (
        "if os.path.exists(NAME):\n    pass\nelse:\n    AutoModel.from_pretrained(NAME)\n"
    ),
    "one of two may be there": (
        "if os.path.exists(NAME) or len(sys.argv) > 1:\n    AutoModel.from_pretrained(NAME)\n"
    ),
    "another one is there": (
        "other = sys.argv[1]\nif os.path.exists(other):\n    AutoModel.from_pretrained(NAME)\n"
    ),
    "made where it is missing": (
        "def load():\n    if not os.path.exists(NAME):\n        os.makedirs(NAME)\n"
        "    return AutoModel.from_pretrained(NAME)\n"
    ),
}


@pytest.mark.parametrize("case", table(LOADED))
def test_what_may_not_be_there_is_loaded(small: Small, case: str) -> None:
    small.write({"serve.py": HEAD + LOADED[case]})
    assert len(small.findings("LOR101")) == 1


def test_a_folder_that_was_found_is_still_the_one_that_is_saved(small: Small) -> None:
    small.write(
        {
            "train.py": (
                "from peft import LoraConfig, get_peft_model\nfrom transformers import AutoModel\n"
                'base = AutoModel.from_pretrained("org/a", revision="v1")\n'
                'get_peft_model(base, LoraConfig()).save_pretrained("mine/adapter")\n'
            ),
            "serve.py": (
                "import os\nfrom peft import PeftModel\nfrom transformers import AutoModel\n"
                'base = AutoModel.from_pretrained("org/a")\nadapter = "mine/adapter"\n'
                "if os.path.exists(adapter):\n    PeftModel.from_pretrained(base, adapter)\n"
            ),
        }
    )
    assert small.found("LOR106", "LOR201") == [("LOR201", "serve.py", 4)]


def test_of_many_files_that_may_be_named_those_that_were_not_read_count(small: Small) -> None:
    many = {f"configs/m{number}.yaml": f"id: org/m{number}\n" for number in range(9)}
    small.write(
        {
            **many,
            "main.py": (
                "import sys\nimport yaml\nfrom transformers import AutoModel\n"
                'one = yaml.safe_load(open("configs/m1.yaml"))\n'
                'AutoModel.from_pretrained(one["id"])\n'
                'cfg = yaml.safe_load(open(f"configs/{sys.argv[1]}.yaml"))\n'
                'AutoModel.from_pretrained(cfg["id"])\n'
            ),
        }
    )
    assert small.found("LOR101") == [("LOR101", "main.py", 5)]
