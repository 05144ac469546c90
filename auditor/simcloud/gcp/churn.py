"""Benign changes of an estate: what automation does all day, with the same meaning after as before.

`scenarios` offers them together with the attacks.
"""

from __future__ import annotations

import random

from auditor.simcloud.gcp import changes, groups
from auditor.simcloud.gcp.estate import Estate
from auditor.simcloud.gcp.events import Actor
from auditor.simcloud.gcp.seeding import BASE
from auditor.simcloud.gcp.wire import Resource, fingerprint

Touched = dict[str, list[str]]
"""Collection of a project (`instances`, `disks` and so on) -> paths that were added or changed."""

MOMENT = "2026-04-01T02:17:43.000Z"
"""When scenarios happen: after everything that the generator makes."""
OPERATOR = Actor("ops@example.com", "192.0.2.10", "google-cloud-sdk gcloud/472.0.0")
PIPELINE = "terraform@{}.iam.gserviceaccount.com"
CONTROLLER = "{}@cloudservices.gserviceaccount.com"


def recreate_instance(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Delete an instance and create it again: same name, other numeric ids."""
    with estate.lock:
        here = changes.site(estate, project, OPERATOR, moment)
        path = changes.pick(here, _has_only_boot_disk, "with one disk")
        model = changes.model(here, path)
        external = "accessConfigs" in model.instance["networkInterfaces"][0]
        disks = changes.delete_instance(here, path)
        changes.launch(here, model, path, {}, external=external)
    return {"instances": [path], "disks": disks}


def scale_out(estate: Estate, project: str, *, count: int = 2, moment: str = MOMENT) -> Touched:
    """Benign: a managed instance group creates more members from its template."""
    with estate.lock:
        here = changes.site(estate, project, _controller(estate, project), moment)
        path, members = _largest_group(here)
        model, old = changes.model(here, members[0]), list(members)
        added = []
        for number in range(count):
            zone = changes.zone_of(old[number % len(old)])
            name = _member_name(here, path)
            member = f"zones/{zone}/instances/{name}"
            added.append(changes.launch(here, model, member, {}, external=False))
            members.append(member)
        _resized(here, path)
    return {"instances": added, "groups": [path]}


def scale_in(estate: Estate, project: str, *, count: int = 1, moment: str = MOMENT) -> Touched:
    """Benign: a managed instance group deletes its last members, but never all of them."""
    with estate.lock:
        here = changes.site(estate, project, _controller(estate, project), moment)
        path, members = _largest_group(here)
        gone = members[max(1, len(members) - count) :]
        disks = []
        for member in gone:
            disks += changes.delete_instance(here, member)
            members.remove(member)
        _resized(here, path)
    return {"instances": gone, "disks": disks, "groups": [path]}


def rewrite_firewalls(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Benign: delete and insert again every rule, written another way but with the same meaning.

    Ranges, tags and ports change their order, every port has an entry of its own, and the
    numeric ids are new.
    """
    with estate.lock:
        actor = Actor(PIPELINE.format(project), "192.0.2.20", "Terraform/1.9.2 google/6.2.0")
        here = changes.site(estate, project, actor, moment)
        firewalls = here.project.firewalls
        touched = firewalls.ids()
        old = {path: firewalls.get(path) for path in reversed(touched)}
        for path, rule in old.items():
            firewalls.remove(path)
            here.journal.write("firewalls.delete", path, rule["id"])
            network = rule["network"].rpartition("/")[2]
            left_out = ("id", "creationTimestamp")
            spec = {key: _rewritten(key, rule[key]) for key in rule if key not in left_out}
            changes.create_firewall(here, rule["name"], network, spec)
    return {"firewalls": list(touched)}


def shuffle(estate: Estate, project: str, *, seed: int = 1, inside: int = 1000) -> Touched:
    """Benign: list everything in another order, also inside the first `inside` instances."""
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    with estate.lock:
        here = estate.projects[project]
        for path in (touched := here.instances.ids()[:inside]):
            instance = here.instances.edit(path)
            for items in (instance["tags"]["items"], instance["metadata"]["items"]):
                rng.shuffle(items)
            for account in instance["serviceAccounts"]:
                rng.shuffle(account["scopes"])
        for path in here.firewalls.ids():
            rule = here.firewalls.edit(path)
            for name in ("sourceRanges", "sourceTags", "targetTags", "allowed", "denied"):
                if name in rule:
                    rule[name] = rng.sample(rule[name], len(rule[name]))
        for collection in here.collections.values():
            collection.shuffle(rng)
    return {"instances": touched}


def churn_public_addresses(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Benign: stop and start an instance, which changes its external address."""
    with estate.lock:
        here = changes.site(estate, project, OPERATOR, moment)
        path = changes.pick(here, _is_external, "with an external address")
        id_ = here.project.instances.get(path)["id"]
        here.journal.write("instances.stop", path, id_)
        stopped = here.now
        here.journal.write("instances.start", path, id_)
        changes.set_public_address(here, path)
        instance = here.project.instances.edit(path)
        instance |= {"lastStopTimestamp": stopped, "lastStartTimestamp": here.now}
    return {"instances": [path]}


def _controller(estate: Estate, project: str) -> Actor:
    number = estate.projects[project].number
    agent = "GCE Managed Instance Group,gzip(gfe)"
    return Actor(CONTROLLER.format(number), "private", agent)


def _largest_group(here: changes.Site) -> tuple[str, list[str]]:
    found = sorted(here.project.members.items(), key=lambda item: (-len(item[1]), item[0]))
    if not found or not found[0][1]:
        raise LookupError(f"no managed instance group with members in {here.project.id}")
    return found[0]


def _member_name(here: changes.Site, group: str) -> str:
    rest, text = int(changes.fresh(here)), ""
    for _ in range(4):
        rest, digit = divmod(rest, len(BASE))
        text += BASE[digit]
    # NOTE: a fifth character, so that it is none of the generator's names
    return f"{here.project.groups.get(group)['baseInstanceName']}-{text}x"


def _resized(here: changes.Site, path: str) -> None:
    group = here.project.groups.edit(path)
    size = len(here.project.members[path])
    group |= {"targetSize": size, "currentActions": groups.actions(size)}
    group["fingerprint"] = fingerprint([path, size])


def _rewritten(key: str, value: object) -> object:
    if key in ("allowed", "denied"):
        return _split(value)
    return value[::-1] if isinstance(value, list) else value


def _split(entries: object) -> list[Resource]:
    found: list[Resource] = []
    for entry in reversed(entries if isinstance(entries, list) else []):
        alone = ({"ports": [port]} for port in reversed(entry.get("ports", [])))
        found += [{"IPProtocol": entry["IPProtocol"], **ports} for ports in alone]
        if "ports" not in entry:
            found.append(dict(entry))
    return found


def _has_only_boot_disk(instance: Resource) -> bool:
    return len(instance["disks"]) == 1


def _is_external(instance: Resource) -> bool:
    return any("natIP" in a for a in instance["networkInterfaces"][0].get("accessConfigs", []))
