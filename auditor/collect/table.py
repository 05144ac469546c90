"""What a table is: columns, how to fetch it, how to turn what came back into rows.

A `ResourceTable` is a CloudQuery `Table`, so that the same definition is collected in process
and served to CloudQuery. The file name is its registration (`catalog.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, Protocol, cast

import pyarrow as pa
from cloudquery.sdk.scheduler import TableResolver
from cloudquery.sdk.schema import Column, Table
from cloudquery.sdk.types import JSONType

from auditor.model import ColumnSpec, JsonValue, Row, Scope, TableSpec

Raw = Mapping[str, Any]
"""One item as the provider's API returned it."""


class ScopeClient(Protocol):
    """API access in one scope; what a table's `fetch` gets. Each cloud adds its own calls."""

    scope: Scope

    def id(self) -> str:
        """Return the scope as text, as CloudQuery's clients do."""
        ...


class ResourceColumn(Column):  # type: ignore[misc]  # the SDK has no types
    """A CloudQuery column that may be volatile: stored, but outside the row hash."""

    def __init__(
        self, name: str, type: pa.DataType, description: str, *, volatile: bool, not_null: bool
    ) -> None:
        key = name in KEY_COLUMNS
        super().__init__(name, type, description, primary_key=key, not_null=not_null)
        self.volatile = volatile


KEY_COLUMNS = ("account_id", "region", "resource_id")
"""What identifies a row in a table of one cloud."""


def text(name: str, description: str, *, volatile: bool = False) -> ResourceColumn:
    """Return a column of text."""
    return ResourceColumn(name, pa.string(), description, volatile=volatile, not_null=False)


def integer(name: str, description: str, *, volatile: bool = False) -> ResourceColumn:
    """Return a column of 64-bit integers."""
    return ResourceColumn(name, pa.int64(), description, volatile=volatile, not_null=False)


def boolean(name: str, description: str, *, volatile: bool = False) -> ResourceColumn:
    """Return a column of true and false."""
    return ResourceColumn(name, pa.bool_(), description, volatile=volatile, not_null=False)


def timestamp(name: str, description: str, *, volatile: bool = False) -> ResourceColumn:
    """Return a column of instants; values are aware datetimes, stored in UTC."""
    kind = pa.timestamp("us", tz="UTC")
    return ResourceColumn(name, kind, description, volatile=volatile, not_null=False)


def strings(name: str, description: str, *, volatile: bool = False) -> ResourceColumn:
    """Return a column of sets of text; order is not content, so values are stored sorted."""
    kind = pa.list_(pa.string())
    return ResourceColumn(name, kind, description, volatile=volatile, not_null=False)


def document(name: str, description: str, *, volatile: bool = False) -> ResourceColumn:
    """Return a column of JSON, stored as canonical text (sorted keys)."""
    return ResourceColumn(name, JSONType(), description, volatile=volatile, not_null=False)


def _required(name: str, description: str) -> ResourceColumn:
    return ResourceColumn(name, pa.string(), description, volatile=False, not_null=True)


LEADING_COLUMNS = (
    _required("cloud", "The cloud: aws, azure or gcp."),
    _required("account_id", "AWS account, Azure subscription or GCP project."),
    _required("region", "Region, or `global` where there is none."),
    _required("resource_id", "Globally unique id: ARN, lower-cased ARM id, GCP full name."),
    text("incarnation_id", "What changes when a resource is recreated under the same id."),
    text("name", "Name that people gave it; not unique, and chosen by whoever created it."),
    document("tags", "Tags or labels as an object; values that look like secrets are hashed."),
)
"""What every table begins with."""

DOCUMENT_COLUMN = document("document", "The provider's own answer, secrets removed.", volatile=True)
"""What every table ends with."""


