"""What peers mean as intervals, where a text could mislead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.kinds import SECURITY_GROUPS
from tests.policy.pairs import Pair, regions_of


@pytest.mark.parametrize("peer", [{"CidrIpv4": "10.1.2.6/0"}, {"CidrIpv6": "0:0:0:0:0:0:0:0/0"}])
def test_a_whole_family_covers_symbols_however_it_is_written(
    tmp_path: Path, peer: dict[str, str]
) -> None:
    rule = {"IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    usual = {"CidrIpv6": "::/0"} if "CidrIpv6" in peer else {"CidrIpv4": "0.0.0.0/0"}
    group = {**rule, "ReferencedGroupInfo": {"GroupId": "sg-a"}}
    policies = [
        SECURITY_GROUPS.policy(rules)
        for rules in ([{**rule, **usual}, group], [{**rule, **peer}, group])
    ]
    assert regions_of(tmp_path, [Pair(SECURITY_GROUPS, policies[0], policies[1])]) == [[]]
