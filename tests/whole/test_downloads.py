"""Bases that are named elsewhere: by what an adapter records, by a download, by the Hub's cache."""

from __future__ import annotations

import pytest

from tests.whole.pairs import ADDED, DRAWS, LORA, PARTS
from tests.whole.running import Small
from tests.whole.test_pairs import A, Files, served, trained

# --- the base that the adapter records -----------------------------------------------------------

RECORDED = {
    "by PEFT": """\
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM

config = PeftConfig.from_pretrained("out/lora")
base = AutoModelForCausalLM.from_pretrained(config.base_model_name_or_path)
model = PeftModel.from_pretrained(base, "out/lora")
""",
    "in a class": """\
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM


class Server:
    def __init__(self, folder):
        self.config = PeftConfig.from_pretrained(folder)
        self.base = AutoModelForCausalLM.from_pretrained(self.config.base_model_name_or_path)
        self.model = PeftModel.from_pretrained(self.base, folder)


Server("out/lora")
""",
    "with the revision that is recorded, which is none": """\
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM

config = LoraConfig.from_pretrained("out/lora")
base = AutoModelForCausalLM.from_pretrained(
    config.base_model_name_or_path, revision=config.revision
)
model = PeftModel.from_pretrained(base, "out/lora")
""",
    "out of the file": """\
import json
from peft import PeftModel
from transformers import AutoModelForCausalLM

with open("out/lora/adapter_config.json") as file:
    config = json.load(file)
base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"])
model = PeftModel.from_pretrained(base, "out/lora")
""",
    "out of the file of an option's folder": """\
import argparse
import json
from pathlib import Path
from peft import PeftModel
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("--adapter", default="out/lora")
args = parser.parse_args()
config = json.loads((Path(args.adapter) / "adapter_config.json").read_text())
base = AutoModelForCausalLM.from_pretrained(config.get("base_model_name_or_path"))
model = PeftModel.from_pretrained(base, args.adapter)
""",
    "out of a download": """\
import json
import os
from huggingface_hub import snapshot_download
from peft import PeftModel
from transformers import AutoModelForCausalLM

folder = snapshot_download("me/lora")
config = json.load(open(os.path.join(folder, "adapter_config.json")))
base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"])
model = PeftModel.from_pretrained(base, folder)
""",
    "out of the file of the Hub": """\
import json
from huggingface_hub import hf_hub_download
from peft import PeftModel
from transformers import AutoModelForCausalLM

config = json.load(open(hf_hub_download("me/lora", "adapter_config.json")))
base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"])
model = PeftModel.from_pretrained(base, "me/lora")
""",
    "of another adapter": """\
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM

config = PeftConfig.from_pretrained("out/another")
base = AutoModelForCausalLM.from_pretrained(config.base_model_name_or_path)
model = PeftModel.from_pretrained(base, "out/lora")
""",
}


@pytest.mark.parametrize("case", RECORDED)
def test_the_base_that_an_adapter_records(small: Small, case: str) -> None:
    train = trained(f'"org/a", revision="{A}"') + 'model.push_to_hub("me/lora")\n'
    small.write({"train.py": train, "serve.py": RECORDED[case]})
    found = small.findings("LOR201")
    assert [one["severity"] for one in found] == ([] if "another" in case else ["error"])
    for name in ("config.base_model_name_or_path)", 'config["base_model_name_or_path"])'):
        pinned = RECORDED[case].replace(name, f'{name[:-1]}, revision="{A}")')
        small.write({"serve.py": pinned})
        if pinned != RECORDED[case]:
            assert small.findings("LOR201") == []


# --- downloads -----------------------------------------------------------------------------------

TO = 'model = PeftModel.from_pretrained(base, "out/lora")\n'
FETCH = f"""\
from huggingface_hub import HfApi, snapshot_download
from peft import PeftModel
from transformers import AutoModelForCausalLM

where = snapshot_download("org/a"{{more}})
base = AutoModelForCausalLM.from_pretrained(where)
{TO}"""
DOWNLOADS: dict[str, Files] = {
    "the result": {"serve.py": FETCH},
    "a folder in it": {"serve.py": FETCH.replace("(where)", '(f"{{where}}/inner")')},
    "a helper": {
        "serve.py": FETCH.replace(
            'where = snapshot_download("org/a"{more})',
            "def get(name):\n    return HfApi().snapshot_download(name{more})\n\n"
            'where = get("org/a")',
        )
    },
    "the folder that it fills": {
        "serve.py": FETCH.replace("{more}", '{more}, local_dir="./weights/a"').replace(
            "(where)", '("weights/a/")'
        )
    },
    "the folder that a command fills": {
        "get.sh": "huggingface-cli download org/a {flag} --local-dir weights/a\n",
        "serve.py": served('"weights/a"'),
    },
    "a pipeline's text": {
        "serve.py": """\
from huggingface_hub import snapshot_download
from vllm import LLM
from vllm.lora.request import LoRARequest

llm = LLM(model=snapshot_download("org/a"{more}), enable_lora=True)
llm.generate("x", lora_request=LoRARequest("a", 1, "out/lora"))
"""
    },
}


