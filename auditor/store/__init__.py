"""One DuckDB file: validity intervals, sealed snapshots, digests, the life of findings."""
