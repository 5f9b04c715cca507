"""Of several trainings the one whose adapter is loaded: by base, folder, the end of its path."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small

Files = Mapping[str, str]
OPTION = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--{name}", {more})
args = parser.parse_args()
"""


def pairs_of(small: Small, files: Files) -> list[tuple[str, str, str]]:
    """The files of both sides of each pair, and what ties them."""
    small.write(files)
    return sorted(
        (each["train"]["filename"], each["infer"]["filename"], each["why"])
        for each in small.asked("pairs")
    )


# --- two scripts save to a folder of one name ----------------------------------------------------


@pytest.mark.parametrize("base", ["org/a", "./models/a"])
@pytest.mark.parametrize("folder", ["out/lora", "./out/lora/"])
def test_what_is_trained_on_the_same_base_is_meant(small: Small, base: str, folder: str) -> None:
    files = {
        "train.py": trains("", f'"{base}"'),
        "tools/train.py": trains("", '"org/b"'),
        "tools/chat.py": serves("", f'"{base.removeprefix("./")}"', folder),
    }
    assert pairs_of(small, files) == [("train.py", "tools/chat.py", "adapter")]


def test_what_stands_beside_is_meant_where_no_other_has_the_base(small: Small) -> None:
    files = {
        "train.py": trains("", '"org/c"'),
        "tools/train.py": trains("", '"org/b"'),
        "tools/chat.py": serves("", '"org/a"'),
    }
    assert pairs_of(small, files) == [("tools/train.py", "tools/chat.py", "adapter")]


def test_of_two_others_on_the_same_base_nobody_knows_which(small: Small) -> None:
    files = {
        "train.py": trains("", '"org/a"'),
        "again.py": trains("", '"org/a"'),
        "tools/train.py": trains("", '"org/b"'),
        "tools/chat.py": serves("", '"org/a"'),
    }
    assert pairs_of(small, files) == [("tools/train.py", "tools/chat.py", "adapter")]


# --- the adapter is given, and tells its base -----------------------------------------------------

CONFIG = """\
import sys
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM

config = PeftConfig.from_pretrained(sys.argv[1])
base = AutoModelForCausalLM.from_pretrained(config.base_model_name_or_path)
model = PeftModel.from_pretrained(base, sys.argv[1])
model.generate()
"""
AUTO = f"""\
from peft import AutoPeftModelForCausalLM
{OPTION.format(name="adapter", more="required=True")}
AutoPeftModelForCausalLM.from_pretrained(args.adapter).generate()
"""


@pytest.mark.parametrize("script", [CONFIG, AUTO])
@pytest.mark.parametrize("served", ["code/infer.py", "code/eval/deep/infer.py"])
def test_it_is_what_the_only_script_near_it_trains(small: Small, script: str, served: str) -> None:
    files = {
        "code/train.py": trains("", '"org/a"', "out/a"),
        "summary/train.py": trains("", '"org/b"', "out/b"),
        served: script,
    }
    assert pairs_of(small, files) == [("code/train.py", served, "same base id")]


@pytest.mark.parametrize("script", [CONFIG, AUTO])
@pytest.mark.parametrize("second", ["code/more.py", "other/more.py"])
def test_of_two_as_near_it_is_none(small: Small, script: str, second: str) -> None:
    served = "code/infer.py" if second.startswith("code") else "serving/infer.py"
    files = {
        "code/train.py": trains("", '"org/a"', "out/a"),
        second: trains("", '"org/b"', "out/b"),
        served: script,
    }
    assert pairs_of(small, files) == []


def test_a_finding_by_it_is_a_warning(small: Small) -> None:
    revision = "a" * 40
    small.write({"train.py": trains("", f'"org/a", revision="{revision}"'), "infer.py": CONFIG})
    (found,) = small.findings("LOR201")
    assert found["severity"] == "warning"


# --- the end of a path ----------------------------------------------------------------------------

ROOT = 'import os\nfrom pathlib import Path\n\nROOT = Path(os.environ["ROOT"])\n'


@pytest.mark.parametrize(
    ("loaded", "joined"),
    [("./adapters/first", True), ("/data/adapters/first/checkpoint-5", True),
     ("./adapters/second", False), ("old/first", False)],
)  # fmt: skip
def test_a_path_has_the_end_of_the_one_that_is_saved(
    small: Small, loaded: str, joined: bool
) -> None:
    out = 'ROOT / "adapters" / "first"'
    files = {
        "train.py": trains(ROOT, '"org/a"').replace('"out/lora"', out),
        "infer.py": serves("", '"org/a"', loaded),
    }
    found = [("train.py", "infer.py", "adapter")] if joined else []
    assert pairs_of(small, files) == found


RUN = 'import os\n\nRUN = os.environ["MODEL_DIR"]\n\ndef step():\n    return sum(range(9))\n'


@pytest.mark.parametrize("base", ["org/a", "org/b"])
@pytest.mark.parametrize(
    ("out", "loaded"),
    [('f"{RUN}/model/{step()}/weights"', '"/opt/ml/in/model/50/weights"'),
     ('os.path.join(RUN, "adapters", "billing")', '"/mnt/x/y/adapters/billing/checkpoint-3"'),
     ('"/home/me/app/adapters/billing"', 'f"{RUN}/adapters/billing"')],
)  # fmt: skip
def test_the_end_says_it_between_subprojects_where_the_base_is_one(
    small: Small, base: str, out: str, loaded: str
) -> None:
    files = {
        "fit/requirements.txt": "peft\n",
        "fit/train.py": trains(RUN, '"org/a"').replace('"out/lora"', out),
        "serve/requirements.txt": "peft\n",
        "serve/app.py": serves(RUN, f'"{base}"').replace('"out/lora"', loaded),
    }
    absolute = out.startswith('"/') or loaded.startswith('"/')
    found = [("fit/train.py", "serve/app.py", "adapter")] if base == "org/a" and absolute else []
    assert pairs_of(small, files) == found
    assert all(each["severity"] != "error" for each in small.findings("LOR2"))


