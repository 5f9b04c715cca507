"""Adapters of all types on tiny bases, from the configurations of PEFT's own tests."""
