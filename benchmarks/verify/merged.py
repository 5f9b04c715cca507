"""Time the check of a merged model against plain reading of the same files.

    python benchmarks/verify/merged.py [--folder /tmp/loralint-merged] [--layers 22]

Writes a base of 1.1 billion parameters (TinyLlama's shapes, random weights, bfloat16), an adapter
on all its linear layers, and what PEFT merges of them, once; then, with the page cache dropped
before each, reads all files and checks the merge. The check runs in a process of its own, whose
peak memory is reported.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

BUFFER = 4 << 20

CHECK = """
import sys, time
from pathlib import Path
import torch, peft, transformers
from loralint.verify.case import Case
from loralint.verify.merged import check_merged

def peak():
    # Not getrusage: that would be the peak of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

folder = Path(sys.argv[1])
imported = peak()
began, used = time.perf_counter(), time.process_time()
checked = check_merged(Case(adapter=folder / "adapter", name="a", base=str(folder / "base")),
                       folder / "merged")
seconds, cpu = time.perf_counter() - began, time.process_time() - used
print(f"{seconds} {cpu} {peak()} {imported} {checked.verdict} {checked.checked}")
"""


def build(folder: Path, layers: int) -> None:
    """Write base, adapter and merged model."""
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=2048,
        intermediate_size=5632,
        num_hidden_layers=layers,
        num_attention_heads=32,
        num_key_value_heads=4,
        dtype="bfloat16",
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder / "base", max_shard_size="1GB")
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(model, lora).save_pretrained(folder / "adapter")
    plain = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.bfloat16)
    merged = PeftModel.from_pretrained(plain, folder / "adapter").merge_and_unload()
    merged.save_pretrained(folder / "merged", max_shard_size="1GB")


def files(folder: Path) -> list[Path]:
    """All weights that the check has to read."""
    return sorted(folder.rglob("*.safetensors"))


def drop(paths: list[Path]) -> None:
    """Drop the files from the page cache."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def read(paths: list[Path]) -> float:
    """Seconds that it takes to read the files into one buffer."""
    view = memoryview(bytearray(BUFFER))
    began = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(view):
                pass
    return time.perf_counter() - began


def check(folder: Path) -> list[str]:
    """Wall and CPU seconds, peak and imports' megabytes, verdict, tensors."""
    command = [sys.executable, "-W", "ignore", "-c", CHECK, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


def main() -> None:
    """Build what is missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/loralint-merged"))
    parser.add_argument("--layers", type=int, default=22)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if not (given.folder / "merged").is_dir():
        build(given.folder, given.layers)
    paths = files(given.folder)
    size = sum(path.stat().st_size for path in paths) / 1e9
    print(f"{size:.2f} GB in {len(paths)} files; load average {os.getloadavg()[0]:.1f}")
    for state in ("cold", "warm"):
        for _ in range(given.rounds):
            if state == "cold":
                drop(paths)
            reading = read(paths)
            if state == "cold":
                drop(paths)
            seconds, cpu, peak, imported, verdict, tensors = check(given.folder)
            print(
                f"{state}: read {reading:.2f} s ({size / reading:.2f} GB/s),"
                f" check {float(seconds):.2f} s (CPU {float(cpu):.2f} s),"
                f" ratio {float(seconds) / reading:.2f}, peak {float(peak):.0f} MB"
                f" of which imports {float(imported):.0f} MB, {verdict}, {tensors} tensors"
            )


if __name__ == "__main__":
    main()
