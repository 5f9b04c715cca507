"""Makes the faulty adapter folder of each LOR4 rule and loads it with the installed libraries.

For each it shows what becomes of the adapter, by PEFT and by transformers, and whether loralint
says so of that very folder. Needs torch, transformers, peft and safetensors; makes its own tiny
models, needs no network:

    python benchmarks/provoked/lor4.py [--loralint PYTHON] [RULE…]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import torch  # noqa: E402
import workspace as w  # noqa: E402
from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
)
from transformers.utils.logging import disable_progress_bar  # noqa: E402

Tensors = dict[str, torch.Tensor]
CONFIG = "adapter_config.json"
COMMIT = "834565c23f9b28b96ccbeabe614dd906b6db551a"


def logits(model: torch.nn.Module) -> torch.Tensor:
    """The model's answer to a fixed input."""
    with torch.no_grad():
        return model.eval()(input_ids=w.IDS).logits


def apart(one: torch.Tensor, other: torch.Tensor) -> str:
    """The largest difference of two answers."""
    return f"{float((one - other).abs().max()):.3f}"


def loaded(load: Callable[[], torch.nn.Module], wanted: torch.Tensor, plain: torch.Tensor) -> str:
    """What a load gives: how far from the trained model, and whether it is the plain base."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = logits(load())
        except Exception as error:
            return f"{type(error).__name__}"
    said = [one for one in caught if "adapter keys" in str(one.message)]
    what = "the base" if torch.equal(found, plain) else f"{apart(found, wanted)} off"
    what = "as trained" if torch.allclose(found, wanted, atol=1e-5) else what
    return f"{what}, {'warns' if said else 'silent'}"


class Bench:
    """A workspace with one trained adapter, and copies of it with a fault."""

    def __init__(self, root: Path) -> None:
        self.root = root
        w.make(root)
        self.plain = logits(w.base(root))
        self.trained = logits(PeftModel.from_pretrained(w.base(root), root / "adapter"))

    def copy(self, name: str, change: Callable[[Tensors], Tensors] | None = None) -> Path:
        """A copy of the adapter in a project of its own, its tensors changed."""
        folder = self.root / name / "out"
        shutil.copytree(self.root / "adapter", folder)
        self.set(folder, base_model_name_or_path="acme/base", revision=COMMIT)
        if change is not None:
            tensors = change(load_file(folder / w.WEIGHTS))
            save_file(tensors, folder / w.WEIGHTS, metadata={"format": "pt"})
        return folder

    def set(self, folder: Path, **values: object) -> None:
        """Change the configuration."""
        path = folder / CONFIG
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}, indent=2))

    def outcome(self, folder: Path) -> str:
        """What PEFT and transformers make of a folder."""
        peft = loaded(
            lambda: PeftModel.from_pretrained(w.base(self.root), folder), self.trained, self.plain
        )
        self.set(folder, base_model_name_or_path=str(self.root / "tiny"), revision=None)
        plain = loaded(
            lambda: AutoModelForCausalLM.from_pretrained(folder), self.trained, self.plain
        )
        self.set(folder, base_model_name_or_path="acme/base", revision=COMMIT)
        return f"PeftModel: {peft}; AutoModel: {plain}"


# --- the faults ---------------------------------------------------------------------------------


def control(bench: Bench) -> tuple[Path, str]:
    """No fault."""
    folder = bench.copy("control")
    return folder, bench.outcome(folder)


def unpinned(bench: Bench) -> tuple[Path, str]:
    """Trained on one revision, saved without it; the base's name then stands for another one."""
    torch.manual_seed(0)
    name = bench.root / "moving"
    shutil.copytree(bench.root / "tiny", name)
    folder = bench.root / "unpinned" / "out"
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(name), LoraConfig(r=4, target_modules=["q_proj"])
    )
    model.save_pretrained(folder)
    before = logits(AutoPeftModelForCausalLM.from_pretrained(folder))
    saved = json.loads((folder / CONFIG).read_text())["revision"]
    shutil.rmtree(name)
    w._base(name, 32, 9)  # the same architecture, updated weights
    after = logits(AutoPeftModelForCausalLM.from_pretrained(folder))
    bench.set(folder, base_model_name_or_path="acme/base")
    return folder, f"saved revision: {saved}; after an update {apart(before, after)} off, silent"


def local(bench: Bench) -> tuple[Path, str]:
    """The base is a folder of another machine."""
    folder = bench.copy("local")
    bench.set(folder, base_model_name_or_path="/home/me/models/tiny", revision=None)
    try:
        AutoPeftModelForCausalLM.from_pretrained(folder)
    except Exception as error:
        return folder, f"AutoPeft on another machine: {type(error).__name__}"
    return folder, "loads"


def empty(bench: Bench) -> tuple[Path, str]:
    """No tensors."""
    folder = bench.copy("empty", lambda tensors: {})
    return folder, bench.outcome(folder)


def empty_tensors(bench: Bench) -> tuple[Path, str]:
    """Tensors of size 0."""
    folder = bench.copy("zero", lambda tensors: {key: torch.zeros(0) for key in tensors})
    return folder, bench.outcome(folder)


def twice(bench: Bench) -> tuple[Path, str]:
    """The merged model saved into the adapter's folder."""
    folder = bench.copy("twice")
    merged = PeftModel.from_pretrained(w.base(bench.root), folder).merge_and_unload()
    merged.save_pretrained(folder)
    return folder, bench.outcome(folder)


