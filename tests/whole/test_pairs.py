"""Which loads belong to one adapter, and which only look as if they did."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small

Files = Mapping[str, str]
A = "a" * 40


def pairs_of(small: Small, files: Files) -> list[tuple[str, str]]:
    """The places of both sides of each pair, in order, each once."""
    small.write(files)
    found = ((_place(each["train"]), _place(each["infer"])) for each in small.asked("pairs"))
    return sorted(set(found))


def _place(side: dict[str, object]) -> str:
    return f"{side['filename']}:{side['location']['row']}"  # type: ignore[index]


def trained(base: str = '"org/a"', out: str = "out/lora", before: str = "") -> str:
    """A training script; its base is loaded in row 4."""
    return trains(before, base, out)


def served(base: str = '"org/a"', out: str = "out/lora", before: str = "") -> str:
    """A serving script; its base is loaded in row 4."""
    return serves(before, base, out)


# --- whose folder it is --------------------------------------------------------------------------

BOTH = (
    trained('"org/b"', "results")
    + """\
plain = AutoModelForCausalLM.from_pretrained("org/b")
from peft import PeftModel
PeftModel.from_pretrained(plain, "results").generate()
"""
)
ARGUMENTS = """\
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

OUT = "results"


def train():
    model = get_peft_model(AutoModelForCausalLM.from_pretrained("org/b"), LoraConfig())
    Trainer(model, TrainingArguments(output_dir=OUT)).train()


def serve():
    base = AutoModelForCausalLM.from_pretrained("org/b")
    return PeftModel.from_pretrained(base, f"{OUT}/checkpoint-10").generate()
"""
AGAIN = served('"org/a"', "results") + 'model.save_pretrained("results")\n'
FOLDERS: dict[str, tuple[Files, list[tuple[str, str]]]] = {
    "the loading script trains itself": (
        {"a.py": trained(out="results"), "b.py": BOTH},
        [("b.py:4", "b.py:8")],
    ),
    "in functions, by the arguments of a trainer": (
        {"a.py": trained(out="results"), "b.py": ARGUMENTS},
        [("b.py:8", "b.py:13")],
    ),
    "the loading script saves what it has loaded": (
        {"a.py": trained(out="results"), "b.py": AGAIN},
        [("a.py:4", "b.py:4")],
    ),
    "only the other one trains": (
        {"a.py": trained(out="results"), "b.py": served('"org/b"', "results")},
        [("a.py:4", "b.py:4")],
    ),
    "a script of the root and one of tools": (
        {"train.py": trained(), "tools/serve.py": served()},
        [("train.py:4", "tools/serve.py:4")],
    ),
    "scripts of two folders without anything of their own": (
        {"training/train.py": trained(), "serving/serve.py": served()},
        [("training/train.py:4", "serving/serve.py:4")],
    ),
    "two subprojects": (
        {
            "one/train.py": trained(),
            "one/pyproject.toml": "[project]\nname = 'one'\n",
            "two/serve.py": served(),
            "two/pyproject.toml": "[project]\nname = 'two'\n",
        },
        [],
    ),
    "two subprojects by their requirements, deeper": (
        {
            "one/src/train.py": trained(out="o/x/y"),
            "one/requirements.txt": "peft\n",
            "two/app/serve.py": served(out="o/x/y"),
            "two/requirements.txt": "peft\n",
        },
        [],
    ),
    "one subproject names the folder of the other": (
        {
            "one/train.py": trained(),
            "one/requirements.txt": "peft\n",
            "two/serve.py": served(out="../one/out/lora"),
            "two/requirements.txt": "peft\n",
        },
        [("one/train.py:4", "two/serve.py:4")],
    ),
    "a subproject and the project around it": (
        {
            "train.py": trained(),
            "pyproject.toml": "[project]\nname = 'all'\n",
            "app/serve.py": served(),
            "app/requirements.txt": "peft\n",
        },
        [("train.py:4", "app/serve.py:4")],
    ),
    "two repositories": (
        {"one/.git/HEAD": "", "one/train.py": trained(), "two/.git/HEAD": "",
         "two/serve.py": served()},
        [],
    ),
    "two repositories, by recipes": (
        {
            "one/.git/HEAD": "",
            "one/sft.yaml": "model_name_or_path: org/a\nstage: sft\nfinetuning_type: lora\n"
            "do_train: true\ntemplate: x\noutput_dir: saves/lora\n",
            "two/.git/HEAD": "",
            "two/serve.py": served(out="saves/lora"),
        },
        [],
    ),
    "one repository inside": (
        {"one/.git/HEAD": "", "one/train.py": trained(), "one/tools/serve.py": served()},
        [("one/train.py:4", "one/tools/serve.py:4")],
    ),
    "a repository and the one around it": (
        {"train.py": trained(), "two/.git/HEAD": "", "two/serve.py": served()},
        [],
    ),
    "two repositories, by a Hub id": (
        {
            "one/.git/HEAD": "",
            "one/train.py": trained() + 'model.push_to_hub("me/lora")\n',
            "two/.git/HEAD": "",
            "two/serve.py": served(out="me/lora"),
        },
        [("one/train.py:4", "two/serve.py:4")],
    ),
    "two repositories, by a folder that looks like a Hub id": (
        {"one/.git/HEAD": "", "one/train.py": trained(out="me/lora"), "two/.git/HEAD": "",
         "two/serve.py": served(out="me/lora")},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOLDERS)
def test_whose_folder_it_is(small: Small, case: str) -> None:
    files, expected = FOLDERS[case]
    assert pairs_of(small, files) == expected


# --- a path of another checkout ------------------------------------------------------------------

CHECKOUTS: dict[str, tuple[str, str, bool]] = {
    "absolute where it is loaded": ("out/run1", "/content/app/out/run1", True),
    "a checkpoint below": ("out/run1", "/content/app/out/run1/checkpoint-50", True),
    "absolute where it is saved": ("/home/me/app/out/run1", "out/run1", True),
    "in a home": ("out/run1", "~/code/app/out/run1", True),
    "one part, and the project's own folder": ("adapter7", "/home/me/project/adapter7", True),
    "one part alone": ("adapter7", "/home/me/elsewhere/adapter7", False),
    "another folder of that name": ("out/run1", "/content/app/old/run1", False),
}


@pytest.mark.parametrize("case", CHECKOUTS)
def test_a_path_of_another_checkout(small: Small, case: str) -> None:
    saved, loaded, joined = CHECKOUTS[case]
    small.write({"train.py": trained(f'"org/a", revision="{A}"', saved)})
    small.write({"serve.py": served(out=loaded)})
    found = small.findings("LOR201")
    assert [one["severity"] for one in found] == (["warning"] if joined else [])
    assert [one["why"] for one in found] == (["adapter"] if joined else [])


# --- what is no training -------------------------------------------------------------------------

OWN = """\
from peft import LoraConfig, PeftModel, PeftModelForCausalLM, set_peft_model_state_dict
from safetensors.torch import load_file


