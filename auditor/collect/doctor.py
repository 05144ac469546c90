"""Try each credential and each table in each scope, and say what is missing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from auditor.collect.catalog import CLOUDS, all_tables, select_tables
from auditor.collect.clouds import Account, bounded_by, classified, session_of
from auditor.collect.table import ResourceTable, ScopeClient
from auditor.config import Config
from auditor.model import Status

_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Check:
    """What came of trying one account, or one table in one scope."""

    cloud: str
    account: str
    region: str
    table: str | None
    """None: the account itself."""
    status: Status
    detail: str | None = None
    permissions: tuple[str, ...] = ()
    """What the table needs, where it was denied."""

    @property
    def ok(self) -> bool:
        """Whether it can be read, or the configuration says that it is not to be."""
        return self.status in (Status.COMPLETE, Status.SKIPPED)


def examine(config: Config, tell: Callable[[Check], None]) -> list[Check]:
    """Log in to every account and read the first item of every table in every scope."""
    context = bounded_by(config.run)
    checks: list[Check] = []

    def note(check: Check) -> None:
        checks.append(check)
        tell(check)

    for cloud in CLOUDS:
        if not getattr(config, cloud).enabled:
            continue
        try:
            accounts = session_of(cloud).accounts(config, context)
        except Exception as exc:  # noqa: BLE001  # the scope guard
            note(_failed(cloud, "*", "*", exc, None))
            continue
        for account in accounts:
            _examine_account(config, account, note)
    return checks


def _examine_account(config: Config, account: Account, note: Callable[[Check], None]) -> None:
    wanted, _ = select_tables(all_tables(), config.run.tables, config.run.skip_tables)
    try:
        account.open()
        readings = [
            (table, client)
            for table in wanted
            if table.cloud == account.cloud
            for client in table.resolver.multiplex(account)
        ]
    except Exception as exc:  # noqa: BLE001  # the scope guard
        note(_failed(account.cloud, account.account_id or account.label, "*", exc, None))
        return
    regions = {client.scope.region for _, client in readings}
    name = account.account_id or account.label
    note(Check(account.cloud, name, "*", None, Status.COMPLETE, f"{len(regions)} regions"))
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for check in pool.map(lambda pair: _try(*pair), readings):
            note(check)


def _try(table: ResourceTable, client: ScopeClient) -> Check:
    scope = client.scope
    try:
        next(iter(table.resolver.resolve(client, None)), None)
    except Exception as exc:  # noqa: BLE001  # the scope guard
        return _failed(scope.cloud, scope.account_id, scope.region, exc, table)
    return Check(scope.cloud, scope.account_id, scope.region, table.name, Status.COMPLETE)


def _failed(
    cloud: str, account: str, region: str, error: Exception, table: ResourceTable | None
) -> Check:
    failure = classified(cloud, error)
    detail = f"{failure.message}; {failure.hint}" if failure.hint else failure.message
    denied = table is not None and failure.status == Status.DENIED
    return Check(
        cloud,
        account,
        region,
        table.name if table else None,
        Status(failure.status),
        detail,
        table.permissions if table and denied else (),
    )
