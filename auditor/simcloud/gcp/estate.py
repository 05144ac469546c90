"""The state of a simulated Google Cloud: projects, and the resources of each.

A resource is known by its path within the project, such as `zones/us-central1-a/instances/web-1`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from auditor.simcloud.collection import Collection, Make
from auditor.simcloud.gcp import wire
from auditor.simcloud.gcp.wire import LINK, Resource

NO_POLICY: Resource = {"etag": "ACAB"}
"""What getIamPolicy answers for a resource without bindings."""


def collection(
    paths: Iterable[str] = (),
    make: Make | None = None,
    *,
    render: Callable[[Resource], bytes] = wire.item,
) -> Collection:
    """Return a collection of resources by their path in a project."""
    return Collection(paths, make, render=render, scope_of=scope_of)


@dataclass(slots=True)
class Access:
    """Who may do what in a project."""

    bindings: list[Resource] = field(default_factory=list)
    """Those of the project's own IAM policy."""
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Id of a custom role -> its permissions."""


class Project:
    """A project and its resources."""

    def __init__(
        self, id_: str, number: str, zones: Iterable[str] = (), regions: Iterable[str] = ()
    ) -> None:
        self.id = id_
        self.number = number
        self.name = id_
        self.parent = ""
        """Resource name of the folder that it is in."""
        self.all_zones = tuple(zones)
        """Zones that exist, whether used or not."""
        self.all_regions = tuple(regions)
        self.details: Resource = {}
        """The Compute project without its metadata."""
        self.metadata: dict[str, str] = {}
        """Project-wide instance metadata."""
        self.zonal_metadata: dict[str, dict[str, str]] = {}
        """Zone -> metadata of its instance settings."""
        self.instances = collection()
        self.disks = collection()
        self.snapshots = collection()
        self.images = collection()
        self.machine_images = collection()
        self.templates = collection()
        self.groups = collection()
        self.networks = collection()
        self.subnetworks = collection()
        self.routes = collection()
        self.firewalls = collection()
        self.policies = collection()
        """Network firewall policies, global and regional."""
        self.members: dict[str, list[str]] = {}
        """Path of a managed instance group -> paths of its instances."""
        self.bindings: dict[str, Resource] = {}
        """Path of a resource -> its IAM policy, where it has one."""
        self.access = Access()
        self.entries: list[Resource] = []
        """Audit log entries, oldest first."""
        self.unreachable: set[str] = set()
        """Scopes such as `zones/us-east1-b` that lists cannot reach."""
        self.disabled: set[str] = set()
        """Services such as `compute` whose API is not enabled."""
        self.created = 0
        """Resources that scenarios have added; numbers them."""

    @property
    def collections(self) -> dict[str, Collection]:
        """The collections that Compute lists, by their name in paths."""
        return {
            "instances": self.instances,
            "disks": self.disks,
            "snapshots": self.snapshots,
            "images": self.images,
            "machineImages": self.machine_images,
            "instanceTemplates": self.templates,
            "instanceGroupManagers": self.groups,
            "networks": self.networks,
            "subnetworks": self.subnetworks,
            "routes": self.routes,
            "firewalls": self.firewalls,
            "firewallPolicies": self.policies,
        }

    def link(self, path: str) -> str:
        """Return the link to a resource of this project."""
        return f"{LINK}/projects/{self.id}/{path}"

    def path(self, link: str) -> str:
        """Return the path within the project that a link leads to."""
        return link.removeprefix(self.link(""))

    def set_metadata(self, changes: dict[str, str], zone: str | None = None) -> None:
        """Change the metadata of the project, or of one zone; all instances show the effect."""
        target = self.metadata if zone is None else self.zonal_metadata.setdefault(zone, {})
        target.update(changes)
        self.instances.forget_all()

    def policy(self, path: str) -> Resource:
        """Return the IAM policy of a resource."""
        return self.bindings.get(path, NO_POLICY)

    def warm(self) -> None:
        """Render everything now, so that the first read costs as little as later ones."""
        for collection in self.collections.values():
            for path in collection.ids():
                collection.fragment(path)


@dataclass(slots=True)
class Estate:
    """An organisation: its folders, its projects by id, and its hierarchical policies."""

    organization: str = "organizations/100000000001"
    folders: dict[str, Resource] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    public: dict[str, Project] = field(default_factory=dict)
    """Projects of others whose images anyone may read; no list of projects shows them."""
    policies: dict[str, Resource] = field(default_factory=dict)
    """Numeric id -> hierarchical firewall policy."""
    seed: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while an answer is rendered and while a scenario changes something."""

    def find(self, project: str) -> Project | None:
        """Return a project by id or by number, or one that is public."""
        if project in self.projects:
            return self.projects[project]
        if project in self.public:
            return self.public[project]
        numbers = (p for p in self.projects.values() if p.number == project)
        return next(numbers, None)


def scope_of(path: str) -> str:
    """Return the scope of a path: `zones/Z`, `regions/R` or `global`."""
    return path.rsplit("/", 2)[0]
