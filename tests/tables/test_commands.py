"""Every tool, every way to start it and every flag that matters; the words around a command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loralint.catalog.patterns import expression
from tests.tables.projects import Found, check, inventory, pairs
from tests.tables.tables import BACKENDS, LAUNCHERS, OFFLINE, PREFIXES, SHELLS, TOOLS, VALUELESS


def lines(name):
    """The lines of a page: a command, and what is expected of it."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [tuple(part.strip() for part in line.split("->")) for line in text.splitlines()]


COMMANDS = lines("commands.txt")
"""Artifact, id and revision of each load, and the stage of the first: `-` is no revision."""

OPTIONS = lines("command_options.txt")
"""The options of the command's side, where another script trains or serves the adapter `out/x`."""

TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("org/x")
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model).train()
model.save_pretrained("out/x")
"""
SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("org/x")
model = PeftModel.from_pretrained(base, "out/x")
"""


def shown(found: Found) -> str:
    """The loads in one line, as `commands.txt` has them."""
    parts = []
    for one in found:
        revision = "|".join(one["revision"]["values"]) or one["revision"]["status"]
        ids = "|".join(one["repo_id"]["values"])
        parts.append(f"{one['artifact']} {ids} {revision.replace('absent', '-')}")
    return f"{', '.join(parts)} {found[0]['stage']}" if found else ""


@pytest.mark.parametrize(("command", "expected"), COMMANDS)
def test_command(tmp_path, command, expected):
    assert shown(inventory(tmp_path, {"run.sh": f"{command}\n"})) == expected


def sides(folder, command):
    """The options of the command in its pairs, by side."""
    found = []
    for side, name, text in (("train", "serve.py", SERVE), ("infer", "train.py", TRAIN)):
        (folder / side).mkdir()
        for pair in pairs(folder / side, {"run.sh": f"{command}\n", name: text}):
            if pair[side]["filename"] == "run.sh" and pair["rule"] == "artifact":
                found.append((side, pair[side]["options"]))
    return found


@pytest.mark.parametrize(("command", "expected"), OPTIONS)
def test_options(tmp_path, command, expected):
    [(_, options)] = sides(tmp_path, command)
    assert " ".join(f"{name}={value}" for name, value in options.items()) == expected


@pytest.mark.parametrize(
    "command",
    [
        "llamafactory-cli train --model_name_or_path org/x --finetuning_type full",
        "llamafactory-cli train --model_name_or_path org/x --finetuning_type freeze",
        "swift sft --model org/x --output_dir out/x --tuner_type full",
        "swift sft --model org/x --output_dir out/x --train_type full",
        "trl sft --model_name_or_path org/x --output_dir out/x",
    ],
)
def test_a_whole_model_is_trained(tmp_path, command):
    [load] = inventory(tmp_path, {"run.sh": f"{command}\n"})
    assert load["stage"] == "neither"


def test_the_quantisation_type_of_trl(tmp_path):
    command = "trl sft --model_name_or_path org/x --output_dir out/x --use_peft --load_in_4bit"
    [(_, options)] = sides(tmp_path, f"{command} --bnb_4bit_quant_type fp4")
    assert options["quantization"] == "fp4"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_has_commands(tool):
    written = [f"{command} ".replace("-", "_") for command, _ in (*COMMANDS, *OPTIONS)]
    starts = [" ".join(head).replace("-", "_") for head in tool.heads]
    starts += [f"python _m {module}".replace("-", "_") for module in tool.modules]
    own = [line for line in written if any(f" {start} " in f" {line}" for start in starts)]
    if tool.scripts:
        scripts = re.compile(rf"[\w/]*/?({expression(tool.scripts).pattern})\.py")
        own += [line for line in written if any(map(scripts.fullmatch, line.split()))]
        assert own
    for start in starts:
        assert any(f" {start} " in f" {line}" for line in own), start
    for name in tool.environment:
        assert any(f"{name}=" in line for line in own) or name in NO_EFFECT, name
    for flag, role in tool.flags.items():
        if role in NO_EFFECT or tool.artifact == "file":
            continue
        if role == "output" and not (tool.trains or tool.merges):
            continue
        assert any(f"_{flag} " in line or f"{flag}=" in line for line in own), flag


NO_EFFECT = (
    "local", "file", "method", "QUANTIZE", "TRUST_REMOTE_CODE", "preference", "reference", "loss"
)  # fmt: skip
"""Roles and variables that decide nothing which these pages show."""

