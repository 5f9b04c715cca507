"""A base with code of its own that nobody has allowed to run: what its files show all the same."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from safetensors.torch import load_file, save_file

from loralint.cli.verify_text import text
from loralint.verify.case import Asked, case_for
from loralint.verify.tiers import verify
from tests.verify import surgery
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

CODE = """
raise SystemExit("the code of the base has been run")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A base whose configuration names code, and an adapter that was trained on it."""
    tmp = tmp_path_factory.mktemp("remote")
    base = llama(tmp / "base")
    adapter(str(base), tmp / "a", target_modules=["q_proj", "down_proj", "embed_tokens"])
    config = json.loads((base / "config.json").read_text())
    config |= {
        "model_type": "llama-of-our-own",
        "auto_map": {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"},
    }
    (base / "config.json").write_text(json.dumps(config))
    (base / "code.py").write_text(CODE)
    return tmp


@pytest.fixture
def pair(saved, tmp_path):
    shutil.copytree(saved / "base", tmp_path / "base")
    return tmp_path / "base", surgery.copied(saved / "a", tmp_path / "a")


def run(pair):
    base, folder = pair
    return verify(case_for(str(folder), Asked(base=str(base))))


def reason(found):
    (one,) = [one for one in found.skipped if one.what.startswith("whether the adapter's names")]
    return one.reason


def change(base, step):
    path = base / "model.safetensors"
    save_file({name: one.contiguous() for name, one in step(load_file(path)).items()}, path)


def test_what_fits_is_counted_and_proves_nothing(pair):
    found = run(pair)
    assert (found.verdict, found.findings) == ("inconclusive", ())
    assert [(tier.name, tier.verdict, tier.checked) for tier in found.tiers] == [
        ("header", "verified", 11), ("dry-run", "inconclusive", 10),
    ]  # fmt: skip
    assert "--trust-remote-code" in reason(found)
    assert "5 of 5 modules of the adapter have a weight of that name and size" in reason(found)
    report = text(found, colour=False, loudness=0)
    assert "header found no fault; that the adapter arrives is not proved" in report


def test_findings_of_the_header_are_reported(pair):
    surgery.without("layers.0", "q_proj.lora_B")(pair[1])
    found = run(pair)
    assert (found.verdict, [one.code for one in found.findings]) == ("failed", ["LOR501"])


def test_weight_of_another_size_is_another_base(pair):
    change(pair[0], lambda found: {
        name: one[:, :32] if "q_proj" in name else one for name, one in found.items()
    })  # fmt: skip
    found = run(pair)
    assert (found.verdict, [one.code for one in found.findings]) == ("failed", ["LOR503"])
    assert "made for 64 by [64], and the base's weight is [64, 32]" in found.findings[0].message


def test_no_weight_of_those_names_is_a_warning(pair):
    """The code may rename weights when it loads them."""
    change(pair[0], lambda found: {
        name.replace("q_proj", "Wq").replace("down_proj", "fc2").replace("embed_tokens", "wte"): one
        for name, one in found.items()
    })  # fmt: skip
    found = run(pair)
    assert found.verdict == "inconclusive"
    assert [(one.code, one.severity) for one in found.findings] == [("LOR502", "warning")]
    assert "none of the 5 modules" in found.findings[0].message


def test_rows_that_were_added_are_no_other_base(pair):
    change(pair[0], lambda found: {
        name: one[:90] if "embed_tokens" in name else one for name, one in found.items()
    })  # fmt: skip
    found = run(pair)
    assert (found.verdict, found.findings) == ("inconclusive", ())


def test_packed_weights_are_known_by_their_modules(pair):
    change(pair[0], lambda found: {
        name.replace("proj.weight", "proj.qweight"): one for name, one in found.items()
    })  # fmt: skip
    assert "5 of 5 modules" in reason(run(pair))


def test_prefix_of_the_model_may_be_missing_in_the_files(pair):
    change(pair[0], lambda found: {
        name.removeprefix("model."): one for name, one in found.items()
    })  # fmt: skip
    assert "5 of 5 modules" in reason(run(pair))


@pytest.mark.parametrize("kept", ["pytorch_model.bin", None])
def test_without_readable_files_only_the_code_is_named(pair, kept):
    path = pair[0] / "model.safetensors"
    if kept:
        path.rename(pair[0] / kept)
    else:
        path.unlink()
    found = run(pair)
    assert (found.verdict, found.findings) == ("inconclusive", ())
    assert reason(found).endswith("it runs only with --trust-remote-code")
