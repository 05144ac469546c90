"""Which instances a change gets to: those behind the policy, at the addresses that it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.policy.world import compared

NET = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"
    "Microsoft.Network"
)
GROUP = {"id": f"{NET}/networkSecurityGroups/web", "name": "web", "location": "westeurope"}


def machine(number: int, network: str = "10.0.0") -> dict[str, list[dict[str, Any]]]:
    vm = f"{NET}/virtualMachines/vm-{number}"
    configuration = {
        "privateIPAddress": f"{network}.{number}",
        "subnet": {"id": f"{NET}/virtualNetworks/n/subnets/s"},
    }
    return {
        "azure_compute_virtual_machines": [
            {"id": vm, "name": f"vm-{number}", "location": "westeurope"}
        ],
        "azure_network_interfaces": [
            {
                "id": f"{NET}/networkInterfaces/nic-{number}",
                "name": f"nic-{number}",
                "location": "westeurope",
                "properties": {
                    "virtualMachine": {"id": vm},
                    "networkSecurityGroup": {"id": GROUP["id"]},
                    "ipConfigurations": [{"properties": configuration}],
                },
            }
        ],
    }


def rule(destination: str) -> dict[str, Any]:
    return {
        "id": f"{GROUP['id']}/securityRules/ssh",
        "name": "ssh",
        "_owner": GROUP,
        "properties": {
            "direction": "Inbound",
            "access": "Allow",
            "priority": 100,
            "protocol": "Tcp",
            "sourcePortRange": "*",
            "destinationPortRange": "22",
            "sourceAddressPrefix": "10.0.0.0/8",
            "destinationAddressPrefix": destination,
        },
    }


def reasons(folder: Path, destination: str) -> list[str]:
    estate: dict[str, list[Any]] = {"azure_network_security_groups": [GROUP]}
    for number in (4, 5):
        for table, raws in machine(number).items():
            estate.setdefault(table, []).extend(raws)
    after = {**estate, "azure_network_security_group_rules": [rule(destination)]}
    with compared(folder, estate, after) as con:
        return [r for (r,) in con.execute("SELECT reason FROM policy.changes").fetchall()]


def test_a_rule_for_one_address_gets_to_its_instance_only(tmp_path: Path) -> None:
    (reason,) = reasons(tmp_path, "10.0.0.4/32")
    assert reason == (
        'tcp/22 now also from 10.0.0.0/8 at 10.0.0.4/32 (rule ssh added); in "web"; applies to vm-4'
    )


def test_a_rule_for_a_network_gets_to_all_in_it(tmp_path: Path) -> None:
    (reason,) = reasons(tmp_path, "10.0.0.0/24")
    assert reason.endswith("applies to vm-4, vm-5")


def test_a_rule_for_an_address_that_nobody_has_is_latent(tmp_path: Path) -> None:
    (reason,) = reasons(tmp_path, "10.0.0.9")
    assert reason.endswith("latent: another layer of every instance still decides")


def test_a_policy_that_only_a_new_instance_uses_is_not_latent(tmp_path: Path) -> None:
    before: dict[str, list[Any]] = {"azure_network_security_groups": [GROUP]}
    after = before | machine(4) | {"azure_network_security_group_rules": [rule("*")]}
    with compared(tmp_path, before, after) as con:
        ((reason,),) = con.execute("SELECT reason FROM policy.changes").fetchall()
    assert reason.endswith('in "web"; applies to vm-4')
