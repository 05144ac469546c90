"""The state of a simulated Google Cloud: projects, and the resources of each.

A collection knows the names of all its resources but makes a resource only when it is asked for,
so that an estate of a million instances costs little more than their names. What a scenario
touches is kept; what is only read is made again, or served from the cache of rendered fragments.

A resource is known by its path within the project, such as `zones/us-central1-a/instances/web-1`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from auditor.simcloud.gcp import wire
from auditor.simcloud.gcp.wire import LINK, Resource

CACHED_BYTES = 1_500_000_000
"""Rendered fragments that one collection keeps; beyond that it renders on each read."""
NO_POLICY: Resource = {"etag": "ACAB"}
"""What getIamPolicy answers for a resource without bindings."""


class Collection:
    """Resources of one kind in one project, by scope and in the order in which they are listed."""

    def __init__(
        self,
        paths: Iterable[str] = (),
        make: Callable[[int], Resource] | None = None,
        *,
        render: Callable[[Resource], bytes] = wire.item,
    ) -> None:
        self._index = {path: index for index, path in enumerate(paths)}
        self._scopes: dict[str, list[str]] = {}
        for path in self._index:
            self._scopes.setdefault(scope_of(path), []).append(path)
        self._make = make
        self._render = render
        self._owned: dict[str, Resource] = {}
        self._fragments: dict[str, bytes] = {}
        self._cached = 0

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, path: object) -> bool:
        return path in self._index

    def scope(self, scope: str) -> list[str]:
        """Return the paths in a zone, in a region or in `global`, in listing order."""
        return self._scopes.get(scope, [])

    def paths(self) -> list[str]:
        """Return all paths, scope by scope."""
        return [path for scope in sorted(self._scopes) for path in self._scopes[scope]]

    def get(self, path: str) -> Resource:
        """Return a resource to read; changes to it may be lost, see `edit`."""
        owned = self._owned.get(path)
        if owned is not None:
            return owned
        index = self._index[path]
        if self._make is None:
            raise KeyError(path)
        return self._make(index)

    def edit(self, path: str) -> Resource:
        """Return a resource to change in place, while holding the lock of the estate."""
        resource = self._owned[path] = self.get(path)
        self.forget(path)
        return resource

    def forget(self, path: str) -> None:
        """Drop the rendered fragment of a resource."""
        self._cached -= len(self._fragments.pop(path, b""))

    def forget_all(self) -> None:
        """Drop all rendered fragments: something that all of them show has changed."""
        self._fragments.clear()
        self._cached = 0

    def add(self, path: str, resource: Resource) -> None:
        """List a new resource after all others of its scope."""
        if path in self._index:
            raise ValueError(f"{path} exists already")
        self._index[path] = -1
        self._scopes.setdefault(scope_of(path), []).append(path)
        self._owned[path] = resource

    def remove(self, path: str) -> None:
        """Stop listing a resource."""
        del self._index[path]
        self._scopes[scope_of(path)].remove(path)
        self._owned.pop(path, None)
        self.forget(path)

    def shuffle(self, rng: random.Random) -> None:
        """List the same resources in another order."""
        for scope in sorted(self._scopes):
            rng.shuffle(self._scopes[scope])

    def fragment(self, path: str) -> bytes:
        """Return the JSON of a resource."""
        cached = self._fragments.get(path)
        if cached is None:
            cached = self._render(self.get(path))
            if self._cached < CACHED_BYTES:
                self._fragments[path] = cached
                self._cached += len(cached)
        return cached


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
        self.instances = Collection()
        self.disks = Collection()
        self.snapshots = Collection()
        self.images = Collection()
        self.machine_images = Collection()
        self.templates = Collection()
        self.groups = Collection()
        self.networks = Collection()
        self.subnetworks = Collection()
        self.routes = Collection()
        self.firewalls = Collection()
        self.policies = Collection()
        """Network firewall policies, global and regional."""
        self.members: dict[str, list[str]] = {}
        """Path of a managed instance group -> paths of its instances."""
        self.bindings: dict[str, Resource] = {}
        """Path of a resource -> its IAM policy, where it has one."""
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
            for path in collection.paths():
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
