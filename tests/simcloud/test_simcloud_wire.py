"""What is served uses the names of the service model, and survives XML."""

from __future__ import annotations

import urllib.parse
import urllib.request
from xml.etree import ElementTree

import botocore.session
import pytest

from auditor.simcloud.aws import generate, instances, scenarios, wire
from auditor.simcloud.aws.ec2 import ACTIONS

HERE = ("111111111111", "us-east-1")
SCOPE = f"AKIA{HERE[0]}/20260101/{HERE[1]}/ec2/aws4_request"


def post(cloud, **form):
    request = urllib.request.Request(
        cloud.url,
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, Signature=0"},
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
        elif member.type_name == "list" and member.member.type_name == "structure":
            for item in child:
                yield from unknown(item, member.member, f"{path}/{name}")
        else:
            assert not len(child), f"{path}/{name} should be text"


@pytest.fixture(scope="module")
def model():
    return botocore.session.get_session().get_service_model("ec2")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_element_is_in_the_service_model(cloud, model, action):
    scenarios.snapshot_chain(cloud.estate, *HERE)
    scenarios.terminate(cloud.estate, *HERE)
    region = cloud.estate.region(*HERE)
    form = {
        "InstanceId": region.instances.ids()[1],
        "SnapshotId": region.snapshots.ids()[0],
        "ImageId": region.images.ids()[0],
    }
    attributes = {
        "DescribeInstanceAttribute": "userData",
        "DescribeSnapshotAttribute": "createVolumePermission",
        "DescribeImageAttribute": "launchPermission",
    }
    answer = post(cloud, Action=action, Attribute=attributes.get(action, ""), **form)
    found = set(unknown(answer, model.operation_model(action).output_shape))
    assert found == {"/requestId"}


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
