"""`loralint verify A B C` and `--list FILE`: a base is loaded once, each adapter has its line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from transformers import LlamaForCausalLM

from loralint.cli.group import loralint
from tests.verify import surgery
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]


def run(*given):
    done = CliRunner().invoke(loralint, ["verify", *map(str, given), "--output-format", "json"])
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.exit_code, {one["adapter"]: one for one in lines}, list(lines)


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Five adapters in turn on two bases; the fourth has lost a tensor, the last is no adapter."""
    folder = tmp_path_factory.mktemp("many")
    bases = [str(llama(folder / f"base{at}", seed=at)) for at in (1, 2)]
    for at, name in enumerate("abcde"):
        adapter(bases[at % 2], folder / name, seed=at)
    surgery.without("layers.0", "q_proj.lora_B")(folder / "d")
    (folder / "f").mkdir()
    return folder


@pytest.fixture
def loads(monkeypatch):
    """The folders of the bases whose weights are read, in turn."""
    seen = []
    plain = LlamaForCausalLM.from_pretrained.__func__

    def from_pretrained(cls, name, *args, **given):
        seen.append(str(name))
        return plain(cls, name, *args, **given)

    monkeypatch.setattr(LlamaForCausalLM, "from_pretrained", classmethod(from_pretrained))
    return seen


def test_each_has_a_line_and_each_base_is_loaded_once(there, loads):
    names = [there / name for name in "abcdef"]
    code, said, lines = run(*names, "--quantization", "none")
    verdicts = {name[-1]: one["verdict"] for name, one in said.items()}
    assert verdicts == {
        "a": "verified", "b": "verified", "c": "verified", "d": "failed", "e": "verified",
        "f": "inconclusive",
    }  # fmt: skip
    assert "adapter_config.json" in said[str(there / "f")]["skipped"][0]["reason"]
    assert [one["adapter"][-1] for one in lines] == ["a", "c", "e", "b", "d", "f"]
    assert loads == [str(there / "base1"), str(there / "base2")]
    assert code == 1


def test_it_says_what_single_runs_say(there):
    for option in ("none", "nf4"):
        _, together, _ = run(there / "a", there / "c", "--quantization", option)
        for name in ("a", "c"):
            _, alone, _ = _single(there / name, option)
            mine = together[str(there / name)]
            for one in (*mine["tiers"], *alone["tiers"]):
                one.pop("seconds")
            assert mine == alone


def _single(folder, option):
    asked = ["verify", str(folder), "--quantization", option, "--output-format", "json"]
    done = CliRunner().invoke(loralint, asked)
    return done.exit_code, json.loads(done.stdout), None


def test_a_list_goes_on_where_it_stopped(there, loads, tmp_path):
    listed, out = tmp_path / "list.txt", tmp_path / "out.jsonl"
    listed.write_text(f"# mine\n{there / 'a'}\n\n{there / 'b'}  # the second\n{there / 'c'}\n")
    asked = ("--list", listed, "--quantization", "none", "--output-file", out)
    code, _, _ = run(*asked)
    whole = out.read_text().splitlines()
    assert (code, len(whole)) == (0, 3)
    out.write_text(f"{whole[0]}\n{whole[1][:40]}")
    loads.clear()
    code, _, _ = run(*asked, "--resume")
    again = [json.loads(line) for line in out.read_text().splitlines()]
    assert (code, [one["adapter"][-1] for one in again]) == (0, ["a", "b", "c"])
    assert len(loads) == 2  # one for each base; the first adapter was not loaded again
    code, _, _ = run(*asked, "--resume")
    assert code == 0


@pytest.mark.parametrize(
    "given", [("--resume",), ("--list", "nowhere"), ("--merged", "m"), ("--resume", "-o", "x")]
)
def test_what_does_not_go_together_is_said(there, given):
    names = [] if given[0] == "--resume" and len(given) > 2 else [there / "b"]
    code, _, _ = run(there / "a", *names, *given)
    assert code == 2
