"""Continuous inventory auditor: what is new or loosened since a baseline that people approved."""

__version__ = "0.1.0"
