"""Adapter folders through the engine: what is read of them, what is not, and what they tie."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from loralint.config import Config
from loralint.engine import Request, check, gather
from loralint.facts import Known
from loralint.project import PairKind
from loralint.read import safetensors_header as header
from tests.markdown_pages import write_weights

GOOD = {
    "base_model.model.q_proj.lora_A.weight": ["F32", [16, 64]],
    "base_model.model.q_proj.lora_B.weight": ["F32", [64, 16]],
}


def adapter(folder: Path, weights: object = None, **config: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"base_model_name_or_path": "a/b", "peft_type": "LORA", "r": 16, "revision": "v1"}
    (folder / "adapter_config.json").write_text(json.dumps({**whole, **config}))
    if weights is not None:
        write_weights(folder / "adapter_model.safetensors", json.dumps(weights))
    return folder


def request(root: Path, **options: object) -> Request:
    scopes = (str(root),)
    return Request(root=str(root), scopes=scopes, config=Config(), **{"cached": False, **options})


def found(root: Path, code: str = "LOR001") -> list[str]:
    return [one.message for one in check(request(root)).diagnostics if one.code == code]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"@bytes": "ff" * 20}, "the format allows"),
        ({"@bytes": (50_000).to_bytes(8, "little").hex() + "7b7d"}, "more than the file has"),
        ({"@bytes": (2**63).to_bytes(8, "little").hex()}, "the format allows"),
        ({"@bytes": "00"}, "it has 1 bytes"),
        ({"@bytes": (2).to_bytes(8, "little").hex() + "5b5d"}, "no JSON object"),
        ({"@bytes": (3).to_bytes(8, "little").hex() + "7bff7d"}, "no JSON object"),
        ({**GOOD, "@cut": 100}, "it is cut off"),
    ],
)
def test_weights_that_cannot_be_read_are_a_finding(tmp_path, weights, message):
    adapter(tmp_path / "out", weights)
    adapter(tmp_path / "other", {})
    (one,) = found(tmp_path)
    assert message in one and "adapter_model.safetensors beside it" in one
    assert len(found(tmp_path, "LOR403")) == 1, "and nothing else is hidden"


def test_configuration_that_cannot_be_read(tmp_path):
    adapter(tmp_path / "out")
    (tmp_path / "out/adapter_config.json").write_text('{\n  "r": 16,\n  "x" 1\n}')
    (one,) = check(request(tmp_path)).diagnostics
    assert one.code == "LOR001" and one.place.span.start.row == 3


def test_pointers_of_git_lfs_are_named(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    adapter(tmp_path / "out", {"@bytes": pointer.hex()})
    assert found(tmp_path) == []
    assert any("Git LFS" in one.reason for one in check(request(tmp_path)).skipped)
    (tmp_path / "out/adapter_config.json").write_bytes(pointer)
    assert "Git LFS" in found(tmp_path)[0]


@pytest.mark.parametrize("depth", [10, 100_000])
def test_nested_header_ends_soon(depth):
    text = b'{"a":' + b"[" * depth
    began = time.monotonic()
    with pytest.raises(header.HeaderError):
        header.parse(len(text).to_bytes(8, "little") + text)
    assert time.monotonic() - began < 5


def test_weights_that_git_ignores_are_looked_at(tmp_path):
    adapter(tmp_path / "out", {})
    (tmp_path / ".gitignore").write_text("*.safetensors\n")
    assert len(found(tmp_path, "LOR403")) == 1
    (tmp_path / ".gitignore").write_text("out/\n")
    assert found(tmp_path, "LOR403") == []


def test_links_out_of_the_project_are_not_followed(tmp_path):
    outside = adapter(tmp_path / "outside", {})
    root = adapter(tmp_path / "root", r=8)
    (root / "adapter_model.safetensors").symlink_to(outside / "adapter_model.safetensors")
    (one,) = gather(request(root)).project.adapters
    assert one.tensors is None and "adapter_model.safetensors" not in one.beside


def test_links_inside_the_project_are(tmp_path):
    blob = adapter(tmp_path / "blobs", {}) / "adapter_model.safetensors"
    blob.rename(tmp_path / "blobs" / "abc")
    folder = adapter(tmp_path / "snapshot")
    (folder / "adapter_model.safetensors").symlink_to(tmp_path / "blobs" / "abc")
    assert len(found(tmp_path, "LOR403")) == 1


def test_new_weights_are_seen_through_the_cache(tmp_path):
    adapter(tmp_path / "out", {})
    run = request(tmp_path, cached=True)
    assert any(one.code == "LOR403" for one in check(run).diagnostics)
    write_weights(tmp_path / "out/adapter_model.safetensors", json.dumps(GOOD))
    assert not any(one.code == "LOR403" for one in check(run).diagnostics)


def test_recorded_base_is_a_load(tmp_path):
    adapter(tmp_path / "out")
    (load,) = gather(request(tmp_path)).project.loads
    assert load.site.loader == "base_model_name_or_path"
    assert (load.site.repo_id, load.site.revision) == (Known("a/b"), Known("v1"))


TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("a/b", revision="v2")
model = get_peft_model(base, LoraConfig(r=16))
Trainer(model=model).train()
model.save_pretrained(elsewhere())
"""


@pytest.mark.parametrize(
    ("serve", "revision"),
    [
        (
            "from peft import AutoPeftModelForCausalLM\n"
            'model = AutoPeftModelForCausalLM.from_pretrained("out")\n',
            "v1",
        ),
        (
            "from transformers import AutoModelForCausalLM\n"
            'model = AutoModelForCausalLM.from_pretrained("out", revision="v3")\n',
            "v3",
        ),
    ],
)
def test_folder_pairs_who_trains_its_base_with_who_loads_it(tmp_path, serve, revision):
    adapter(tmp_path / "out")
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "serve.py").write_text(serve)
    (pair,) = gather(request(tmp_path)).project.pairs
    assert pair.kind is PairKind.ADAPTER_FOLDER
    assert "out/adapter_config.json names a/b" in pair.reason
    assert pair.train.site.path == "train.py"
    assert pair.infer.site.repo_id == Known("a/b")
    assert pair.infer.site.revision == Known(revision)
