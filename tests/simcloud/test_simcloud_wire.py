"""What is served uses the names of the service model, and survives XML."""

from __future__ import annotations

import urllib.parse
import urllib.request
from xml.etree import ElementTree

import botocore.session
import pytest

from auditor.simcloud.aws import SimAws, autoscaling, generate, iam, instances, scenarios, wire
from auditor.simcloud.aws.ec2 import ACTIONS

HERE = ("111111111111", "us-east-1")
SCOPE = f"AKIA{HERE[0]}/20260101/{HERE[1]}"


def post(cloud, service="ec2", **form):
    credential = f"Credential={SCOPE}/{service}/aws4_request"
    request = urllib.request.Request(
        cloud.url,
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"AWS4-HMAC-SHA256 {credential}, Signature=0"},
    )
    with urllib.request.urlopen(request) as response:
        return ElementTree.fromstring(response.read())


def unknown(element, shape, path=""):
    """Yield the paths of elements that the model of the service does not have."""
    known = {m.serialization.get("name", k): m for k, m in shape.members.items()}
    for child in element:
        name = child.tag.partition("}")[2]
        member = known.get(name)
        if member is None:
            yield f"{path}/{name}"
        elif member.type_name == "structure":
            yield from unknown(child, member, f"{path}/{name}")
        elif member.type_name == "list":
            for item in child:
                if member.member.type_name == "structure":
                    yield from unknown(item, member.member, f"{path}/{name}")
                else:
                    assert not len(item), f"{path}/{name} should hold texts"
        else:
            assert not len(child), f"{path}/{name} should be text"


@pytest.fixture(scope="module")
def changed():
    """Serve an estate in which as much as possible is there to be shown."""
    estate = generate(instances=400)
    with SimAws(estate) as running:
        scenarios.snapshot_chain(estate, *HERE)
        scenarios.terminate(estate, *HERE)
        yield running


@pytest.fixture(scope="module")
def models():
    session = botocore.session.get_session()
    return {name: session.get_service_model(name) for name in ("ec2", "autoscaling", "iam")}


@pytest.mark.parametrize("action", ACTIONS)
def test_every_element_is_in_the_service_model(changed, models, action):
    region = changed.estate.region(*HERE)
    form = {
        "InstanceId": region.instances.ids()[1],
        "SnapshotId": region.snapshots.ids()[0],
        "ImageId": region.images.ids()[0],
    }
    named = {
        "GetManagedPrefixListEntries": {"PrefixListId": region.prefix_lists.ids()[0]},
        "DescribeLaunchTemplateVersions": {"LaunchTemplateVersion.1": "$Latest"},
    }
    attributes = {
        "DescribeInstanceAttribute": "userData",
        "DescribeSnapshotAttribute": "createVolumePermission",
        "DescribeImageAttribute": "launchPermission",
    }
    form |= named.get(action, {})
    answer = post(changed, Action=action, Attribute=attributes.get(action, ""), **form)
    found = set(unknown(answer, models["ec2"].operation_model(action).output_shape))
    assert found == {"/requestId"}


QUERIES = [("autoscaling", action) for action in autoscaling.LISTINGS] + [
    ("iam", action)
    for action in (*iam.LISTINGS, "GetInstanceProfile", "GetAccountAuthorizationDetails")
]


@pytest.mark.parametrize(("service", "action"), QUERIES)
def test_every_element_of_other_services_too(changed, models, service, action):
    form = {"RoleName": "web-prod", "InstanceProfileName": "web-prod"}
    answer = post(changed, service, Action=action, **form)
    shape = models[service].operation_model(action).output_shape
    result, metadata = answer
    assert answer.tag == f"{{{models[service].metadata['xmlNamespace']}}}{action}Response"
    assert result.tag.endswith(f"}}{shape.serialization['resultWrapper']}")
    assert metadata.tag.endswith("}ResponseMetadata")
    assert set(unknown(result, shape)) == set()
    assert len(result[0])


def test_text_is_escaped(cloud, connect):
    region = cloud.estate.region(*HERE)
    id_ = region.instances.ids()[0]
    value = """<b>&amp; "quoted" 'text' ]]> ünïcode \u2028"""
    region.instances.edit(id_)["tagSet"] = [{"key": "a<b", "value": value}]
    answer = connect().describe_instances(InstanceIds=[id_])
    assert answer["Reservations"][0]["Instances"][0]["Tags"] == [{"Key": "a<b", "Value": value}]


def test_an_edit_replaces_the_rendered_fragment():
    region = generate(instances=10).region(*HERE)
    id_ = region.instances.ids()[2]
    before = region.instances.fragment(id_)
    assert region.instances.fragment(id_) is before
    region.instances.edit(id_)["instanceType"] = "x9.huge"
    assert b"x9.huge" in region.instances.fragment(id_)
    assert 4_000 < len(before) < 5_500
    assert instances.render(region.instances.get(id_)) == region.instances.fragment(id_)


def test_nothing_and_empty():
    assert wire.children({"a": None, "b": [], "c": "", "d": [1, "x"], "e": False}) == (
        "<b/><c></c><d><item>1</item><item>x</item></d><e>false</e>"
    )
