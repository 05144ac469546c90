"""Logs go to stderr: JSON lines for machines, and only warnings unless asked for more."""

from __future__ import annotations

import logging
import os
import sys


def set_up() -> None:
    """Send the logs of all libraries to stderr; `AUDIT_LOG` is the level (default WARNING)."""
    import structlog

    level = getattr(logging, os.environ.get("AUDIT_LOG", "WARNING").upper(), logging.WARNING)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # NOTE: SDK debug logs print request and response bodies, which may hold secrets.
    for name in ("boto3", "botocore", "urllib3", "s3transfer"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