@pytest.mark.parametrize("loaded", ["/opt/ml/in/model/50/other", "/opt/adapters/old", "billing"])
def test_another_end_says_nothing(small: Small, loaded: str) -> None:
    out = 'os.path.join(RUN, "adapters", "billing")'
    files = {
        "fit/train.py": trains(RUN, '"org/a"').replace('"out/lora"', out),
        "serve/app.py": serves("", '"org/a"', loaded),
    }
    assert pairs_of(small, files) == []


@pytest.mark.parametrize(("saved", "joined"), [("lora_out", True), ("lora_old", False)])
def test_a_folder_by_default_may_be_kept_elsewhere(small: Small, saved: str, joined: bool) -> None:
    before = OPTION.format(name="out", more=f'default="{saved}"')
    files = {
        "train.py": trains(before, '"org/a"').replace('"out/lora"', "args.out"),
        "infer.py": serves("", '"org/a"', "/home/me/elsewhere/lora_out"),
    }
    found = [("train.py", "infer.py", "same base id")] if joined else []
    assert pairs_of(small, files) == found


PARTS = {"fit/requirements.txt": "peft\n", "judge/requirements.txt": "peft\n"}
HERE = "from pathlib import Path\n\nROOT = Path(__file__).resolve().parents[1]\n"


@pytest.mark.parametrize(
    ("more", "base", "out", "joined"),
    [({"requirements.txt": "peft\n"}, "org/a", "models/adapters/x", True),
     ({"pyproject.toml": ""}, "org/a", "models/adapters/x", True),
     ({"pyproject.toml": ""}, "org/b", "models/adapters/x", False),
     ({"pyproject.toml": ""}, "org/a", "models/x", False),
     ({}, "org/a", "models/adapters/x", False),
     ({"pyproject.toml": "", "fit/pyproject.toml": ""}, "org/a", "models/adapters/x", False)],
)  # fmt: skip
def test_two_parts_of_one_project_that_have_lists_of_their_own(
    small: Small, more: Files, base: str, out: str, joined: bool
) -> None:
    place = f'str(ROOT / "{out}")'
    files = {
        **PARTS,
        **more,
        "fit/train.py": trains(HERE, '"org/a"').replace('"out/lora"', place),
        "judge/app.py": serves(HERE, f'"{base}"').replace('"out/lora"', place),
    }
    found = [("fit/train.py", "judge/app.py", "adapter")] if joined else []
    assert pairs_of(small, files) == found
    assert all(each["severity"] != "error" for each in small.findings("LOR2"))


# --- many callers ---------------------------------------------------------------------------------

LOADER = """\
from transformers import AutoModelForCausalLM


def load_base(name):
    return AutoModelForCausalLM.from_pretrained(name)
"""
FIT = """\
from common.loader import load_base
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer


def fit_one(name, out):
    trainer = SFTTrainer(load_base(name), SFTConfig(output_dir=out), peft_config=LoraConfig())
    trainer.train()
    trainer.save_model(f"{out}/adapter")
"""


def test_a_loader_that_everybody_calls_is_told_apart_where_it_is_saved(small: Small) -> None:
    runs = {f"run_{n}.py": f'from common.fit import fit_one\n\nfit_one("org/m{n}", "out/r{n}")\n'
            for n in range(5)}  # fmt: skip
    probe = 'from common.loader import load_base\n\nload_base("org/p{}").eval()\n'
    probes = {f"probe_{n}.py": probe.format(n) for n in range(30)}
    serve = serves("", '"org/m3"', "out/r3/adapter")
    small.write({"common/loader.py": LOADER, "common/fit.py": FIT, "serve.py": serve})
    small.write({**runs, **probes})
    (pair,) = small.asked("pairs")
    assert pair["infer"]["filename"] == "serve.py"
    assert pair["train"]["repo_id"]["values"] == ["org/m3"]


COMMON = {
    "model.py": LOADER.replace("load_base", "load_model"),
    "fit.py": FIT.replace("common.loader", "model").replace("load_base", "load_model").replace(
        "fit_one", "train"
    ),
    "serve.py": serves("", '"org/a"', "runs/one/adapter"),
}  # fmt: skip


@pytest.mark.parametrize(
    "call",
    ["from fit import train\n\ntrain('org/a', 'runs/one')\n",
     "import fit\n\nfit.train('org/a', out='runs/one')\n",
     "from fit import (\n    train as go,\n)\n\nif __name__ == '__main__':\n"
     "    go(name='org/a', out='runs/one')\n"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["run.py", "jobs/first.py"])
def test_who_calls_a_helper_of_a_common_name_is_found_by_its_import(
    small: Small, call: str, path: str
) -> None:
    package = {f"lib/{name}": text.replace("from model", "from lib.model")
               for name, text in COMMON.items()}  # fmt: skip
    files = COMMON if path == "run.py" else {
        **package, "serve.py": COMMON["serve.py"], "lib/__init__.py": "", "jobs/__init__.py": ""
    }  # fmt: skip
    given = call if path == "run.py" else call.replace("from fit", "from lib.fit").replace(
        "import fit", "from lib import fit"
    )  # fmt: skip
    small.write({**files, path: given})
    small.write({f"other_{n}.py": "def train(x):\n    return x\n\ntrain(1)\n" for n in range(3)})
    found = [each for each in small.asked("pairs") if each["rule"] == "artifact"]
    (pair,) = found[:1]
    assert pair["train"]["repo_id"]["values"] == ["org/a"]
