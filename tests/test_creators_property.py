"""What is said of IAM policies, against every request of a small world decided one by one.

Conditions are not evaluated, so a right may be called conditional that always holds, or never. But
what is called unconditional must hold for every request, and what is left out for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collect.aws.policies import evaluate, statements
from auditor.collect.creators import ACTIONS, summary

ADA = "arn:aws:iam::111111111111:user/ada"
ROLE, OTHER_ROLE = "arn:aws:iam::111111111111:role/web", "arn:aws:iam::111111111111:role/x/api"
SUBNET, DISK = "arn:aws:ec2:eu-west-1:1:subnet/s-1", "arn:aws:ec2:eu-west-1:1:volume/v-1"
GROUP = "arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:u:autoScalingGroupName/g"
RESOURCES = {"ec2": [SUBNET, DISK], "iam": [ROLE, OTHER_ROLE], "autoscaling": [GROUP]}
CONDITIONS: list[dict[str, Any] | None] = [None, {"Bool": {"a": "true"}}, {"Bool": {"b": "true"}}]
PATTERNS = ("*", "ec2:*", "EC2:Run*", "ec2:Create*", "iam:PassRole", "autoscaling:*", "s3:*")
WHERE = (
    *("*", "arn:aws:ec2:*", "arn:aws:ec2:*:*:*", "arn:aws:ec2:*:*:subnet/*", DISK, "arn:*:iam::*"),
    *("arn:aws:iam::111111111111:role/*", "arn:aws:iam::*:role/web", "arn:aws-cn:*"),
)


def some(values: tuple[str, ...]) -> st.SearchStrategy[str | list[str]]:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=2)


STATEMENT = st.builds(
    lambda effect, action, what, resource, where, condition: {
        "Effect": effect,
        action: what,
        resource: where,
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Action", "Action", "NotAction"]),
    some(PATTERNS),
    st.sampled_from(["Resource", "Resource", "NotResource"]),
    some(WHERE),
    st.sampled_from(CONDITIONS),
)
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
MORE = st.lists(STATEMENT, max_size=3)
POLICY = MORE | MORE.map(lambda more: [ALL, *more])
"""Few policies would allow anything if half of them did not begin with everything."""


def covers(statement: Mapping[str, Any], key: str, name: str) -> bool:
    positive = key in statement
    value = statement[key if positive else f"Not{key}"]
    values = [value] if isinstance(value, str) else value
    return positive == any(fnmatchcase(name.lower(), pattern.lower()) for pattern in values)


def allowed(
    policy: list[dict[str, Any]], bounds: list[dict[str, Any]] | None, *request: Any
) -> bool:
    """Decide one request: action, resource, and which conditions hold."""
    action, resource, true = request

    def effects(of: list[dict[str, Any]]) -> set[str]:
        return {
            s["Effect"]
            for s in of
            if covers(s, "Action", action)
            and covers(s, "Resource", resource)
            and s.get("Condition") in (None, *true)
        }

    found = effects(policy)
    if bounds is not None:
        within = effects(bounds)
        return "Allow" in found and "Allow" in within and "Deny" not in found | within
    return "Allow" in found and "Deny" not in found


def requests(action: str) -> Iterator[tuple[str, str, list[Any]]]:
    truths = [[c for c, on in zip(CONDITIONS[1:], bits, strict=True) if on]
              for bits in product((False, True), repeat=2)]  # fmt: skip
    for resource, true in product(RESOURCES[action.partition(":")[0]], truths):
        yield action, resource, true


@settings(max_examples=400, deadline=None)
@given(policy=POLICY, bounds=st.none() | POLICY)
def test_no_right_is_missed_and_none_is_called_unlimited_that_has_limits(
    policy: list[dict[str, Any]], bounds: list[dict[str, Any]] | None
) -> None:
    own = list(statements({"Statement": policy}, "p"))
    frame = None if bounds is None else list(statements({"Statement": bounds}, "b"))
    grants, _ = evaluate(own, frame, ADA)
    said = summary(grants)
    for capability, actions in ACTIONS["aws"].items():
        answers = [
            [allowed(policy, bounds, *request) for request in requests(action)]
            for action in actions
        ]
        if capability not in said["capabilities"]:
            assert not any(map(any, answers))
        elif capability not in said["conditional"]:
            assert any(map(all, answers))
