"""The AWS services that are simulated: how each is asked, answers and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from auditor.simcloud.aws import autoscaling, cloudtrail, ec2, iam, organizations, sts, wire
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.sts import Identities, Identity
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.http import Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A call, who makes it, and the estate that it is about."""

    estate: Estate
    identities: Identities
    identity: Identity
    call: Call
    request_id: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service: functions that answer and that render a refusal."""

    answer: Callable[[Asked], Answer]
    error: Callable[[ApiError, str], Answer]
    target: str = ""
    """What precedes the action in the header of a JSON service; none for a query service."""
    is_global: bool = False
    """Whether its calls are about no region, whatever region they are signed for."""


def _query_error(namespace: str) -> Callable[[ApiError, str], Answer]:
    return partial(_render, namespace)


def _render(namespace: str, error: ApiError, request_id: str) -> Answer:
    return wire.query_error(error, namespace, request_id)


SERVICES = {
    "ec2": Service(lambda a: ec2.answer(a.estate, a.call, a.request_id), wire.ec2_error),
    "sts": Service(
        lambda a: sts.answer(a.estate, a.identities, a.identity, a.call, a.request_id),
        _query_error(wire.STS_NAMESPACE),
    ),
    "autoscaling": Service(
        lambda a: autoscaling.answer(a.estate, a.call, a.request_id),
        _query_error(wire.AUTOSCALING_NAMESPACE),
    ),
    "iam": Service(
        lambda a: iam.answer(a.estate, a.call, a.request_id),
        _query_error(wire.IAM_NAMESPACE),
        is_global=True,
    ),
    "organizations": Service(
        lambda a: organizations.answer(a.estate, a.call),
        wire.json_error,
        target=organizations.TARGET,
    ),
    "cloudtrail": Service(
        lambda a: cloudtrail.answer(a.estate, a.call), wire.json_error, target=cloudtrail.TARGET
    ),
}


def read_call(
    service: str, account: str, region: str, key: str, headers: Mapping[str, str], body: bytes
) -> Call:
    """Read what a request to a service asks for."""
    target = SERVICES[service].target
    if SERVICES[service].is_global:
        region = "global"
    if not target:
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        return Call(service, form.get("Action", ""), account, region, key, form)
    action = headers.get("X-Amz-Target", "").removeprefix(target)
    try:
        params = json.loads(body or b"{}")
    except ValueError as exc:
        raise ApiError("SerializationException", "the body is not JSON") from exc
    return Call(service, action, account, region, key, params)
