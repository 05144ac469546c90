"""The operations: lists of a subscription or group, single resources, and what is under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.simcloud.azure import agents, governance, refusals, scalesets, wire
from auditor.simcloud.azure.estate import DELETED, SCALE_SET, VM, Estate, Subscription
from auditor.simcloud.azure.events import wanted
from auditor.simcloud.azure.paging import MACHINES_TIMES, link, page
from auditor.simcloud.azure.wire import ApiError, Call, Resource
from auditor.simcloud.http import Answer

Operation = Callable[[Subscription, Call, int], Answer]
"""What serves a call; the number is the page size."""


def answer(estate: Estate, call: Call, page_size: int) -> Answer:
    """Answer a call."""
    if "api-version" not in call.query:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise ApiError("MissingApiVersionParameter", text)
    with estate.lock:
        if call.kind == "subscriptions":
            shown = [s for s in estate.subscriptions.values() if s.state != DELETED]
            return _pages(call, [_subscription(s) for s in shown], page_size)
        subscription = refusals.subscription(estate, call)
        if refusals.registers(call):
            raise refusals.denied(call)
        if "/" not in call.kind and call.method == "GET":
            return _provider(subscription, call)
        operation = OPERATIONS.get((call.method, call.kind))
        if operation is not None:
            return operation(subscription, call, page_size)
        return _resources(subscription, call, page_size)


def _resources(subscription: Subscription, call: Call, page_size: int) -> Answer:
    """Answer about a kind that has nothing of its own: the list of it, or one of them."""
    kind = call.kind.removesuffix("/read")
    listed = subscription.lists.get(kind)
    if listed is None or call.method != "GET":
        raise refusals.no_such_kind(call)
    if kind != call.kind:
        id_ = _id(call)
        if id_ not in listed:
            raise refusals.no_such_resource(call)
        return wire.document(listed.get(id_))
    ids = listed.ids()
    if call.group:
        start = f"/subscriptions/{call.account}/resourcegroups/{call.group}/".lower()
        ids = [id_ for id_ in ids if id_.startswith(start)]
    part = page(call, len(ids), page_size)
    fragments = [listed.fragment(id_) for id_ in ids[part.start : part.stop]]
    return wire.page(fragments, link(call, part.token))


def _machines(subscription: Subscription, call: Call, page_size: int) -> Answer:
    if not call.expands("instanceView") and call.query.get("statusonly", "").lower() != "true":
        return _resources(subscription, call, page_size * MACHINES_TIMES)
    ids = subscription.machines.ids()
    part = page(call, len(ids), page_size * MACHINES_TIMES)
    shown = [_with_view(subscription, id_) for id_ in ids[part.start : part.stop]]
    return wire.page(map(wire.item, shown), link(call, part.token))


def _machine(subscription: Subscription, call: Call, _: int) -> Answer:
    id_ = _existing(subscription, call)
    made = _with_view(subscription, id_) if call.expands("instanceView") else None
    made = made or subscription.machines.get(id_)
    user_data = subscription.details.get(id_)["userData"]
    if call.expands("userData") and user_data is not None:
        made = made | {"properties": made["properties"] | {"userData": user_data}}
    return wire.document(made)


def _instance_view(subscription: Subscription, call: Call, _: int) -> Answer:
    made = _with_view(subscription, _existing(subscription, call))
    return wire.document(made["properties"]["instanceView"])


def _extensions(subscription: Subscription, call: Call, _: int) -> Answer:
    # NOTE: this list has no pages (virtualMachineExtensions list, ListResult without nextLink)
    known = subscription.details.get(_existing(subscription, call))
    return wire.page(map(wire.item, known["extensions"]), None)


def _run_commands(subscription: Subscription, call: Call, page_size: int) -> Answer:
    known = subscription.details.get(_existing(subscription, call))
    return _pages(call, known["runCommands"], page_size)


def _scale_set(subscription: Subscription, call: Call, page_size: int) -> Answer:
    id_ = _id(call)
    listed = subscription.lists[SCALE_SET]
    if id_ not in listed or not call.expands("userData"):
        return _resources(subscription, call, page_size)
    made, user_data = listed.get(id_), subscription.details.get(id_)["userData"]
    if user_data is not None:
        profile = made["properties"]["virtualMachineProfile"] | {"userData": user_data}
        made = made | {"properties": made["properties"] | {"virtualMachineProfile": profile}}
    return wire.document(made)


def _scale_set_part(subscription: Subscription, call: Call, page_size: int) -> Answer:
    """List the machines, interfaces or addresses of a scale set.

    Interfaces and addresses of a Flexible one are ordinary resources and not listed under it.
    """
    id_ = _id(call)
    if id_ not in subscription.lists[SCALE_SET]:
        raise refusals.no_such_resource(call)
    part = call.action.rpartition("/")[2]
    members = subscription.members.get(id_)
    if members is not None:
        return _pages(call, list(members[part].values()), page_size)
    if part != "virtualMachines":
        return _pages(call, [], page_size)
    set_ = subscription.lists[SCALE_SET].get(id_)
    group = id_.partition("/providers/")[0] + "/"
    inside = [subscription.machines.get(i) for i in subscription.machines.ids() if group in i]
    own = [vm for vm in inside if _set_of(vm) == id_]
    return _pages(call, [scalesets.flexible_member(set_, vm) for vm in own], page_size)


def _admin_rules(subscription: Subscription, call: Call, _: int) -> Answer:
    id_ = _id(call)
    if id_ not in subscription.lists["microsoft.network/virtualnetworks"]:
        raise refusals.no_such_resource(call)
    rules = subscription.admin_rules.get(id_, [])
    top = call.query.get("$top", "")
    size = int(top) if top.isdecimal() and int(top) else governance.MOST
    part = page(call, len(rules), size)
    shown = map(wire.item, rules[part.start : part.stop])
    return wire.page(shown, part.token, member="skipToken")


def _events(subscription: Subscription, call: Call, page_size: int) -> Answer:
    events = wanted(subscription.events, call.query.get("$filter", ""))
    if "$select" in call.query:
        chosen = {name.strip() for name in call.query["$select"].split(",")}
        events = [{k: v for k, v in event.items() if k in chosen} for event in events]
    return _pages(call, events, page_size)


def _service_tags(subscription: Subscription, call: Call, _: int) -> Answer:
    return wire.document(governance.service_tags(subscription.id, call.region))


def _console(subscription: Subscription, call: Call, _: int) -> Answer:
    if call.names[0].lower() != "default":
        raise refusals.no_such_resource(call)
    return wire.document(subscription.serial_console)


def _locations(subscription: Subscription, call: Call, page_size: int) -> Answer:
    places = [governance.location(subscription.id, name) for name in subscription.locations]
    return _pages(call, places, max(page_size, len(places)))


def _provider(subscription: Subscription, call: Call) -> Answer:
    registered = call.provider not in subscription.unregistered
    state = "Registered" if registered else "NotRegistered"
    return wire.document({"namespace": call.action, "registrationState": state})


def _pages(call: Call, resources: Sequence[Resource], page_size: int) -> Answer:
    part = page(call, len(resources), page_size)
    shown = map(wire.item, resources[part.start : part.stop])
    return wire.page(shown, link(call, part.token))


def _existing(subscription: Subscription, call: Call) -> str:
    """Return the id of the machine that a call is about."""
    id_ = _id(call)
    if id_ not in subscription.machines:
        raise refusals.no_such_resource(call)
    return id_


def _id(call: Call) -> str:
    """Return the id of the outermost resource that a call is about."""
    provider, kind = call.action.split("/")[:2]
    scope = f"/subscriptions/{call.account}"
    if call.group:
        scope += f"/resourceGroups/{call.group}"
    return f"{scope}/providers/{provider}/{kind}/{call.names[0]}".lower()


def _with_view(subscription: Subscription, id_: str) -> Resource:
    made = subscription.machines.get(id_)
    view = agents.instance_view(made, subscription.details.get(id_))
    return made | {"properties": made["properties"] | {"instanceView": view}}


def _set_of(vm: Resource) -> str:
    return str(vm["properties"].get("virtualMachineScaleSet", {}).get("id", "")).lower()


def _subscription(subscription: Subscription) -> Resource:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.name,
        "state": subscription.state,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "subscriptions/read"): lambda s, *_: wire.document(_subscription(s)),
    ("GET", "subscriptions/locations"): _locations,
    ("GET", VM): _machines,
    ("GET", f"{VM}/read"): _machine,
    ("GET", f"{VM}/instanceview"): _instance_view,
    ("GET", f"{VM}/extensions"): _extensions,
    ("GET", f"{VM}/runcommands"): _run_commands,
    ("GET", f"{SCALE_SET}/read"): _scale_set,
    ("GET", f"{SCALE_SET}/virtualmachines"): _scale_set_part,
    ("GET", f"{SCALE_SET}/networkinterfaces"): _scale_set_part,
    ("GET", f"{SCALE_SET}/publicipaddresses"): _scale_set_part,
    (
        "POST",
        "microsoft.network/virtualnetworks/listnetworkmanagereffectivesecurityadminrules",
    ): _admin_rules,
    ("GET", "microsoft.insights/eventtypes/values"): _events,
    ("GET", "microsoft.network/locations/servicetags"): _service_tags,
    ("GET", "microsoft.serialconsole/consoleservices/read"): _console,
}
