"""Commands that run a script of the project: by which of its paths, and from where."""

from __future__ import annotations

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

OPTIONS = """\
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--rev")
args = parser.parse_args()
"""
GIVEN = "--model org/a --rev v1"
SCRIPT = trains(OPTIONS, "args.model, revision=args.rev")
ELSEWHERE = serves(OPTIONS, "args.model, revision=args.rev", "out/other")


def given(command: str) -> str:
    """The command with its flags: at its end, or where the dots are."""
    return (command if "..." in command else f"{command} ...").replace("...", GIVEN) + "\n"


OWN = {
    "beside": ("run.sh", "python train.py", "train.py"),
    "beside, by ./": ("run.sh", "python ./train.py", "train.py"),
    "beside, in the command's folder": ("ft/run.sh", "python train.py", "ft/train.py"),
    "below": ("run.sh", "python ft/train.py", "ft/train.py"),
    "below, by ./": ("run.sh", "python ./ft/train.py", "ft/train.py"),
    "from the root, in a folder": ("scripts/run.sh", "python ft/train.py", "ft/train.py"),
    "above": ("scripts/run.sh", "python ../ft/train.py", "ft/train.py"),
    "an option of python before it": ("run.sh", "python -u ft/train.py", "ft/train.py"),
    "run by itself": ("run.sh", "./ft/train.py", "ft/train.py"),
    "after cd": ("run.sh", "cd ft && python train.py", "ft/train.py"),
    "after cd, on a row of its own": ("run.sh", "cd ft\npython train.py", "ft/train.py"),
    "after cd, in brackets": ("run.sh", "(cd ft; python train.py ...)", "ft/train.py"),
    "after cd and back": ("run.sh", "cd ft\ncd ..\npython ft/train.py", "ft/train.py"),
    "after cd beside the script": (
        "scripts/run.sh",
        'cd "$(dirname "$0")/.." && python ft/train.py',
        "ft/train.py",
    ),
    "another machine's": (
        "run.sh",
        "python /workspace/project/ft/train.py",
        "ft/train.py",
    ),
    "another machine's, of a script in a folder": (
        "scripts/run.sh",
        "torchrun --nproc_per_node 2 /workspace/project/ft/train.py",
        "ft/train.py",
    ),
    "of home": ("run.sh", "python ~/project/ft/train.py", "ft/train.py"),
    "of a variable of the environment": (
        "run.sh",
        "python $HOME/project/ft/train.py",
        "ft/train.py",
    ),
    "of a variable in braces": ("run.sh", 'python "${ROOT}/ft/train.py"', "ft/train.py"),
    "of a variable in braces, further down": (
        "run.sh",
        'python "${ROOT}/project/ft/train.py"',
        "ft/train.py",
    ),
    "of a variable that the script sets": (
        "run.sh",
        'DIR=ft\npython "$DIR/train.py"',
        "ft/train.py",
    ),
    "of a variable that holds the whole path": (
        "run.sh",
        "SCRIPT=ft/train.py\npython $SCRIPT",
        "ft/train.py",
    ),
    "of a variable with another machine's path": (
        "run.sh",
        "ROOT=/workspace/project\npython $ROOT/ft/train.py",
        "ft/train.py",
    ),
    "a module": ("run.sh", "python -m ft.train", "ft/train.py"),
    "a module in a src folder": ("run.sh", "python -m ft.train", "src/ft/train.py"),
    "a module after cd": ("run.sh", "cd ft && python -m train", "ft/train.py"),
    "a package": ("run.sh", "python -m ft", "ft/__main__.py"),
    "a module of a launcher": ("run.sh", "accelerate launch -m ft.train", "ft/train.py"),
    "in a Makefile": ("Makefile", "train:\n\tpython ft/train.py", "ft/train.py"),
    "in a Makefile, after cd": ("Makefile", "train:\n\tcd ft && python train.py", "ft/train.py"),
    "in a Dockerfile": ("Dockerfile", "FROM x\nRUN python /app/ft/train.py", "ft/train.py"),
    "the only one that ends so": (
        "run.sh",
        "python /elsewhere/deep/ft/train.py",
        "a/b/ft/train.py",
    ),
}
"""Where the command stands, what it runs, and which file of the project that is."""


@pytest.mark.parametrize("form", table(OWN))
def test_a_command_belongs_to_the_script(small: Small, form: str) -> None:
    where, command, script = OWN[form]
    small.write({where: given(command), script: SCRIPT, "other/train_too.py": ELSEWHERE})
    small.write({"serve/infer.py": serves("", '"org/a", revision="v2"')})
    (load,) = small.inventory(script)
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])
    (found,) = small.findings("LOR201")
    assert (found["filename"], found["location"]["row"]) == ("serve/infer.py", 4)
    rows = {(one["filename"], one["location"]["row"]) for one in found["related"]}
    assert (where, command.count("\n") + 1) in rows
    (pinned,) = small.findings("LOR110")
    assert pinned["filename"] == script, "what is known of the command is used"
    assert small.found("LOR111") == []


STRANGE = {
    "two that end so": (
        "run.sh",
        "python /workspace/project/ft/train.py",
        ("a/ft/train.py", "b/ft/train.py"),
    ),
    "two that end so, by a variable": (
        "run.sh",
        "python $ROOT/ft/train.py",
        ("a/ft/train.py", "b/ft/train.py"),
    ),
    "two that end so, of home": (
        "run.sh",
        "python ~/ft/train.py",
        ("a/ft/train.py", "b/ft/train.py"),
    ),
    "only the name is the same": (
        "run.sh",
        "python /workspace/project/ft/train.py",
        ("other/train.py",),
    ),
    "only the end of the name is the same": (
        "run.sh",
        "python /workspace/ft/train.py",
        ("ft/retrain.py", "lift/train.py"),
    ),
    "a relative path of another folder": ("run.sh", "python train.py", ("ft/train.py",)),
    "after cd into another folder": (
        "run.sh",
        "cd /elsewhere && python train.py",
        ("ft/train.py",),
    ),
    "a module of another package": ("run.sh", "python -m other.train", ("ft/train.py",)),
    "it is printed": ("run.sh", "echo python ft/train.py", ("ft/train.py",)),
    "it is commented out": ("run.sh", "# python ft/train.py", ("ft/train.py",)),
}
"""Where the command stands, what it runs, and files that it does not run."""


@pytest.mark.parametrize("form", table(STRANGE))
def test_a_command_does_not_belong_to_the_script(small: Small, form: str) -> None:
    where, command, scripts = STRANGE[form]
    small.write({where: given(command), **dict.fromkeys(scripts, SCRIPT)})
    small.write({"serve/infer.py": serves("", '"org/a", revision="v2"')})
    for script in scripts:
        (load,) = small.inventory(script)
        assert load["repo_id"]["status"] == "unknown"
    assert small.found("LOR201", "LOR110") == []
