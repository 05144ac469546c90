"""Benchmarks: what the program costs, beside a peer or a limit measured in the same run.

`python -m benchmarks [names...]` prints Markdown. Nothing here asserts a time: machines differ,
and what counts are the ratios within one run.
"""
