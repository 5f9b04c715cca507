"""Verification: load the pair of adapter and base for real, and prove that the adapter arrives.

Importing this package loads no model library: `outcome`, `codes`, `case` and `header` never do;
the other tiers do when they run.
"""
