"""EC2 managed prefix lists: one row each with all entries, those that AWS maintains too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, integer, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

ENTRIES = "GetManagedPrefixListEntries"
PAGE = 100


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each prefix list with its entries; one that is deleted meanwhile is left out."""
    lists = list(scope.pages("DescribeManagedPrefixLists", "PrefixLists", MaxResults=PAGE))
    first = scope.call_each(
        ENTRIES,
        [{"PrefixListId": raw["PrefixListId"], "MaxResults": PAGE} for raw in lists],
        gone=("InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound"),
    )
    for raw, answer in zip(lists, first, strict=True):
        if answer is not None:
            yield {**raw, "Entries": list(_entries(scope, raw["PrefixListId"], answer))}


def _entries(scope: AwsScope, list_id: str, first: dict[str, Any]) -> Iterator[Any]:
    yield from first.get("Entries") or ()
    if first.get("NextToken"):
        yield from scope.pages(
            ENTRIES,
            "Entries",
            PrefixListId=list_id,
            MaxResults=PAGE,
            NextToken=first["NextToken"],
        )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one prefix list."""
    list_id, owner = raw["PrefixListId"], raw.get("OwnerId") or ""
    entries = raw.get("Entries") or []
    aws_owned = owner.lower() == "aws"
    account = "aws" if aws_owned else owner
    arn = raw.get("PrefixListArn") or ec2_arn(scope, "prefix-list", list_id, account=account)
    return {
        **ec2_common(scope, arn, raw, name=raw.get("PrefixListName")),
        "incarnation_id": list_id,
        "prefix_list_id": list_id,
        "owner_id": raw.get("OwnerId"),
        "is_aws_owned": aws_owned,
        "address_family": raw.get("AddressFamily"),
        "state": raw.get("State"),
        "version": raw.get("Version"),
        "max_entries": raw.get("MaxEntries"),
        "entries": sorted_set(entry.get("Cidr") for entry in entries),
        "described_entries": sorted_set(
            f"{entry.get('Cidr')} {entry['Description']}"
            for entry in entries
            if entry.get("Description")
        ),
        "resolver_target_id": raw.get("IpamPrefixListResolverTargetId"),
        "resolver_sync": raw.get("IpamPrefixListResolverSyncEnabled"),
    }


TABLE = ResourceTable(
    title="EC2 managed prefix lists",
    description="Lists of networks that rules and routes refer to, with their entries.",
    columns=(
        text("prefix_list_id", "Id of the prefix list."),
        text("owner_id", "Account that owns it, or AWS."),
        boolean("is_aws_owned", "Whether AWS maintains it, so that entries change by themselves."),
        text("address_family", "IPv4 or IPv6."),
        text("state", "Progress of the last change.", volatile=True),
        integer("version", "Number of the version; nothing for lists of AWS."),
        integer("max_entries", "How many entries rules that refer to it are counted as."),
        strings("entries", "Networks in it."),
        strings("described_entries", "Networks in it that have a description, with that."),
        text("resolver_target_id", "IPAM resolver target that fills it."),
        boolean("resolver_sync", "Whether that resolver keeps it up to date."),
    ),
    permissions=("ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"),
    fetch=fetch,
    transform=transform,
)