class Held(PeftModelForCausalLM):
    @classmethod
    def of(cls, base, folder):
        model = cls(base, LoraConfig.from_pretrained(folder))
        set_peft_model_state_dict(model, load_file(folder + "/adapter_model.safetensors"))
        return model


    @classmethod
    def from_pretrained(cls, base, folder, **more):
        model = cls(base, LoraConfig.from_pretrained(folder))
        model.load_adapter(folder, "default", **more)
        return model


def attach(base, folder):
    model = PeftModel(base, LoraConfig.from_pretrained(folder))
    model.load_adapter(folder, "default")
    return model
"""
CALLS = {
    "a class of its own": "from own import Held\nmodel = Held.of(base, 'out/lora')\n",
    "a class of its own, by PEFT's name": (
        "from own import Held\nmodel = Held.from_pretrained(base, 'out/lora')\n"
    ),
    "a function": "from own import attach\nmodel = attach(base, 'out/lora')\n",
}


@pytest.mark.parametrize("case", CALLS)
def test_what_loads_by_hand_what_was_trained(small: Small, case: str) -> None:
    base = 'from transformers import AutoModel\nbase = AutoModel.from_pretrained("org/a")\n'
    small.write({"own.py": OWN, "serve.py": base + CALLS[case] + "model.generate()\n"})
    assert small.inventory("serve.py")[0]["stage"] == "infer"
    small.write({"own.py": OWN.partition("        set_peft")[0] + "        return model\n",
                 "train.py": base + CALLS["a class of its own"] + "model.train()\n"})  # fmt: skip
    (found,) = small.inventory("train.py")
    assert found["stage"] == "train"


MERGED = served(out="out/lora") + 'model.merge_and_unload().save_pretrained("out/lora/final")\n'
PLAIN = """\
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("org/a")
model.save_pretrained("out/lora/final")
"""
IN_STEPS = """\
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("org/a")
merged = PeftModel.from_pretrained(base, "elsewhere/sft").merge_and_unload()
model = get_peft_model(merged, LoraConfig())
Trainer(model).train()
model.save_pretrained("out/lora/final")
"""
UPLOADED = served(out="elsewhere/lora") + 'model.push_to_hub("me/final")\n'
FINAL = served('"org/other"', "out/lora/final")
NO_TRAINING: dict[str, tuple[Files, list[tuple[str, str]]]] = {
    "a merge": ({"merge.py": MERGED, "serve.py": FINAL}, []),
    "a merge by unsloth": (
        {"merge.py": trained(out="out/l").replace("save_pretrained(", "save_pretrained_merged(")
         .replace("out/l", "out/lora/final"), "serve.py": FINAL.replace("org/other", "org/a")},
        [],
    ),
    "a plain base": ({"fetch.py": PLAIN, "serve.py": FINAL}, []),
    "an adapter that was loaded": (
        {"upload.py": UPLOADED, "serve.py": served('"org/other"', "me/final")},
        [],
    ),
    "wrapped again after a merge": (
        {"dpo.py": IN_STEPS, "serve.py": FINAL},
        [("dpo.py:4", "serve.py:4")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_TRAINING)
def test_what_is_saved_and_was_not_trained(small: Small, case: str) -> None:
    files, expected = NO_TRAINING[case]
    assert pairs_of(small, files) == expected


# --- defaults ------------------------------------------------------------------------------------

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--out", default="{}")
args = parser.parse_args()
"""
DATACLASS = """
from dataclasses import dataclass
from transformers import HfArgumentParser
@dataclass
class Settings:
    out: str = "{}"
args, = HfArgumentParser(Settings).parse_args_into_dataclasses()
"""
ENVIRONMENT = """
import os
class args:
    out = os.environ.get("OUT", "{}")
"""


