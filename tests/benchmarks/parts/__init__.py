"""What the benchmarks share: the machine, and how results stand beside the truth."""
