"""Lists in the query protocol of the services but EC2: one entry of a table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.paging import page, page_size
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.collection import Collection


@dataclass(frozen=True, slots=True)
class Listing:
    """One action that lists resources."""

    element: str
    collection: Callable[[Estate, Call], Collection]
    usual: int
    most: int
    """Items per page: where the caller does not say, and at most."""
    named: str = ""
    """List parameter that names resources; names that do not exist are passed over."""


def listed(
    listings: Mapping[str, Listing],
    estate: Estate,
    call: Call,
    *,
    size_param: str,
    truncated: bool = False,
) -> list[bytes]:
    """Render the page that a call asks for; `truncated` services say IsTruncated and Marker."""
    listing = listings.get(call.action)
    if listing is None:
        raise ApiError("InvalidAction", f"Could not find operation {call.action}")
    refused = "ValidationError"
    size = page_size(call, size_param, 1, listing.most, usual=listing.usual, refused=refused)
    collection = listing.collection(estate, call)
    ids = collection.ids()
    if listing.named and (names := call.many(listing.named)):
        ids = [name for name in names if name in collection]
    invalid = refused if truncated else "InvalidNextToken"
    part = page(call, len(ids), size, invalid=invalid)
    fragments = map(collection.fragment, ids[part.start : part.stop])
    head, tail = f"<{listing.element}>", f"</{listing.element}>"
    if truncated:
        tail += f"<IsTruncated>{'true' if part.token else 'false'}</IsTruncated>"
    if part.token:
        name = "Marker" if truncated else "NextToken"
        tail += f"<{name}>{part.token}</{name}>"
    return [head.encode(), *fragments, tail.encode()]