@pytest.mark.parametrize("way", [ARGPARSE, DATACLASS, ENVIRONMENT])
def test_two_defaults_do_not_contradict(small: Small, way: str) -> None:
    train = trained(f'"org/a", revision="{A}"', before=way.format("runs/smoke"))
    serve = served(before=way.format("runs/full"))
    small.write({"train.py": train.replace('"out/lora"', "args.out")})
    small.write({"serve.py": serve.replace('"out/lora"', "args.out")})
    (found,) = small.findings("LOR201")
    assert (found["severity"], found["why"]) == ("warning", "same base id")
    assert "by default" in found["message"]
    small.write({"train.py": trained(f'"org/a", revision="{A}"', "runs/smoke")})
    small.write({"serve.py": served(out="runs/full")})
    assert small.findings("LOR201") == []


FALLBACK = """
import argparse
import time
parser = argparse.ArgumentParser()
parser.add_argument("--out", default="")
args = parser.parse_args()
if not args.out:
    args.out = f"runs/{time.time()}_v2"
"""


@pytest.mark.parametrize("before", [FALLBACK, 'class args:\n    out = "runs/smoke"\n'])
def test_a_folder_by_default_is_not_what_the_other_side_says_by_code(
    small: Small, before: str
) -> None:
    files = {
        "train.py": trained('"org/a"', before=before).replace('"out/lora"', "args.out"),
        "serve.py": served(before=ARGPARSE.format("old/v1/lora")).replace('"out/lora"', "args.out"),
    }
    small.write(files)
    assert small.asked("pairs") == []
    below = {"train.py": files["train.py"].replace("(args.out)", '(f"{args.out}/adapter")'),
             "serve.py": files["serve.py"].replace("old/v1/lora", "old/v1/adapter")}  # fmt: skip
    small.write(below)
    assert small.asked("pairs") == []
    small.write(files)
    hub = files["serve.py"].replace("old/v1/lora", "me/v1")  # of a push by hand, perhaps
    small.write({"serve.py": hub})
    assert len(small.asked("pairs")) == 1


# --- what a comparison rests on ------------------------------------------------------------------

WHY: dict[str, tuple[Files, str, str]] = {
    "adapter": ({"serve.py": served()}, "error", "saved in train.py:7"),
    "command": (
        {"serve.py": served(before=ARGPARSE.format("")).replace('"out/lora"', "args.out"),
         "run.sh": "python serve.py --out out/lora\n"},
        "error",
        "by a command line, out/lora: saved",
    ),
    "configured": (
        {"serve.py": served(out="else/where"),
         "loralint.toml": '[[pair]]\ntrain = "train.py"\ninfer = "serve.py"\n'},
        "error",
        "configured",
    ),
    "recorded base": (
        {"serve.py": served(out="adapters/x"),
         "adapters/x/adapter_config.json":
         '{"peft_type": "LORA", "base_model_name_or_path": "org/a"}',
         "train.py": trained(f'"org/a", revision="{A}"').replace('"out/lora"', "input()")},
        "error",
        "by the recorded base",
    ),
    "same base id": (
        {"serve.py": served().replace('"out/lora"', "input()")},
        "warning",
        "by the same base id alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", WHY)
def test_what_a_comparison_rests_on(small: Small, why: str) -> None:
    files, severity, words = WHY[why]
    small.write({"train.py": trained(f'"org/a", revision="{A}"'), **files})
    config = ["--config", "loralint.toml"] if "loralint.toml" in files else ["--isolated"]
    result = small.run("check", "--no-cache", "--output-format", "json", "--select", "LOR201",
                       *config)  # fmt: skip
    (found,) = json.loads(result.stdout)
    assert (found["why"], found["severity"]) == (why, severity)
    assert words in found["message"]