PREFERENCE = {
    "llamafactory-cli train --model_name_or_path org/x --adapter_name_or_path out/x --stage": (
        "--ref_model org/x", "--create_new_adapter", "--pref_loss orpo", "--pref_loss simpo"
    ),
    "swift rlhf --model org/x --adapters out/x --rlhf_type": (
        "--ref_adapters out/x", "--ref_model org/x"
    ),
}  # fmt: skip
"""Commands of preference runs up to their kind, and the flags with which they have a reference."""


@pytest.mark.parametrize("command", PREFERENCE)
def test_preference_runs(tmp_path, command):
    for kind in ("dpo", "kto"):
        for number, flag in enumerate(("", *PREFERENCE[command])):
            folder = tmp_path / f"{kind}-{number}"
            folder.mkdir()
            found = check(folder, {"run.sh": f"{command} {kind} {flag}\n"}, "LOR321")
            assert bool(found) == (flag == "")
    (tmp_path / "sft").mkdir()
    assert check(tmp_path / "sft", {"run.sh": f"{command} sft\n"}, "LOR321") == []


# --- the words around a command -----------------------------------------------------------------

SERVED = "vllm serve org/x --revision v1"
PROGRAMS = """sudo env nohup time exec srun mpirun mpiexec timeout nice ionice numactl taskset
    stdbuf setsid command xargs uv poetry pipenv conda mamba micromamba pdm hatch rye pixi docker
    podman nerdctl docker-compose singularity apptainer kubectl parallel screen tmux caffeinate
    unbuffer gosu tini dumb-init ray watch doppler dotenv op infisical winpty""".split()
SHELL_WORDS = ["bash", "sh", "zsh", "dash", "/bin/bash", "/bin/sh"]
STARTERS = {
    "accelerate": "accelerate launch",
    "torchrun": "torchrun --nproc_per_node 2",
    "deepspeed": "deepspeed --num_gpus 2",
    "torch.distributed.run": "python -m torch.distributed.run --nproc_per_node 2",
    "torch.distributed.launch": "python -m torch.distributed.launch --nproc_per_node 2",
}
ALONE = """enable_lora trust_remote_code use_peft load_in_4bit load_in_8bit multi_gpu use_deepspeed
    use_fsdp cpu mps standalone no_python quiet debug isolated""".split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_that_run_another_one(tmp_path, program):
    found = inventory(tmp_path, {"run.sh": f"{program} {SERVED}\n"})
    assert shown(found) == "engine org/x v1 neither"


def test_a_program_that_runs_no_other(tmp_path):
    assert inventory(tmp_path, {"run.sh": f"echo {SERVED}\n", "a.sh": f"{SERVED}\n"})[1:] == []


@pytest.mark.parametrize("shell", SHELL_WORDS)
def test_shells(tmp_path, shell):
    found = inventory(tmp_path, {"run.sh": f'{shell} -c "{SERVED}"\n'})
    assert shown(found) == "engine org/x v1 neither"


SCRIPT = """\
import argparse

from transformers import AutoModel

parser = argparse.ArgumentParser()
parser.add_argument("--model")
args = parser.parse_args()
model = AutoModel.from_pretrained(args.model, revision="v1")
"""


@pytest.mark.parametrize("launcher", STARTERS)
def test_launchers(tmp_path, launcher):
    command = f"{STARTERS[launcher]} run.py --model org/x\n"
    [found] = inventory(tmp_path, {"run.py": SCRIPT, "run.sh": command})
    assert found["repo_id"]["values"] == ["org/x"]


@pytest.mark.parametrize("flag", ALONE)
def test_flags_that_stand_alone(tmp_path, flag):
    command = f"vllm serve --{flag} org/x --revision v1\n"
    [found] = inventory(tmp_path, {"run.sh": command})
    assert found["repo_id"]["values"] == ["org/x"]


def test_a_flag_that_does_not_stand_alone(tmp_path):
    command = "vllm serve --port 80 --revision v1\n"
    assert inventory(tmp_path, {"run.sh": command, "a.sh": f"{SERVED}\n"})[1:] == []


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline(tmp_path, name):
    assert check(tmp_path, {"run.sh": "vllm serve org/x\n"}, "LOR101")
    assert check(tmp_path, {"run.sh": f"{name}=1 vllm serve org/x\n"}, "LOR101") == []


def test_every_word_has_a_test():
    assert set(PROGRAMS) == PREFIXES
    assert set(SHELL_WORDS) == SHELLS
    assert set(STARTERS) == LAUNCHERS
    assert set(ALONE) == VALUELESS
    assert {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} == OFFLINE
    tried = {
        c.split("--model ")[1].split()[0] for c, _ in COMMANDS if c.startswith("lm_eval --model ")
    }
    assert tried - {"openai"} == set(BACKENDS)
