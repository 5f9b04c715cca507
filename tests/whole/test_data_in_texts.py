"""A configuration that stands in the code as a text is read like one in a file."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

LOAD = 'AutoModel.from_pretrained(cfg["model"]["id"], revision=cfg["model"]["rev"])\n'
FIELDS = "AutoModel.from_pretrained(cfg.model.id, revision=cfg.model.rev)\n"
JSON = '{"model": {"id": "org/a", "rev": "v1"}}'
YAML = "model:\n  id: org/a\n  rev: v1\n"
TOML = '[model]\nid = "org/a"\nrev = "v1"\n'

TEXTS = {
    "JSON": f"import json\n\ncfg = json.loads({JSON!r})\n{LOAD}",
    "JSON over rows": f"import json\n\ncfg = json.loads('''\n{JSON}\n''')\n{LOAD}",
    "JSON in a constant": f"import json\n\nTEXT = {JSON!r}\ncfg = json.loads(TEXT)\n{LOAD}",
    "YAML": f"import yaml\n\ncfg = yaml.safe_load('''\n{YAML}''')\n{LOAD}",
    "YAML with a loader": (
        f"import yaml\n\ncfg = yaml.load('''\n{YAML}''', Loader=yaml.SafeLoader)\n{LOAD}"
    ),
    "YAML, indented": (
        "import textwrap\n\nimport yaml\n\n"
        f"cfg = yaml.safe_load(textwrap.dedent('''\n{YAML}'''))\n{LOAD}"
    ),
    "TOML": f"import tomllib\n\ncfg = tomllib.loads('''\n{TOML}''')\n{LOAD}",
    "OmegaConf": (
        f"from omegaconf import OmegaConf\n\ncfg = OmegaConf.create('''\n{YAML}''')\n{FIELDS}"
    ),
    "in a function": (
        f"import json\n\n\ndef load():\n    cfg = json.loads({JSON!r})\n    {LOAD}\n\nload()\n"
    ),
}


@pytest.mark.parametrize("case", table(TEXTS))
def test_a_text_is_read(small: Small, case: str) -> None:
    small.write({"train.py": "from transformers import AutoModel\n" + TEXTS[case]})
    (load,) = small.inventory()
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])


def test_a_text_that_is_no_data_is_unknown(small: Small) -> None:
    code = "import json\n\ncfg = json.loads('{not json')\n"
    small.write({"train.py": f"from transformers import AutoModel\n{code}{LOAD}"})
    (load,) = small.inventory()
    assert load["repo_id"]["status"] == "unknown"
