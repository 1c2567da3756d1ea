"""Compares what there is with what lives, and cleans up what certainly does not."""
