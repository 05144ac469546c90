"""A whole, consistent estate from a seed: what benchmarks, tests and the demo start from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from auditor.simcloud.gcp import access, firewall, groups, instances, network, storage
from auditor.simcloud.gcp.estate import Estate, Project, collection
from auditor.simcloud.gcp.events import Actor, Journal
from auditor.simcloud.gcp.machines import GOLDEN_IMAGE, STOCK_IMAGE, STOCK_PROJECT, Machines
from auditor.simcloud.gcp.wire import Resource

NAMES = ("acme-production", "acme-staging", "acme-shared", "acme-sandbox", "acme-data")
FOLDERS = {"folders/200000000001": "workloads", "folders/200000000002": "common"}
ZONES = ("us-central1-a", "us-central1-b", "europe-west1-b")
FIRST_ENTRIES = 10
"""Snapshots of each project whose creation its audit log still tells."""
BACKUP = "backup-runner@{}.iam.gserviceaccount.com"


def generate(
    *,
    projects: int | Sequence[str] = 1,
    zones: Sequence[str] = ZONES,
    instances: int = 100,
    seed: int = 1,
) -> Estate:
    """Make an estate with `instances` in each project, spread over the zones.

    Equal seeds give equal estates. The projects are in two folders of one organisation.
    """
    if isinstance(projects, int):
        projects = [
            NAMES[n] if n < len(NAMES) else f"acme-workload-{n:03d}" for n in range(projects)
        ]
    estate = Estate(seed=seed)
    for name, title in FOLDERS.items():
        estate.folders[name] = _folder(estate, name, title)
    _hierarchy(estate)
    for number, id_ in enumerate(projects):
        machines = Machines(seed, id_, zones, instances)
        project = estate.projects[id_] = _project(machines)
        project.parent = list(FOLDERS)[number % len(FOLDERS)]
        project.name = id_.replace("-", " ").title()
    stock = Project(STOCK_PROJECT, "300000000001")
    stock.images.add(f"global/images/{STOCK_IMAGE}", storage.stock())
    stock.bindings[f"global/images/{STOCK_IMAGE}"] = _shared("allAuthenticatedUsers")
    estate.public[STOCK_PROJECT] = stock
    return estate


def _folder(estate: Estate, name: str, title: str) -> Resource:
    return {
        "name": name,
        "parent": estate.organization,
        "displayName": title,
        "state": "ACTIVE",
        "createTime": "2024-10-01T08:00:00.000Z",
        "updateTime": "2024-10-01T08:00:00.000Z",
        "etag": 'W/"0f5a6d4b1c2e3f40"',
    }


def _hierarchy(estate: Estate) -> None:
    blocked = {"srcIpRanges": ["192.0.2.128/25"], "layer4Configs": firewall.ports_of("all")}
    iap = {"srcIpRanges": [firewall.IAP], "layer4Configs": firewall.ports_of("tcp", "22", "3389")}
    policies = [
        ("400000000001", estate.organization, "org-guardrails", "deny", blocked),
        ("400000000002", next(iter(FOLDERS)), "workloads-access", "goto_next", iap),
    ]
    for id_, parent, name, action, match in policies:
        rules = [firewall.policy_rule(1000, action, match)]
        estate.policies[id_] = firewall.hierarchical(id_, parent, name, rules)


def _project(machines: Machines) -> Project:
    project = Project(
        machines.project, machines.project_number, machines.all_zones, machines.all_regions
    )
    project.metadata = {"enable-oslogin": "TRUE", "serial-port-enable": "FALSE"}
    project.zonal_metadata = {zone: {"VmDnsSetting": "ZonalOnly"} for zone in machines.zones}
    project.details = _details(machines)
    project.instances = collection(
        map(machines.path, range(machines.count)),
        partial(instances.instance, machines),
        render=instances.renderer(project),
    )
    project.disks = collection(storage.disk_paths(machines), partial(storage.disk, machines))
    project.snapshots = collection(
        storage.snapshot_paths(machines), partial(storage.snapshot, machines)
    )
    project.images.add(f"global/images/{GOLDEN_IMAGE}", storage.golden(machines))
    network.fill(project, machines)
    firewall.fill(project, machines)
    groups.fill(project, machines)
    _bind(project)
    access.fill(project)
    _history(project)
    return project


def _details(machines: Machines) -> Resource:
    return {
        "kind": "compute#project",
        "id": machines.id("compute-project", 0),
        "creationTimestamp": "2024-12-01T08:00:00.000-07:00",
        "name": machines.project,
        "selfLink": machines.link("").rstrip("/"),
        "quotas": [{"metric": "SNAPSHOTS", "limit": 100000.0, "usage": 0.0}],
        "defaultServiceAccount": machines.default_account,
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "defaultNetworkTier": "PREMIUM",
        "vmDnsSetting": "ZONAL_ONLY",
        "cloudArmorTier": "CA_STANDARD",
    }


def _bind(project: Project) -> None:
    """Give some resources an IAM policy of their own."""
    project.bindings[f"global/images/{GOLDEN_IMAGE}"] = policy(
        "roles/compute.imageUser", "group:platform@example.com"
    )
    backup = f"serviceAccount:{BACKUP.format(project.id)}"
    for path in project.snapshots.ids()[::5]:
        project.bindings[path] = policy("roles/compute.storageAdmin", backup)
    for path in project.instances.ids()[::20]:
        project.bindings[path] = policy("roles/compute.osLogin", "group:ops@example.com")


def policy(role: str, *members: str) -> Resource:
    """Make an IAM policy with one binding."""
    return {
        "version": 1,
        "etag": "BwYfKqHnbZc=",
        "bindings": [{"role": role, "members": list(members)}],
    }


def _shared(member: str) -> Resource:
    return policy("roles/compute.imageUser", member)


def _history(project: Project) -> None:
    """Write how the latest snapshots came about."""
    actor = Actor(BACKUP.format(project.id), "10.0.0.9", "google-cloud-sdk gcloud/472.0.0")
    newest = sorted(
        map(project.snapshots.get, project.snapshots.ids()),
        key=lambda made: str(made["creationTimestamp"]),
    )[-FIRST_ENTRIES:]
    for made in newest:
        moment = datetime.fromisoformat(made["creationTimestamp"])
        journal = Journal(project, actor, moment.astimezone(UTC))
        request = {"name": made["name"], "sourceDisk": made["sourceDisk"]}
        path = project.path(made["selfLink"])
        journal.write("snapshots.insert", path, made["id"], request)