@pytest.mark.parametrize("case", DOWNLOADS)
def test_what_a_download_fetched_is_the_repository(small: Small, case: str) -> None:
    def write(more: str, flag: str) -> None:
        for name, text in DOWNLOADS[case].items():
            small.write({name: text.replace("{more}", more).replace("{flag}", flag)
                         .replace("{{", "{").replace("}}", "}")})  # fmt: skip

    small.write({"train.py": trained(f'"org/a", revision="{A}"')})
    write("", "")
    found = small.findings("LOR101", "LOR201")
    assert sorted(one["code"] for one in found) == ["LOR101", "LOR201"], "once each"
    write(f', revision="{A}"', f"--revision {A}")
    assert small.findings("LOR1", "LOR101", "LOR201", "LOR109") == []
    assert [(load["repo_id"]["values"], load["revision"]["values"]) for load in small.inventory()
            if load["artifact"] in ("base-model", "engine", "file")] == [
                (["org/a"], [A])] * 3  # fmt: skip


def test_a_fix_goes_to_the_download(small: Small) -> None:
    small.write({"train.py": trained(f'"org/a", revision="{A}"')})
    small.write({"serve.py": FETCH.replace("{more}", "")})
    small.run("check", "--isolated", "--no-cache", "--fix", "--select", "LOR201")
    assert small.findings("LOR201") == []
    text = (small.root / "serve.py").read_text()
    assert f'snapshot_download("org/a", revision="{A}")' in text


def test_a_commit_of_one_hub_is_none_of_another(small: Small) -> None:
    small.write({"train.py": trained(f'"org/a", revision="{A}"')})
    ours, theirs = "from huggingface_hub import HfApi, snapshot", "from modelscope import snapshot"
    small.write({"serve.py": FETCH.replace("{more}", "").replace(ours, theirs)})
    (found,) = small.findings("LOR201")
    assert found["fix"]["applicability"] == "display"


CACHE = f"models--org--a/snapshots/{A}"
PATHS = {
    "from the root": (f'"/root/.cache/huggingface/hub/{CACHE}"', "known", [A]),
    "in a folder of one's own": (f'"cache/{CACHE}/"', "known", [A]),
    "an option's default": (f'os.environ.get("M", "cache/{CACHE}")', "default", [A]),
    "of no commit": ('"cache/models--org--a/snapshots/latest"', "local", []),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_folder_of_the_cache_is_a_commit(small: Small, case: str) -> None:
    given, status, revision = PATHS[case]
    small.write({"serve.py": served(given, before="import os")})
    load = next(one for one in small.inventory() if one["artifact"] == "base-model")
    assert (load["repo_id"]["status"], load["revision"]["values"]) == (status, revision)
    assert small.found("LOR101", "LOR103") == []
    small.write({"train.py": trained('"org/a", revision="v1"')})
    assert len(small.found("LOR201")) == len(revision)


OR_ELSE = {
    "an if": f'where = "cache/{CACHE}"\nif not os.path.exists(where):\n    where = "org/a"\n',
    "a conditional": f'p = "cache/{CACHE}"\nwhere = p if os.path.isdir(p) else "org/a"\n',
    "an or": 'where = os.path.isdir("x") and "x" or None\nwhere = "org/a"\n',
}


@pytest.mark.parametrize("case", OR_ELSE)
def test_the_hub_where_the_folder_is_missing(small: Small, case: str) -> None:
    text = f"import os\n\nfrom transformers import AutoModel\n\n{OR_ELSE[case]}"
    small.write({"a.py": f"{text}AutoModel.from_pretrained(where)\n"})
    assert [code for code, _, _ in small.found("LOR101")] == ["LOR101"]
    small.write({"a.py": f'{text}AutoModel.from_pretrained(where, revision="{A}")\n'})
    assert small.found("LOR101") == []


# --- tools that everybody has a copy of ----------------------------------------------------------

TRAINER = "accelerate launch train_dreambooth_lora.py --pretrained_model_name_or_path=org/sd"


def test_an_example_that_the_project_does_not_have(small: Small) -> None:
    small.write({"train.sh": f"{TRAINER} --revision=v1 --output_dir=out/lora\n"})
    small.write({"draw.py": DRAWS.format(load="load_lora_weights", adapter="out/lora")})
    assert small.found("LOR201") == [("LOR201", "draw.py", 3)]


def test_an_example_that_the_project_has_a_copy_of(small: Small) -> None:
    script = PARTS.format(vae="org/sd", wrap=ADDED, save=LORA).replace("import sys\n", """\
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--pretrained_model_name_or_path")
parser.add_argument("--revision")
parser.add_argument("--output_dir")
args = parser.parse_args()
""")  # fmt: skip
    script = script.replace(
        '"org/sd"', "args.pretrained_model_name_or_path, revision=args.revision"
    )
    small.write({"train_dreambooth_lora.py": script.replace("'out/lora'", "args.output_dir")})
    small.write({"train.sh": f"{TRAINER} --revision=v1 --output_dir=out/lora\n"})
    small.write({"draw.py": DRAWS.format(load="load_lora_weights", adapter="out/lora")})
    assert {load["filename"] for load in small.inventory()} == {
        "train_dreambooth_lora.py", "draw.py"}  # fmt: skip
    assert small.found("LOR201") == [("LOR201", "draw.py", 3)]
