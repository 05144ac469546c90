"""Who does something in a simulated account, and the CloudTrail records that it leaves."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.cloudtrail import lookup_entry
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.identities import iam_id
from auditor.simcloud.aws.wire import Resource

MOMENT = "2026-04-01T02:17:43.000Z"
"""When scenarios happen unless they are told: after everything that the generator makes."""
SECONDS = 4
"""Between two calls of one scenario."""
REMOVED = "<sensitiveDataRemoved>"
"""What CloudTrail writes in place of user data."""

RESOURCE = re.compile(r'"((i|vol|snap|sg|ami|eni|subnet|vpc|acl|rtb|igw|lt|pl)-[0-9a-f]{8,17})"')
TYPES = {
    "i": "Instance",
    "vol": "Volume",
    "snap": "Snapshot",
    "sg": "SecurityGroup",
    "ami": "Ami",
    "eni": "NetworkInterface",
    "subnet": "Subnet",
    "vpc": "VPC",
    "acl": "NetworkAcl",
    "rtb": "RouteTable",
    "igw": "InternetGateway",
    "lt": "LaunchTemplate",
    "pl": "PrefixList",
}
"""Prefix of an id -> what LookupEvents calls such a resource."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, or a session of a role, as it appears in CloudTrail."""

    name: str
    """Of the user or role."""
    session: str = ""
    """Of a role; none for a user."""
    path: str = ""
    """Of the role, with its last slash."""
    address: str = "203.0.113.10"
    agent: str = "aws-cli/2.27.41 md/Botocore#2.27.41 os/linux lang/python#3.13"
    service: str = ""
    """The AWS service that acts in this role."""

    def identity(self, account: str, since: str) -> Resource:
        """Return the `userIdentity` of a record; `since` is when the session was opened."""
        if not self.session:
            return {
                "type": "IAMUser",
                "principalId": iam_id("AIDA", account, self.name),
                "arn": f"arn:aws:iam::{account}:user/{self.name}",
                "accountId": account,
                "accessKeyId": iam_id("AKIA", account, self.name),
                "userName": self.name,
            }
        issuer = {
            "type": "Role",
            "principalId": iam_id("AROA", account, self.name),
            "arn": f"arn:aws:iam::{account}:role/{self.path}{self.name}",
            "accountId": account,
            "userName": self.name,
        }
        attributes = {"creationDate": since, "mfaAuthenticated": "false"}
        return {
            "type": "AssumedRole",
            "principalId": f"{issuer['principalId']}:{self.session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{self.name}/{self.session}",
            "accountId": account,
            **({} if self.service else {"accessKeyId": iam_id("ASIA", account, self.name)}),
            "sessionContext": {"sessionIssuer": issuer, "attributes": attributes},
            **({"invokedBy": self.service} if self.service else {}),
        }


ATTACKER = Principal("ci-legacy", address="198.51.100.77")
"""Somebody with the stolen key of an old user."""
PLATFORM = Principal("terraform", session="ci", agent="HashiCorp Terraform/1.12.2 aws-sdk-go-v2")
AUTO_SCALING = Principal(
    "AWSServiceRoleForAutoScaling",
    session="AutoScaling",
    path="aws-service-role/autoscaling.amazonaws.com/",
    address="autoscaling.amazonaws.com",
    agent="autoscaling.amazonaws.com",
    service="autoscaling.amazonaws.com",
)


class Trail:
    """What one principal does in one region from one moment on, a few seconds between calls."""

    def __init__(self, region: Region, who: Principal, moment: str) -> None:
        self.region = region
        self.who = who
        self.moment = moment
        self._start = self._now = datetime.fromisoformat(moment)

    @property
    def millis(self) -> int:
        """The moment as records write it in the answers of EC2."""
        return int(self._start.timestamp() * 1000)

    def record(
        self,
        name: str,
        request: Resource | None = None,
        response: Resource | None = None,
        *,
        read_only: bool = False,
        error: tuple[str, str] | None = None,
    ) -> None:
        """Record a call whose parameters are logged flat, in lower camel case."""
        request_id = self._id("request")
        answer: Resource | None = {"requestId": request_id, **(response or {"_return": True})}
        failure = {"errorCode": error[0], "errorMessage": error[1]} if error else {}
        region, who = self.region, self.who
        record = {
            "eventVersion": "1.11",
            "userIdentity": who.identity(region.account, self._stamp(self._start)),
            "eventTime": self._stamp(self._now),
            "eventSource": "ec2.amazonaws.com",
            "eventName": name,
            "awsRegion": region.name,
            "sourceIPAddress": who.address,
            "userAgent": who.agent,
            **failure,
            "requestParameters": request,
            "responseElements": None if error or read_only else answer,
            "requestID": request_id,
            "eventID": self._id("event"),
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": region.account,
            "eventCategory": "Management",
        }
        text = json.dumps([request, record["responseElements"]])
        resources = [
            {"ResourceType": f"AWS::EC2::{TYPES[kind]}", "ResourceName": id_}
            for id_, kind in dict.fromkeys(RESOURCE.findall(text))
        ]
        region.events.append(lookup_entry(record, resources))
        self._now += timedelta(seconds=SECONDS)

    def record_nested(self, name: str, request: Resource, response: Resource) -> None:
        """Record a call of the newer sort, whose parameters are logged as they were sent."""
        answer = {"xmlns": wire.EC2_NAMESPACE, "requestId": self._id("request"), **response}
        self.record(name, {f"{name}Request": request or ""}, {f"{name}Response": answer})

    def _id(self, kind: str) -> str:
        region = self.region
        text = f"{region.account}/{region.name}/{kind}/{len(region.events)}"
        return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))

    @staticmethod
    def _stamp(moment: datetime) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
