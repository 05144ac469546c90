"""The IAM actions that an auditor reads, in the query protocol; IAM knows no regions."""

from __future__ import annotations

from auditor.simcloud.aws import principals, query, wire
from auditor.simcloud.aws.estate import Account, Estate
from auditor.simcloud.aws.paging import page, page_size
from auditor.simcloud.aws.query import Listing
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.collection import Collection
from auditor.simcloud.http import Answer

USUAL, MOST = 100, 1000
"""Items per page; https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html"""


def _account(estate: Estate, call: Call) -> Account:
    return estate.accounts[call.account]


def _attached(estate: Estate, call: Call) -> Collection:
    return _account(estate, call).attached[_role(estate, call)]


def _inline(estate: Estate, call: Call) -> Collection:
    names = _account(estate, call).inline[_role(estate, call)]
    return Collection(names, lambda index: {"member": names[index]}, render=_text)


def _text(resource: dict[str, str]) -> bytes:
    return wire.children(resource).encode()


def _role(estate: Estate, call: Call) -> str:
    name = call.text("RoleName")
    if name not in _account(estate, call).attached:
        raise ApiError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)
    return name


LISTINGS = {
    "ListInstanceProfiles": Listing(
        "InstanceProfiles",
        lambda estate, call: _account(estate, call).profiles,
        usual=USUAL,
        most=MOST,
    ),
    "ListAttachedRolePolicies": Listing("AttachedPolicies", _attached, usual=USUAL, most=MOST),
    "ListRolePolicies": Listing("PolicyNames", _inline, usual=USUAL, most=MOST),
}


def answer(estate: Estate, call: Call, request_id: str) -> Answer:
    """Answer an IAM call."""
    with estate.lock:
        if call.action == "GetInstanceProfile":
            parts = _profile(estate, call)
        elif call.action == "GetAccountAuthorizationDetails":
            parts = _details(estate, call)
        else:
            parts = query.listed(LISTINGS, estate, call, size_param="MaxItems", truncated=True)
    return wire.query_response(call, wire.IAM_NAMESPACE, request_id, *parts)


def _profile(estate: Estate, call: Call) -> list[bytes]:
    name, profiles = call.text("InstanceProfileName"), _account(estate, call).profiles
    if name not in profiles:
        raise ApiError("NoSuchEntity", f"Instance Profile {name} cannot be found.", status=404)
    return [wire.children({"InstanceProfile": profiles.get(name)}, "member").encode()]


def _details(estate: Estate, call: Call) -> list[bytes]:
    """Render a page of users, groups, roles and policies: four lists, one after another."""
    if call.many("Filter.member"):
        # NOTE: refused rather than ignored, so that nobody reads more than was asked for
        raise ApiError("ValidationError", "Filter is not simulated.")
    size = page_size(call, "MaxItems", 1, MOST, usual=USUAL, refused="ValidationError")
    found = principals.listed(_account(estate, call))
    part = page(call, len(found), size, invalid="ValidationError")
    lists: dict[str, list[bytes]] = {}
    for name, resource in found[part.start : part.stop]:
        lists.setdefault(name, []).append(wire.member(resource))
    body = [
        f"<{name}>".encode() + b"".join(members) + f"</{name}>".encode()
        for name, members in lists.items()
    ]
    body.append(f"<IsTruncated>{'true' if part.token else 'false'}</IsTruncated>".encode())
    return [*body, f"<Marker>{part.token}</Marker>".encode()] if part.token else body