def stale(bench: Bench) -> tuple[Path, str]:
    """An old safetensors file beside a newer pickle."""
    folder = bench.copy("stale")
    os.utime(folder / w.WEIGHTS, (1_700_000_000, 1_700_000_000))
    newer = {key: 2 * tensor for key, tensor in load_file(folder / w.WEIGHTS).items()}
    torch.save(newer, folder / "adapter_model.bin")
    bench.set(folder, lora_alpha=8)  # save_pretrained writes the configuration last
    return folder, bench.outcome(folder) + " (as trained first: the new .bin is not read)"


def renamed(old: str, new: str) -> Callable[[Bench], tuple[Path, str]]:
    """Another prefix of the keys."""

    def fault(bench: Bench) -> tuple[Path, str]:
        name = f"prefix{len(new)}"
        folder = bench.copy(name, lambda found: {k.replace(old, new, 1): found[k] for k in found})
        return folder, bench.outcome(folder)

    return fault


def rank(bench: Bench) -> tuple[Path, str]:
    """A configuration of another rank."""
    folder = bench.copy("rank")
    bench.set(folder, r=8)
    return folder, bench.outcome(folder)


def headless(task: str | None) -> Callable[[Bench], tuple[Path, str]]:
    """A classifier without its head in the file."""

    def fault(bench: Bench) -> tuple[Path, str]:
        torch.manual_seed(3)
        folder = bench.root / f"head-{task}" / "out"
        config = LoraConfig(r=4, target_modules=["q_proj"], task_type=task)
        model = get_peft_model(_classifier(bench), config)
        answer = logits(model)
        model.save_pretrained(folder)
        kept = {k: t for k, t in load_file(folder / w.WEIGHTS).items() if "lora_" in k}
        save_file(kept, folder / w.WEIGHTS, metadata={"format": "pt"})
        try:
            again = logits(PeftModel.from_pretrained(_classifier(bench), folder))
            found = f"PeftModel: {apart(answer, again)} off, silent"
        except KeyError as error:
            found = f"PeftModel: KeyError {error}"
        plain = logits(AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3))
        bench.set(folder, base_model_name_or_path="acme/base", revision=COMMIT)
        return folder, f"{found}; AutoModel: {apart(answer, plain)} off"

    return fault


def _classifier(bench: Bench) -> torch.nn.Module:
    return AutoModelForSequenceClassification.from_pretrained(bench.root / "tiny", num_labels=3)


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.putenv, ("LORALINT_PROVOKED",)  # never called: it must be refused


def pickled(bench: Bench) -> tuple[Path, str]:
    """A pickle that would run something."""
    folder = bench.copy("pickled")
    (folder / w.WEIGHTS).unlink()
    torch.save({"x": _Payload()}, folder / "adapter_model.bin")
    return folder, bench.outcome(folder) + " (torch.load without weights_only would run it)"


def drift(bench: Bench) -> tuple[Path, str]:
    """The code loads another base of the same architecture."""
    folder = bench.copy("drift")
    w._base(bench.root / "other", 32, 11)
    other = AutoModelForCausalLM.from_pretrained(bench.root / "other")
    found = loaded(lambda: PeftModel.from_pretrained(other, folder), bench.trained, bench.plain)
    (folder.parent / "serve.py").write_text(
        "from peft import PeftModel\nfrom transformers import AutoModelForCausalLM\n\n"
        'base = AutoModelForCausalLM.from_pretrained("acme/other")\n'
        'model = PeftModel.from_pretrained(base, "out")\n'
    )
    return folder, f"PeftModel on another base: {found}"


PREFIX = "base_model.model."
CASES: dict[str, tuple[str, Callable[[Bench], tuple[Path, str]]]] = {
    "control": ("", control),
    "401": ("LOR401", unpinned),
    "402": ("LOR402", local),
    "403": ("LOR403", empty),
    "403b": ("LOR403", empty_tensors),
    "404": ("LOR404", twice),
    "405": ("LOR405", stale),
    "406": ("LOR406", renamed(PREFIX, f"{PREFIX}_orig_mod.")),
    "406b": ("LOR406", renamed(PREFIX, PREFIX * 2)),
    "406c": ("LOR406", renamed(PREFIX, "")),
    "406d": ("LOR406", renamed(PREFIX, f"module.{PREFIX}")),
    "406e": ("LOR406", renamed(PREFIX, f"{PREFIX}_fsdp_wrapped_module.")),
    "407": ("LOR407", rank),
    "408": ("LOR408", headless("SEQ_CLS")),
    "408b": ("LOR408", headless(None)),
    "409": ("LOR409", pickled),
    "410": ("LOR410", drift),
}


def found_by_loralint(folder: Path, python: str) -> list[str]:
    """The codes of the LOR4 findings in a project."""
    command = [python, "-m", "loralint", "check", "--isolated", "--no-cache", "--select", "LOR4"]
    ran = subprocess.run(
        [*command, "--output-format", "json", str(folder)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
    )  # fmt: skip
    return sorted({one["code"] for one in json.loads(ran.stdout)})


def main() -> int:
    """Print the table; 1 where a rule and what happens do not go together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loralint", default=sys.executable, help="a Python with loralint")
    parser.add_argument("rules", nargs="*", default=list(CASES))
    given = parser.parse_args()
    disable_progress_bar()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for name in given.rules:
            code, fault = CASES[name]
            made, outcome = fault(bench)
            codes = found_by_loralint(made.parent, given.loralint)
            fits = codes == ([code] if code else [])
            wrong += not fits
            print(f"{name:8} {'ok   ' if fits else 'WRONG'} {','.join(codes) or '-':8} {outcome}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
