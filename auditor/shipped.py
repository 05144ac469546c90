"""Where the files live that ship beside the code: queries, baselines, the example configuration."""

from __future__ import annotations

from pathlib import Path


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder, such as `queries`.

    An installed wheel carries them inside the package; a checkout has them at its top level.
    """
    package = Path(__file__).parent
    inside = package / "_shipped" / name
    return inside if inside.exists() else package.parent / name