class ResourceTable(Table):  # type: ignore[misc]  # the SDK has no types
    """A table of one kind of resource; `catalog.py` gives it its name and its cloud."""

    def __init__(  # noqa: PLR0913  # what a table declares, all by keyword
        self,
        *,
        title: str,
        description: str,
        columns: Iterable[ResourceColumn],
        permissions: tuple[str, ...],
        fetch: Callable[[Any], Iterator[Raw]],
        transform: Callable[[Raw, Scope], Row],
        regional: bool = True,
        gone: Mapping[str, tuple[str, ...]] | None = None,
        owner: str | None = None,
        kind: str = "resource",
        switch: str | None = None,
    ) -> None:
        super().__init__(
            "", [*LEADING_COLUMNS, *columns, DOCUMENT_COLUMN], title=title, description=description
        )
        self.cloud = ""
        self.permissions = permissions
        """Provider's names of what the credential must be allowed to do."""
        self.fetch = fetch
        self.transform = transform
        self.regional = regional
        """False: read once per account, in the scope `global`; rows name their own region."""
        self.gone = dict(gone or {})
        """Column values that mean that the resource no longer exists, such as a terminated
        instance that is still listed: stored, but absent for every comparison."""
        self.owner = owner
        """Column that holds the resource_id that this resource is part of, so that accepting the
        owner accepts this too."""
        self.kind = kind
        """`instance` for virtual machines, `event` for log entries, which are only ever added,
        else `resource`."""

        self.switch = switch
        """What must be set in the cloud's section of the configuration for it to be read."""

    @property
    def resolver(self) -> ScopeResolver:
        """The CloudQuery resolver of this table."""
        return ScopeResolver(self)

    def spec(self) -> TableSpec:
        """Return the table as the store knows it, free of the SDK's types."""
        return TableSpec(
            name=self.name,
            cloud=self.cloud,
            title=self.title,
            description=self.description,
            columns=tuple(
                ColumnSpec(c.name, sql_type(c.type), c.description, c.volatile)
                for c in self.columns
            ),
            kind=self.kind,
            owner=self.owner,
            gone=self.gone,
        )


class ScopeResolver(TableResolver):  # type: ignore[misc]  # the SDK has no types
    """Reads a `ResourceTable` in one scope: yields what `fetch` yields, untransformed."""

    def multiplex(self, client: Any) -> list[ScopeClient]:
        """Return a client for each scope in which the table exists."""
        scopes: list[ScopeClient] = client.scopes(regional=self.table.regional)
        return scopes

    def resolve(
        self,
        client: ScopeClient,
        parent_resource: object,  # noqa: ARG002  # the SDK's signature
    ) -> Generator[Raw, None, None]:
        """Yield the provider's items; errors pass through to the engine's scope guard."""
        yield from self._table.fetch(client)


def sql_type(kind: pa.DataType) -> str:
    """Return the DuckDB type that stores an Arrow type."""
    if isinstance(kind, JSONType):
        return "JSON"
    return _SQL_TYPES[kind]


_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
    pa.list_(pa.string()): "VARCHAR[]",
}


def tags_from_pairs(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Turn a provider's list of Key and Value pairs into an object."""
    return {pair["Key"]: pair.get("Value", "") for pair in pairs or ()}


def sorted_set(values: Iterable[str | None]) -> list[str]:
    """Return the distinct values that are there, sorted: the form of a `strings` column."""
    found = set(values)
    found.discard(None)
    return sorted(cast("set[str]", found)) if found else []


def common(
    scope: Scope,
    resource_id: str,
    *,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    incarnation_id: str | None = None,
    region: str | None = None,
    raw: JsonValue = None,
) -> dict[str, Any]:
    """Return the columns that every table has; a table's `transform` adds its own.

    `region` is where the resource is, for tables that are read for a whole account at once.
    """
    return {
        "cloud": scope.cloud,
        "account_id": scope.account_id,
        "region": region or scope.region,
        "resource_id": resource_id,
        "incarnation_id": incarnation_id,
        "name": name,
        "tags": dict(tags or {}),
        "document": raw,
    }
