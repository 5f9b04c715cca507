"""Time and memory of header + dry run on shapes of the largest models, imports included.

    python benchmarks/verify/cheap_tiers.py [REPEATS]

No weights are needed: the base is a folder with a config.json, and the adapter's file has its real
header and no data (a sparse file of the right length).
"""

from __future__ import annotations

import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from shapes import MODELS

RANK = 16
BYTES = 2


def adapter(folder: Path, config: dict[str, Any], targets: tuple[str, ...],
            parameters: tuple[str, ...]) -> int:  # fmt: skip
    """Write the adapter that PEFT would save on this base; the number of its tensors."""
    import torch
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from transformers import AutoConfig, AutoModelForCausalLM

    kind = config["model_type"]
    given = {key: value for key, value in config.items() if key != "model_type"}
    with torch.device("meta"):
        base = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **given))
    lora = LoraConfig(r=RANK, target_modules=list(targets), task_type="CAUSAL_LM",
                      target_parameters=list(parameters) or None)  # fmt: skip
    model = get_peft_model(base, lora, low_cpu_mem_usage=True)
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    folder.mkdir()
    lora.base_model_name_or_path = str(folder.with_name("base"))
    lora.save_pretrained(folder)
    write(folder / "adapter_model.safetensors", {k: tuple(v.shape) for k, v in state.items()})
    return len(state)


def write(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A safetensors file of bfloat16 tensors whose data is a hole."""
    header, at = {}, 0
    for name, shape in sorted(shapes.items()):
        size = BYTES
        for length in shape:
            size *= length
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


def elsewhere(function: Callable[..., int], *given: Any) -> int:
    """The result of a function in a process of its own.

    What is measured is started from this process, and the peak of that one would count.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *given).result()


def measured(adapter: Path, base: Path) -> tuple[float, float, float, dict[str, Any]]:
    """Wall seconds, processor seconds, peak MB and the answer of one run."""
    command = [sys.executable, "-m", "loralint", "verify", str(adapter), "--base", str(base),
               "--tier", "header", "--tier", "dry-run", "--output-format", "json"]  # fmt: skip
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        out.seek(0)
        answer = json.loads(out.read())
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, answer


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| model | tensors | wall s (median, best) | CPU s | peak MB | wrong base |")
    print("|---|---|---|---|---|---|")
    for name, (right, wrong, targets, parameters) in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for part, config in (("base", right), ("wrong", wrong)):
                (root / part).mkdir()
                (root / part / "config.json").write_text(json.dumps(config))
            total = elsewhere(adapter, root / "adapter", right, targets, parameters)
            runs = [measured(root / "adapter", root / "base") for _ in range(repeats)]
            assert {run[3]["verdict"] for run in runs} == {"verified"}, runs[0][3]
            found = measured(root / "adapter", root / "wrong")[3]
            assert found["verdict"] == "failed", found
        codes = ", ".join(sorted({one["code"] for one in found["findings"]}))
        wall = [run[0] for run in runs]
        cpu = statistics.median(run[1] for run in runs)
        peak = max(run[2] for run in runs)
        print(f"| {name} | {total:,} | {statistics.median(wall):.2f}, {min(wall):.2f} | {cpu:.2f} |"
              f" {peak:.0f} | {codes} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
