"""What the clouds have in common: their sessions, accounts, and what an error means."""

from __future__ import annotations

import importlib
import logging
import time
import traceback
from collections.abc import Sequence
from typing import Any, Protocol

from auditor.collect.catalog import CLOUDS, all_tables, select_tables
from auditor.collect.context import CollectContext
from auditor.collect.table import ScopeClient
from auditor.config import Config, RunConfig
from auditor.errors import CollectError, ConfigError, MissingExtraError
from auditor.model import Status, TableSpec

log = logging.getLogger(__name__)


class Account(Protocol):
    """An account as a cloud's session offers it."""

    cloud: str
    label: str
    account_id: str | None

    def open(self) -> None:
        """Resolve credentials and list the regions."""

    def scopes(self, *, regional: bool) -> Sequence[ScopeClient]:
        """Return a client for each scope."""

    def close(self) -> None:
        """Let go of what `open` and the readings have made; nothing is read after it."""


def specs() -> list[TableSpec]:
    """Return the definitions of all tables, for the store."""
    return [table.spec() for table in all_tables()]


def bounded_by(run: RunConfig) -> CollectContext:
    """Return the deadline, time-outs and retry cap of a run that starts now."""
    return CollectContext(
        deadline=time.monotonic() + run.deadline.total_seconds(),
        connect_timeout=run.connect_timeout.total_seconds(),
        read_timeout=run.read_timeout.total_seconds(),
        max_attempts=run.max_attempts,
    )


def check_selection(config: Config) -> None:
    """Raise `ConfigError` for what cannot be read at all, before anything is."""
    for cloud in ("azure", "gcp"):
        if getattr(config, cloud).enabled and cloud not in CLOUDS:
            raise ConfigError(
                f"{cloud}.enabled - this version has no tables for {cloud}",
                hint=f"set {cloud}.enabled = false",
            )
    select_tables(all_tables(), config.run.tables, config.run.skip_tables)


def session_of(cloud: str) -> Any:
    """Return the session module of a cloud; raises `MissingExtraError` without its SDK."""
    try:
        return importlib.import_module(f"auditor.collect.{cloud}.session")
    except ModuleNotFoundError as exc:
        raise MissingExtraError(
            f"{cloud} is enabled, but its SDK is not installed ({exc.name})",
            hint=f"pip install 'cloud-baseline-auditor[{cloud}]', or set {cloud}.enabled = false",
        ) from exc


def session_permissions(cloud: str, config: Config) -> list[str]:
    """Return what a cloud's session itself must be allowed, besides the tables."""
    return list(session_of(cloud).permissions(config))


def classified(cloud: str, error: Exception) -> CollectError:
    """Return what an error means for its scope; what nobody foresaw is `internal`."""
    if isinstance(error, CollectError):
        return error
    known = session_of(cloud).classify(error)
    if isinstance(known, CollectError):
        return known
    # NOTE: the error's own text may quote a response, so only where it arose is logged.
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s while reading %s\n%s", type(error).__name__, cloud, trace)
    return CollectError(f"unexpected {type(error).__name__}", status=Status.FAILED, kind="internal")
