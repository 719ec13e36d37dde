"""Measurements, one command each. Ratios within one run, medians, CPU-seconds where the machine is noisy."""
