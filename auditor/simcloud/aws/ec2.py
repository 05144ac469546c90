"""The EC2 actions that an auditor reads, in the EC2 query protocol."""

from __future__ import annotations

from collections.abc import Callable

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.estate import Estate, Region
from auditor.simcloud.aws.filters import Filter
from auditor.simcloud.aws.listings import LISTINGS, Listing
from auditor.simcloud.aws.paging import Page, ec2_page
from auditor.simcloud.aws.refusals import region_of
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.collection import Collection
from auditor.simcloud.http import Answer

ALL_REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
OPT_IN = ("af-south-1", "ap-east-1", "eu-south-1", "me-south-1")


Action = Callable[[Estate, Call], list[bytes]]
Slice = tuple[Collection, list[str]]


def answer(estate: Estate, call: Call, request_id: str) -> Answer:
    """Answer an EC2 call, or raise the refusal that the service would send."""
    handler = ACTIONS.get(call.action)
    if handler is None:
        raise ApiError(
            "InvalidAction", f"The action {call.action} is not valid for this web service."
        )
    if call.flag("DryRun"):
        text = "Request would have succeeded, but DryRun flag is set."
        raise ApiError("DryRunOperation", text, status=412)
    with estate.lock:
        return wire.ec2_response(call.action, request_id, *handler(estate, call))


def _describe(estate: Estate, call: Call) -> list[bytes]:
    listing = LISTINGS[call.action]
    region = region_of(estate, call)
    slices = _select(region, listing, call)
    if ids := _named(region, listing, call):
        if call.text("MaxResults"):
            text = f"The parameter {listing.id_param} cannot be used with the parameter maxResults"
            raise ApiError("InvalidParameterCombination", text)
        fragments = [_find(slices, id_, listing.missing) for id_ in dict.fromkeys(ids)]
        return _listed(listing, fragments, None)
    total = sum(len(ids) for _, ids in slices)
    page = Page(0, total, None)
    if listing.paged:
        page = ec2_page(call, total, listing.least, listing.most)
    fragments, before = [], 0
    for collection, ids in slices:
        wanted = ids[max(0, page.start - before) : max(0, page.stop - before)]
        fragments += map(collection.fragment, wanted)
        before += len(ids)
    return _listed(listing, fragments, page.token)


def _listed(listing: Listing, fragments: list[bytes], token: str | None) -> list[bytes]:
    tail = f"</{listing.element}>" + (f"<nextToken>{token}</nextToken>" if token else "")
    return [f"<{listing.element}>".encode(), *listing.join(fragments), tail.encode()]


def _named(region: Region, listing: Listing, call: Call) -> list[str]:
    """Return the ids that a call names, by id or by its second list parameter."""
    ids = call.many(listing.id_param) if listing.id_param else []
    parameter, element = listing.also
    if not parameter or not (names := call.many(parameter)):
        return ids
    own: Collection = getattr(region, listing.collection)
    known = {str(own.get(id_)[element]): id_ for id_ in own.ids()}
    return ids + [known.get(name, name) for name in names]


def _select(region: Region, listing: Listing, call: Call) -> list[Slice]:
    """Return what a call is about, without looking at single resources if it has no filter."""
    own: Collection = getattr(region, listing.collection)
    everything = not listing.managed or call.flag("IncludeManagedResources")
    named = bool(listing.id_param and call.many(listing.id_param))
    ids = listing.select(region, call) if listing.select else None
    slices = [(own, own.ids(managed=everything or named) if ids is None else ids)]
    if listing.foreign:
        slices.append(_foreign(region, listing, call))
        owners = call.many("Owner")
        if owners and not {"self", call.account} & set(owners):
            slices[0] = (own, [])
    condition = Filter(call)
    if not condition:
        return slices
    return [(c, [id_ for id_ in ids if condition.matches(c.get(id_))]) for c, ids in slices]


def _foreign(region: Region, listing: Listing, call: Call) -> Slice:
    others: Collection = getattr(region, listing.foreign)
    if not (owners := call.many("Owner")):
        return others, others.ids()
    return others, [
        id_
        for id_ in others.ids()
        if {others.get(id_)[listing.owner], others.get(id_).get("ownerAlias")} & set(owners)
        or others.get(id_).get("imageOwnerAlias") in owners
    ]


