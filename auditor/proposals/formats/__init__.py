"""One file per format; its name is its registration.

Each has `TITLE`, `recognises(document)` and `read(document, where)`, which yields proposals.
"""
