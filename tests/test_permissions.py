"""`audit permissions`: a run asks for what it declares, and declares nothing that it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.collect import engine
from auditor.collect.catalog import CLOUDS, all_tables
from auditor.collect.clouds import session_permissions
from auditor.collect.permissions import FORMATS, policy, required
from auditor.collect.progress import Progress
from auditor.collect.table import ResourceTable
from auditor.config import Config
from auditor.model import Status
from auditor.simcloud import Fault, SimCloud
from auditor.simcloud.aws import SimAws
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from auditor.simcloud.http import Request
from tests import aws_login, gcp_stub
from tests.granted import asked, declared, in_policy
from tests.harness import section

ROLE = "audit-reader"
ON: dict[str, dict[str, Any]] = {
    "aws": {
        "instance_attributes": True,
        "iam": True,
        "instance_creators": True,
        "cloudtrail": True,
    },
    "azure": {"instance_attributes": True, "instance_creators": True, "activity_log": True},
    "gcp": {"iam": True, "instance_creators": True, "audit_log": True},
}
"""The keys that tables hang on, all true."""
WHERE: dict[str, list[dict[str, Any]]] = {
    "aws": [
        {"regions": ["us-east-1"]},
        {"regions": []},
        {"accounts": [{"role_arn": f"arn:aws:iam::222222222222:role/{ROLE}"}]},
        {"organization": {"role_name": ROLE}},
    ],
    "azure": [{}, {"subscriptions": []}],
    "gcp": [{}, {"projects": [], "organization": True}, {"projects": [], "folder": True}],
}
"""Ways to say which accounts and regions are read."""
EVERYWHERE = {"aws": WHERE["aws"][3], "azure": WHERE["azure"][1], "gcp": WHERE["gcp"][1]}
"""The way that reads all there is."""
READS = ("Describe", "Get", "List", "Lookup")
"""How the names of AWS actions that read begin."""
ADMIN_RULES = (
    "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action"
)
"""The one listing of Azure that is a POST."""
NAMED = {
    "aws": ("aws_ec2_managed_prefix_lists", "aws_ec2_subnets"),
    "azure": ("azure_network_service_tags", "azure_compute_disks"),
    "gcp": ("gcp_compute_managed_instances", "gcp_compute_disks"),
}
"""A table with several permissions, and one whose permission no other table needs."""
DENIED = {
    "aws": ("aws_ec2_vpcs", "DescribeVpcs", "ec2:DescribeVpcs"),
    "azure": ("azure_compute_disks", "Microsoft.Compute/disks", "Microsoft.Compute/disks/read"),
    "gcp": ("gcp_compute_disks", "disks.aggregatedList", "compute.disks.list"),
}
"""A table, the call that it makes to the simulated cloud, and the permission for it."""


def _without_rules(sim: SimGcp) -> None:
    """Add policies that the lists show without their rules, so that they are read alone."""
    estate = sim.estate
    some = next(iter(estate.policies.values()))
    bare = {key: value for key, value in some.items() if key != "rules"} | {"associations": []}
    link = bare["selfLink"].rpartition("/")[0]
    estate.policies["77"] = {**bare, "id": "77", "name": "77", "selfLink": f"{link}/77"}
    project = next(iter(estate.projects.values()))
    for scope in ("global", "regions/us-central1"):
        path = f"{scope}/firewallPolicies/bare"
        more = {"region": project.link(scope)} if scope != "global" else {}
        project.policies.add(
            path, {**bare, "id": "78", "name": "bare", "selfLink": project.link(path), **more}
        )


@pytest.fixture(scope="module")
def clouds() -> Iterator[dict[str, SimCloud]]:
    accounts = ("111111111111", "222222222222")
    aws = SimAws(aws_estate(accounts=accounts, regions=("us-east-1",), instances=12, seed=7))
    azure = SimAzure(azure_estate(locations=("eastus",), machines=12, seed=7))
    gcp = SimGcp(gcp_estate(projects=["acme-one"], instances=12, seed=7))
    _without_rules(gcp)
    with aws, azure, gcp:
        yield {"aws": aws, "azure": azure, "gcp": gcp}


@pytest.fixture(autouse=True)
def environment(clouds: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws_login.use_environment(monkeypatch, tmp_path)
    gcp_stub.use_environment(monkeypatch)
    for name, value in clouds["aws"].environment().items():
        monkeypatch.setenv(name, value)


def configured(sim: Any, cloud: str, keys: Mapping[str, Any], tables: list[str]) -> Config:
    """Return the configuration that reads some tables of one simulated cloud."""
    base = {"enabled": True} if cloud == "aws" else sim.configuration()
    chosen = {**base, **keys}
    if chosen.get("organization") is True:
        chosen["organization"] = sim.estate.organization
    if chosen.get("folder") is True:
        chosen["folder"] = next(iter(sim.estate.folders))
    others = {other: {"enabled": False} for other in CLOUDS if other != cloud}
    return Config.model_validate({"run": {"tables": tables}, **others, cloud: chosen})


def sent(sim: SimCloud, config: Config) -> list[Request]:
    """Return the requests of a run, in which everything that is asked for can be read."""
    context = aws_login.quick()
    with sim.recording() as requests:
        found = engine.collect(config, lambda *_: None, context=context, progress=Progress())
    for coverage in found:
        assert coverage.status in (Status.COMPLETE, Status.SKIPPED), coverage
    assert any(coverage.status == Status.COMPLETE for coverage in found)
    return requests


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.name)
def test_a_table_asks_for_what_it_declares(
    table: ResourceTable, clouds: dict[str, SimCloud]
) -> None:
    cloud = table.cloud
    where = WHERE["aws"][0] if cloud == "aws" else EVERYWHERE[cloud]
    config = configured(clouds[cloud], cloud, {**where, **ON[cloud]}, [table.name])
    own = declared(cloud, session_permissions(cloud, config))
    used = asked(cloud, sent(clouds[cloud], config))
    assert used - own == declared(cloud, table.permissions)
    assert used == declared(cloud, required(config, cloud))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_run_of_everything_asks_for_everything(cloud: str, clouds: dict[str, SimCloud]) -> None:
    config = configured(clouds[cloud], cloud, {**EVERYWHERE[cloud], **ON[cloud]}, ["*"])
    used = asked(cloud, sent(clouds[cloud], config))
    tables = [table for table in all_tables() if table.cloud == cloud]
    assert used == declared(cloud, required(config, cloud))
    assert used > declared(cloud, [p for table in tables for p in table.permissions])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_is_switched_off_is_not_declared(cloud: str, clouds: dict[str, SimCloud]) -> None:
    off = {**EVERYWHERE[cloud], **dict.fromkeys(ON[cloud], False)}
    config = configured(clouds[cloud], cloud, off, ["*"])
    everything = configured(clouds[cloud], cloud, {**off, **ON[cloud]}, ["*"])
    used = asked(cloud, sent(clouds[cloud], config))
    assert used == declared(cloud, required(config, cloud))
    assert used < declared(cloud, required(everything, cloud))


@pytest.mark.parametrize(
    ("cloud", "where"), [(cloud, where) for cloud in CLOUDS for where in WHERE[cloud]]
)
def test_each_way_to_the_accounts_is_declared(
    cloud: str, where: dict[str, Any], clouds: dict[str, SimCloud]
) -> None:
    few = {"aws": "aws_ec2_vpcs", "azure": "azure_compute_disks", "gcp": "gcp_compute_disks"}
    config = configured(clouds[cloud], cloud, where, [few[cloud]])
    assert asked(cloud, sent(clouds[cloud], config)) == declared(cloud, required(config, cloud))


def test_the_roles_of_the_accounts_do_not_need_what_the_starter_needs(
    clouds: dict[str, SimCloud],
) -> None:
    config = configured(clouds["aws"], "aws", EVERYWHERE["aws"], ["aws_ec2_vpcs"])
    requests = sent(clouds["aws"], config)
    of_role = [request for request in requests if request.headers.get("X-Amz-Security-Token")]
    first, *starter = json.loads(policy(config, "aws", "json"))["Statement"]
    assert asked("aws", of_role) == set(first["Action"])
    assert {s["Action"] for s in starter} == {"organizations:ListAccounts", "sts:AssumeRole"}
    assert {s["Action"]: s["Resource"] for s in starter}["sts:AssumeRole"] == [
        f"arn:aws:iam::*:role/{ROLE}"
    ]


def test_policies_of_folders_are_read_where_there_is_a_folder() -> None:
    run = {"tables": ["gcp_compute_firewall_policies"]}
    for keys in ({"projects": ["one"]}, {"projects": ["one"], "folder": "8"}):
        config = Config.model_validate({"run": run, "gcp": keys})
        assert bool(required(config, "gcp")) == ("folder" in keys)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_only_reads_are_declared(cloud: str) -> None:
    config = Config.model_validate({cloud: {**ON[cloud]}})
    for permission in required(config, cloud):
        name = re.split(r"[:./]", permission)[-1]
        if cloud == "aws":
            assert name.startswith(READS), permission
        elif cloud == "azure":
            assert name == "read" or permission == ADMIN_RULES
        else:
            assert name.startswith(("get", "list")), permission


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_is_printed_is_what_is_required(cloud: str, form: str, tmp_path: Path) -> None:
    def shown(toml: str) -> set[str]:
        (tmp_path / "audit.toml").write_text(toml)
        arguments = ["permissions", cloud, "--config", str(tmp_path / "audit.toml")]
        done = CliRunner().invoke(app, [*arguments, "--format", form])
        assert done.exit_code == 0, done.output
        return in_policy(done.stdout, form, cloud)

    keys = "".join(f"{key} = true\n" for key in ON[cloud])
    plain, full = shown(""), shown(f"[{cloud}]\n{keys}")
    assert plain == set(required(Config(), cloud))
    assert full == set(required(Config.model_validate({cloud: ON[cloud]}), cloud))
    assert plain < full
    one, another = NAMED[cloud]
    own = set(session_permissions(cloud, Config()))
    only = shown(f'[run]\ntables = ["{one}"]\n')
    assert only - own == {p for t in all_tables() if t.name == one for p in t.permissions}
    rest = shown(f'[run]\nskip_tables = ["{another}"]\n')
    assert plain - rest == {p for t in all_tables() if t.name == another for p in t.permissions}


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ({}, ["google_project_iam_custom_role"]),
        ({"projects": ["one"]}, ["google_project_iam_custom_role", 'project     = "one"']),
        (
            {"projects": ["two", "one"]},
            ['for_each    = toset(["one", "two"])', "project     = each.value"],
        ),
        (
            {"organization": "organizations/7"},
            ["google_organization_iam_custom_role", 'org_id      = "7"'],
        ),
        ({"organization": "7"}, ['org_id      = "7"']),
        ({"folder": "8"}, ["google_organization_iam_custom_role", 'org_id      = "000000000000"']),
    ],
)
def test_the_role_of_google_cloud_is_where_it_can_be_granted(
    keys: dict[str, Any], lines: list[str]
) -> None:
    text = policy(Config.model_validate({"gcp": keys}), "gcp", "terraform")
    assert all(line in text for line in lines), text


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_doctor_names_what_is_missing_and_not_what_is_off(
    cloud: str, clouds: dict[str, SimCloud], tmp_path: Path
) -> None:
    table, action, permission = DENIED[cloud]
    off = dict.fromkeys(ON[cloud], False)
    config = configured(clouds[cloud], cloud, {**WHERE[cloud][0], **off}, ["*"])
    sections = config.model_dump(exclude_unset=True)
    (tmp_path / "audit.toml").write_text("".join(section(*item) for item in sections.items()))
    doctor = ["doctor", "--config", str(tmp_path / "audit.toml")]
    done = CliRunner().invoke(app, doctor)
    assert (done.exit_code, "checks passed" in done.stdout) == (0, True), done.output
    clouds[cloud].inject(Fault("deny", action=action))
    try:
        done = CliRunner().invoke(app, doctor)
    finally:
        clouds[cloud].inject()
    assert done.exit_code == 4, done.output
    assert table in done.stdout
    assert f"Missing permissions: {permission}\n" in done.stdout
    assert done.stdout.endswith(f"The whole policy: audit permissions {cloud}\n")
