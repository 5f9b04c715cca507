"""Models that the Hub's cache on this machine holds: whether they bring code is read there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.whole.running import Small

ONE, OTHER = "7d1c0be4a2f94f0b8a3e5c6617d2930fe4b8a15c", "0" * 40
WITH = {"auto_map": {"AutoModelForCausalLM": "modeling_mine.Mine"}, "model_type": "mine"}
WITHOUT = {"model_type": "llama"}

TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("{0}", trust_remote_code=True)
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model=model).train()
model.save_pretrained("out/lora")
"""
SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("{0}")
model = PeftModel.from_pretrained(base, "out/lora")
"""

Config = dict[str, object] | str


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(folder))
    return folder


def cached(hub: Path, repo: str, **commits: Config) -> None:
    """A model in the cache, its files links to blobs as huggingface_hub makes them."""
    below = hub / f"models--{repo.replace('/', '--')}"
    (below / "blobs").mkdir(parents=True)
    for name, config in commits.items():
        commit = {"one": ONE, "other": OTHER}[name]
        text = config if isinstance(config, str) else json.dumps(config)
        (below / "blobs" / name).write_text(text, encoding="utf-8")
        (below / "snapshots" / commit).mkdir(parents=True)
        link = below / "snapshots" / commit / "config.json"
        link.symlink_to(Path("../../blobs") / name)


def severities(small: Small) -> dict[str, str]:
    found = small.asked("check", "--select", "LOR105,LOR206")
    return {one["code"]: one["severity"] for one in found}


CACHED: dict[str, tuple[dict[str, Config], dict[str, str]]] = {
    "nothing": ({}, {"LOR105": "error", "LOR206": "warning"}),
    "a model without code": ({"one": WITHOUT}, {"LOR105": "warning"}),
    "a model with code": ({"one": WITH}, {"LOR105": "error", "LOR206": "error"}),
    "code in both commits": ({"one": WITH, "other": WITH}, {"LOR105": "error", "LOR206": "error"}),
    "code in one commit": (
        {"one": WITH, "other": WITHOUT}, {"LOR105": "error", "LOR206": "warning"},
    ),
    "an empty map": ({"one": {"auto_map": {}}}, {"LOR105": "warning"}),
    "no JSON": ({"one": "{"}, {"LOR105": "error", "LOR206": "warning"}),
    "no object": ({"one": "[]"}, {"LOR105": "error", "LOR206": "warning"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CACHED)
def test_what_the_cache_holds(small: Small, hub: Path, case: str) -> None:
    commits, expected = CACHED[case]
    cached(hub, "acme/own-7b", **commits)
    small.write({"train.py": TRAIN.format("acme/own-7b"), "serve.py": SERVE.format("acme/own-7b")})
    assert severities(small) == expected


def test_the_cache_knows_better_than_the_name(small: Small, hub: Path) -> None:
    """A Llama of somebody's with code, and a phi-2 since transformers has its classes."""
    small.write({"train.py": TRAIN.format("me/llama-3-8b-mine")})
    assert severities(small) == {"LOR105": "warning"}
    cached(hub, "me/llama-3-8b-mine", one=WITH)
    assert severities(small) == {"LOR105": "error"}
    small.write({"train.py": TRAIN.format("microsoft/phi-2")})
    assert severities(small) == {"LOR105": "error"}
    cached(hub, "microsoft/phi-2", one=WITHOUT)
    assert severities(small) == {"LOR105": "warning"}


def test_a_model_that_comes_into_the_cache_is_seen_by_a_warm_run(small: Small, hub: Path) -> None:
    hub.mkdir()
    small.write({"train.py": TRAIN.format("acme/own-7b")})
    words = ("check", "--isolated", "--output-format", "concise")
    before = [small.run(*words).stdout for _ in range(2)]
    assert before[0] == before[1]
    assert "the flag can go" not in before[0]
    cached(hub, "acme/own-7b", one=WITHOUT)
    assert "the flag can go" in small.run(*words).stdout
    older = hub / "models--acme--own-7b" / "snapshots" / OTHER
    older.mkdir()
    (older / "config.json").write_text(json.dumps(WITH), encoding="utf-8")
    assert "the flag can go" not in small.run(*words).stdout, "the commits disagree"
