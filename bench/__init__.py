"""Benchmarks: each figure is measured beside a peer or a floor, in one run, with the machine told."""
