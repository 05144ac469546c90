"""Admin Activity entries of Cloud Logging, in the form in which Compute writes them.

A long-running operation leaves two entries with one operation id: the first has the request and
who was authorized, the last says that it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.simcloud.gcp.estate import Project
from auditor.simcloud.gcp.seeding import stamp
from auditor.simcloud.gcp.wire import Resource, fingerprint

ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
AUDIT_LOG = "type.googleapis.com/google.cloud.audit.AuditLog"
MONITORED = {
    "instances": ("gce_instance", "instance_id"),
    "disks": ("gce_disk", "disk_id"),
    "snapshots": ("gce_snapshot", "snapshot_id"),
    "images": ("gce_image", "image_id"),
    "firewalls": ("gce_firewall_rule", "firewall_rule_id"),
    "instanceGroupManagers": ("gce_instance_group_manager", "instance_group_manager_id"),
    "networks": ("gce_network", "network_id"),
}
"""Kind in a path -> type of the monitored resource, and its label for the numeric id."""
PERMISSIONS = {"insert": "create", "createSnapshot": "createSnapshot", "patch": "update"}
CONSOLE = "Mozilla/5.0 (X11; Linux x86_64) Chrome/125.0.0.0,gzip(gfe),gzip(gfe)"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where, and with what."""

    email: str
    address: str
    agent: str
    version: str = "v1"
    """API version that the agent uses: it precedes the method name."""


@dataclass(slots=True)
class Journal:
    """Writes what one actor does in a project, a few seconds apart."""

    project: Project
    actor: Actor
    moment: datetime

    def write(
        self, method: str, path: str, id_: str, request: Resource | None = None, **more: Any
    ) -> None:
        """Write both entries of a long-running operation on a resource.

        `method` is such as `instances.insert`; `more` are further members of the payload.
        """
        self.moment += timedelta(seconds=7)
        text = fingerprint([self.project.id, method, path, len(self.project.entries)])
        millis = int(self.moment.timestamp() * 1000)
        digits = text.encode().hex()[:16]
        operation = {"id": f"operation-{millis}-{digits}", "producer": "compute.googleapis.com"}
        first = self._entry(method, path, id_, more)
        payload = first["protoPayload"]
        payload["authorizationInfo"] = [_granted(method, self.project, path)]
        payload["request"] |= request or {}
        payload["response"] = self._response(method, path, id_, operation["id"])
        first["operation"] = operation | {"first": True}
        self.project.entries.append(first)
        self.moment += timedelta(seconds=4)
        last = self._entry(method, path, id_, more)
        last["operation"] = operation | {"last": True}
        self.project.entries.append(last)

    def note(self, method: str, path: str, id_: str, request: Resource) -> None:
        """Write the only entry of a call that is done at once, such as setIamPolicy."""
        self.moment += timedelta(seconds=7)
        entry = self._entry(method, path, id_, {})
        entry["protoPayload"]["authorizationInfo"] = [_granted(method, self.project, path)]
        entry["protoPayload"]["request"] |= request
        self.project.entries.append(entry)

    def _entry(self, method: str, path: str, id_: str, more: Resource) -> Resource:
        name = f"projects/{self.project.id}" + (f"/{path}" if path else "")
        written = self.moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        payload: Resource = {
            "@type": AUDIT_LOG,
            "serviceName": "compute.googleapis.com",
            "methodName": f"{self.actor.version}.compute.{method}",
            "resourceName": name,
            "authenticationInfo": {
                "principalEmail": self.actor.email,
                "principalSubject": _subject(self.actor.email),
            },
            "requestMetadata": {
                "callerIp": self.actor.address,
                "callerSuppliedUserAgent": self.actor.agent,
                "requestAttributes": {"time": written, "auth": {}},
                "destinationAttributes": {},
            },
            "request": {"@type": f"type.googleapis.com/compute.{method}"},
            "resourceLocation": {"currentLocations": [_location(path)]},
            **more,
        }
        received = (self.moment + timedelta(milliseconds=903)).isoformat(timespec="microseconds")
        seal = fingerprint([name, method, written, len(self.project.entries)])
        return {
            "protoPayload": payload,
            "insertId": seal.encode().hex()[:14],
            "resource": _monitored(self.project, path, id_),
            "timestamp": written,
            "severity": "NOTICE",
            "logName": f"projects/{self.project.id}/logs/{ACTIVITY}",
            "receiveTimestamp": received.replace("+00:00", "432Z"),
        }

    def _response(self, method: str, path: str, id_: str, operation: str) -> Resource:
        began = stamp(self.moment)
        where = path.rsplit("/", 2)[0] if path else "global"
        return {
            "@type": "type.googleapis.com/operation",
            "id": str(int(operation.rpartition("-")[2], 16)),
            "name": operation,
            "operationType": method.rpartition(".")[2],
            "status": "RUNNING",
            "progress": "0",
            "insertTime": began,
            "startTime": began,
            "selfLink": self.project.link(f"{where}/operations/{operation}"),
            "targetId": id_,
            "targetLink": self.project.link(path) if path else self.project.link("").rstrip("/"),
            "user": self.actor.email,
        }


def _granted(method: str, project: Project, path: str) -> Resource:
    kind, _, verb = method.partition(".")
    name = f"projects/{project.id}" + (f"/{path}" if path else "")
    return {
        "granted": True,
        "permission": f"compute.{kind}.{PERMISSIONS.get(verb, verb)}",
        "resource": name,
        "resourceAttributes": {"service": "compute", "name": name, "type": f"compute.{kind}"},
    }


def _monitored(project: Project, path: str, id_: str) -> Resource:
    if not path:
        return {"type": "gce_project", "labels": {"project_id": project.number}}
    scope, kind, name = path.rsplit("/", 2)
    type_, label = MONITORED[kind]
    labels = {"project_id": project.id, label: id_}
    if kind == "instanceGroupManagers":
        labels |= {"location": _location(path), "instance_group_manager_name": name}
    elif scope.startswith("zones/"):
        labels["zone"] = _location(path)
    return {"type": type_, "labels": labels}


def _location(path: str) -> str:
    scope = path.rsplit("/", 2)[0]
    return scope.partition("/")[2] or "global"


def _subject(email: str) -> str:
    machine = email.endswith("gserviceaccount.com")
    return f"{'serviceAccount' if machine else 'user'}:{email}"
