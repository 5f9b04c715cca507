"""What the load tier costs beyond the plain 4-bit load with PEFT that it replaces.

    python benchmarks/verify/load_tier.py [REPEATS] [FOLDER]

The base is a Llama of half a billion parameters with random weights, written once to FOLDER
(/tmp/loralint-bench, about 1 GB). Plain loads and verified ones take turns, each in a process,
so that a busy machine slows both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PLAIN = """
import json, sys, time
import torch, transformers, peft, bitsandbytes
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from peft import PeftModel
from transformers.models.llama import modeling_llama
began = time.perf_counter()
base = AutoModelForCausalLM.from_pretrained(
    sys.argv[1], dtype=torch.bfloat16, device_map={"": "cpu"},
    quantization_config=BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16))
model = PeftModel.from_pretrained(base, sys.argv[2])
print(json.dumps({"seconds": time.perf_counter() - began}))
"""

VERIFIED = """
import json, sys, time
from pathlib import Path

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

import torch, transformers, peft, bitsandbytes
from transformers.models.llama import modeling_llama
from loralint.verify.case import Asked, case_for
from loralint.verify.tiers import verify
from loralint.verify import attempts as bench

plain_load, after_load = bench.load, []
def load(*given):
    loaded = plain_load(*given)
    after_load.append(peak())
    return loaded
bench.load = load
began = time.perf_counter()
case = case_for(sys.argv[2], Asked(base=sys.argv[1]))
found = verify(case, ("load",))
assert found.verdict == "verified", found
print(json.dumps({"seconds": time.perf_counter() - began, "share": peak() / after_load[0]}))
"""


def build(root: Path) -> tuple[Path, Path]:
    """The base and an adapter on all its linear layers."""
    base, adapter = root / "base", root / "adapter"
    if adapter.exists():
        return base, adapter
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=1280,
        intermediate_size=3456,
        num_hidden_layers=24,
        num_attention_heads=20,
        num_key_value_heads=20,
    )
    model = LlamaForCausalLM(config)
    print(f"{sum(one.numel() for one in model.parameters()):,} parameters", file=sys.stderr)
    model.save_pretrained(base)
    lora = LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM")
    wrapped = get_peft_model(model, lora)
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.normal_(std=0.02)
    wrapped.save_pretrained(adapter)
    return base, adapter


def run(program: str, base: Path, adapter: Path) -> tuple[float, float, float, float]:
    """Seconds of the load without imports, processor seconds of the process, peak MB.

    The last is the peak at the end as a share of the peak when base and adapter were loaded: what
    the checks add to the plain load of the same process, whose own peak is chance (see README.md).
    """
    command = [sys.executable, "-W", "ignore", "-c", program, str(base), str(adapter)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
    said, cpu = json.loads(text), usage.ru_utime + usage.ru_stime
    return said["seconds"], cpu, usage.ru_maxrss / 1024, said.get("share", 1.0)


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    base, adapter = build(Path(sys.argv[2] if len(sys.argv) > 2 else "/tmp/loralint-bench"))
    plain, verified = [], []
    for _ in range(repeats):
        plain.append(run(PLAIN, base, adapter))
        verified.append(run(VERIFIED, base, adapter))
    print("| | load s (median, best) | CPU s of the process | peak MB |")
    print("|---|---|---|---|")
    for name, runs in (("plain PEFT load, nf4", plain), ("load tier", verified)):
        seconds, cpu, peak, _ = (list(column) for column in zip(*runs, strict=True))
        print(f"| {name} | {statistics.median(seconds):.2f}, {min(seconds):.2f} |"
              f" {statistics.median(cpu):.2f} | {statistics.median(peak):.0f} |")  # fmt: skip
    pairs = [one[0] / other[0] for one, other in zip(verified, plain, strict=True)]
    memory = statistics.median(row[2] for row in verified) / statistics.median(
        row[2] for row in plain
    )
    print(f"\nwall: {statistics.median(pairs):.2f} times (median of pairs), memory:"
          f" {memory:.3f} times")  # fmt: skip
    shares = [row[3] for row in verified]
    print(f"peak at the end / peak of the same process when loaded: {statistics.median(shares):.3f}"
          f" (median), {max(shares):.3f} (largest)")  # fmt: skip


if __name__ == "__main__":
    main()
