"""The command line: parse, call the pipeline, print, exit. No logic, no SDK at import time."""
