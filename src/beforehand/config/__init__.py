"""Settings and URL wiring, nothing else."""
