"""What collection tells about itself while it runs; this one tells nobody."""

from __future__ import annotations


class Progress:
    """Receives counts from the worker threads; subclasses show them."""

    def expect(self, readings: int) -> None:
        """Say that so many more readings are to be done."""

    def advance(self, throttles: int) -> None:
        """Say that one reading has ended, and how often calls were throttled so far."""

    def rows(self, count: int) -> None:
        """Say that so many rows were read."""
