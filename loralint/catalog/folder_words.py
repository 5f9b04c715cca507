"""Words that tell what an option or a parameter is meant for: a folder, or a name of the Hub."""

from __future__ import annotations

FOLDER_ENDS = frozenset("dir directory folder".split())
"""Last words of names that always mean a folder: `output_dir`."""

PATH_ENDS = FOLDER_ENDS | frozenset("path paths root checkpoint ckpt".split())
"""Last words that mean a folder where what is loaded is an adapter, which training has saved."""

OWN_WORK = frozenset(
    """adapter adapters lora peft checkpoint checkpoints ckpt merged output saved save finetuned
    tuned trained local sft dpo exported quantized converted""".split()
)
"""Words for what the project itself makes: `merged_path`, "path to the fine-tuned model"."""

FOLDER_HELP = frozenset("directory folder dir".split())
PATH_HELP = FOLDER_HELP | frozenset("path".split())
"""Words of a help text that speak of a folder."""

HUB_WORDS = frozenset(
    """hub huggingface hf repo repository repo_id identifier id ids name names url base""".split()
)
"""Words of a name or help text that speak of the Hub, or of more than folders."""

GIVEN_UP = frozenset("legacy deprecated archive archived obsolete attic unused".split())
"""Words of a folder's name that say of what lies in it that nobody runs it any more."""
