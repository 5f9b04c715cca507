"""Python modules → facts."""
