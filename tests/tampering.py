"""Edits that nobody sees at a glance: JSON stays valid, only what it says is another."""

from __future__ import annotations

import random

import orjson


def other_letter(chance: random.Random, text: bytes) -> tuple[bytes, int]:
    """Return a text with another digit, or a letter in the other case, and where."""
    places = [i for i, byte in enumerate(text) if chr(byte).isascii() and chr(byte).isalnum()]
    while True:
        place = chance.choice(places)
        old = text[place : place + 1]
        new = str(9 - int(old)).encode() if old.isdigit() else old.swapcase()
        content = text[:place] + new + text[place + 1 :]
        if valid(content) == valid(text):
            return content, place


def valid(text: bytes) -> bool:
    try:
        return all(isinstance(orjson.loads(line), dict) for line in text.splitlines())
    except orjson.JSONDecodeError:
        return False
