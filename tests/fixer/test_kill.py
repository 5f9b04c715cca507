"""`kill -9` in the middle of a fix: every file is the old one or the new one, whole."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from loralint.cli import fixing
from loralint.cli.session import Reading, Session, open_session
from loralint.fixer.rounds import Mended

FILES = 40
KILLS = 100
SERVE = """from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("a/b", revision="v1.0")
tokenizer = AutoTokenizer.from_pretrained("a/b")  # {0}
"""
FILLING = "# " + "x" * 98 + "\n"


def old(number: int) -> bytes:
    return (SERVE.format(number) + FILLING * 40).encode()


def new(number: int) -> bytes:
    return old(number).replace(b'("a/b")  #', b'("a/b", revision="v1.0")  #')


def write(folder: Path) -> None:
    for number in range(FILES):
        (folder / f"s{number}.py").write_bytes(old(number))


@dataclass(frozen=True)
class Command:
    """`check --fix --unsafe-fixes` when it has found out what to write: that is what is killed."""

    session: Session
    mended: Mended

    @staticmethod
    def of(folder: Path) -> Command:
        reading = Reading(isolated=True, no_cache=True, jobs=1)
        session = open_session([str(folder)], reading, {})
        mended = session.mend(unsafe=True)
        assert len(mended.after) == FILES
        return Command(session, mended)

    def start(self) -> int:
        """Write the files in a process of its own."""
        child = os.fork()
        if child:
            return child
        try:
            fixing.write(self.session, self.mended)
        finally:
            os._exit(0)


def has_begun(folder: Path) -> bool:
    return any((folder / f"s{number}.py").read_bytes() != old(number) for number in (0, 1))


def wait_until_it_writes(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not has_begun(folder) and time.monotonic() < deadline:
        time.sleep(0.0005)


def writing_time(folder: Path, command: Command) -> float:
    """How long an undisturbed run takes from its first file to its end."""
    write(folder)
    child = command.start()
    wait_until_it_writes(folder)
    began = time.monotonic()
    os.waitpid(child, 0)
    assert all((folder / f"s{n}.py").read_bytes() == new(n) for n in range(FILES))
    return time.monotonic() - began


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_is_old_or_new(tmp_path):
    chance = random.Random(5)
    write(tmp_path)
    command = Command.of(tmp_path)
    lasting = writing_time(tmp_path, command)
    mixed = 0
    for _ in range(KILLS):
        write(tmp_path)
        child = command.start()
        wait_until_it_writes(tmp_path)
        time.sleep(chance.uniform(0, lasting))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        fixed = 0
        for number in range(FILES):
            content = (tmp_path / f"s{number}.py").read_bytes()
            assert content in (old(number), new(number)), f"s{number}.py is neither"
            fixed += content == new(number)
        mixed += 0 < fixed < FILES
    assert mixed >= KILLS // 4, "the kills have to fall into the middle"
    left = [each.name for each in tmp_path.iterdir() if each.suffix != ".py"]
    assert all(name.endswith(".loralint-tmp") for name in left)
