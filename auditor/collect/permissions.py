"""The least that a credential must be allowed, as the tables declare it."""

from __future__ import annotations

import importlib

from auditor.collect.catalog import all_tables, select_tables
from auditor.collect.clouds import session_permissions
from auditor.config import Config
from auditor.errors import UsageError

FORMATS = ("json", "terraform")


def required(config: Config, cloud: str) -> list[str]:
    """Return the permissions that a run with this configuration uses, sorted."""
    tables, _ = select_tables(all_tables(), config.run.tables, config.run.skip_tables)
    section = getattr(config, cloud)
    of_cloud = [
        table
        for table in tables
        if table.cloud == cloud and (table.switch is None or getattr(section, table.switch))
    ]
    own = session_permissions(cloud, config)
    return sorted({p for table in of_cloud for p in table.permissions} | set(own))


def policy(config: Config, cloud: str, form: str) -> str:
    """Return what to give the read-only role of a cloud, as JSON or Terraform."""
    if form not in FORMATS:
        raise UsageError(f"--format {form!r}", hint=f"one of {', '.join(FORMATS)}")
    role = importlib.import_module(f"auditor.collect.{cloud}.role")
    render = role.as_json if form == "json" else role.as_terraform
    return str(render(required(config, cloud), config))
