"""Content that people approved: versions in the store, the approval log beside it."""
