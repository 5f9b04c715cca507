"""loralint keeps a LoRA adapter on the base model that it was trained on."""

__version__ = "0.1.0"