def _find(slices: list[Slice], id_: str, missing: str) -> bytes:
    for collection, _ in slices:
        if id_ in collection:
            return collection.fragment(id_)
    raise ApiError(missing, f"The ID '{id_}' does not exist")


def _regions(estate: Estate, call: Call) -> list[bytes]:
    enabled = estate.accounts[call.account].regions
    names = list(dict.fromkeys([*enabled, *ALL_REGIONS])) if call.flag("AllRegions") else enabled
    regions = [
        {
            "regionName": name,
            "regionEndpoint": f"ec2.{name}.amazonaws.com",
            "optInStatus": _opted(name, enabled=name in enabled),
        }
        for name in names
    ]
    return [wire.children({"regionInfo": regions}).encode()]


def _opted(name: str, *, enabled: bool) -> str:
    if enabled:
        return "opted-in" if name in OPT_IN else "opt-in-not-required"
    return "not-opted-in"


def _setting(estate: Estate, call: Call) -> list[bytes]:
    return [wire.children(region_of(estate, call).settings[call.action]).encode()]


def _instance_attribute(estate: Estate, call: Call) -> list[bytes]:
    region, id_, name = region_of(estate, call), call.text("InstanceId"), call.text("Attribute")
    if id_ not in region.instances:
        raise ApiError("InvalidInstanceID.NotFound", f"The instance ID '{id_}' does not exist")
    instance = region.instances.get(id_)
    if name in ("groupSet", "blockDeviceMapping", "productCodes", "enclaveOptions"):
        value = instance[name]
    elif name in INSTANCE_ATTRIBUTES:
        known = {**instance, **region.attributes.get(id_)}
        # NOTE: an attribute without value is an empty element, as for user data that is not set
        value = {"value": known.get(name)}
    else:
        raise ApiError(
            "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid"
        )
    return [wire.children({"instanceId": id_, name: value}).encode()]


INSTANCE_ATTRIBUTES = (
    "userData",
    "disableApiTermination",
    "disableApiStop",
    "instanceInitiatedShutdownBehavior",
    "instanceType",
    "kernel",
    "ramdisk",
    "rootDeviceName",
    "sourceDestCheck",
    "ebsOptimized",
    "sriovNetSupport",
    "enaSupport",
)


def _sharing(kind: str, attribute: str, missing: str) -> Action:
    """Make the action that tells with whom a snapshot or an image is shared."""
    name = kind[0].lower() + kind[1:] + "Id"

    def action(estate: Estate, call: Call) -> list[bytes]:
        region, id_ = region_of(estate, call), call.text(f"{kind}Id")
        if call.text("Attribute") != attribute:
            raise ApiError("InvalidParameterValue", "only the sharing attribute is simulated")
        own: Collection = getattr(region, f"{kind.lower()}s")
        if id_ in getattr(region, f"foreign_{kind.lower()}s"):
            raise ApiError("AuthFailure", f"Not authorized for {name}: {id_}", status=403)
        if id_ not in own:
            raise ApiError(missing, f"The {kind.lower()} ID '{id_}' does not exist")
        shared = region.sharing.get(id_, [])
        return [wire.children({name: id_, attribute: shared}).encode()]

    return action


SETTINGS = (
    "GetInstanceMetadataDefaults",
    "GetEbsEncryptionByDefault",
    "GetEbsDefaultKmsKeyId",
    "GetSerialConsoleAccessStatus",
    "GetSnapshotBlockPublicAccessState",
    "GetImageBlockPublicAccessState",
    "GetAllowedImagesSettings",
    "GetManagedResourceVisibility",
    "DescribeVpcBlockPublicAccessOptions",
)
ACTIONS: dict[str, Action] = {
    **dict.fromkeys(LISTINGS, _describe),
    **dict.fromkeys(SETTINGS, _setting),
    "DescribeRegions": _regions,
    "DescribeInstanceAttribute": _instance_attribute,
    "DescribeSnapshotAttribute": _sharing(
        "Snapshot", "createVolumePermission", "InvalidSnapshot.NotFound"
    ),
    "DescribeImageAttribute": _sharing("Image", "launchPermission", "InvalidAMIID.NotFound"),
}
