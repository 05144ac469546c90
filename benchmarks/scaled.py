"""A store with instances in Auto Scaling groups and churn between two snapshots, made in SQL.

Four of five instances are members; by snapshot 2 a tenth of them was replaced by conforming ones.
Beside them hide members of another image, instances that only claim to be members, and groups
whose template is another one.
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from auditor.baseline.versions import Content
from auditor.config import StoreConfig
from auditor.model import Coverage, Scope, Status
from auditor.store.database import writing
from benchmarks.firewalls import ALWAYS, fill_store

PER_GROUP = 50
"""Members of an Auto Scaling group."""
NOW = datetime(2026, 2, 2, tzinfo=UTC)
PLACES = [(f"{10**11 + n * 7}", region) for n in range(20) for region in ("eu-west-1", "us-east-1")]

_ESTATE = f"""
CREATE MACRO named(kind, n) AS kind || '-0' || left(md5(kind || n), 16);
CREATE TABLE scaling_groups AS
SELECT n, p.*, 'asg-' || n AS group_name, named('lt', n) AS launch_template_id,
    'arn:aws:ec2:' || region || ':' || account_id || ':' AS arn,
    'arn:aws:autoscaling:' || region || ':' || account_id || ':autoScalingGroup:x:' || group_name
        AS group_arn,
    named('ami', n % 40) AS image_id, 'm7i.large' AS instance_type,
    [named('sg', n * 2), named('sg', n * 2 + 1)] AS security_group_ids
FROM range($instances // {PER_GROUP} + 1) AS r (n)
JOIN (SELECT unnest($accounts) AS account_id, unnest($regions) AS region,
    unnest(range(len($accounts))) AS place) AS p ON p.place = n % len($accounts);
CREATE TABLE instances AS
SELECT number, number % 5 > 0 AS is_member, g.*, named('i', number || part) AS instance_id,
    g.arn || 'instance/' || instance_id AS resource_id, part,
    CASE WHEN part = '' THEN 1 ELSE 2 END AS valid_from,
    CASE WHEN part = '' AND is_member AND number % 10 = 7 THEN 2 ELSE 2147483647 END AS valid_to
FROM range($instances) AS i (number)
JOIN scaling_groups AS g ON g.n = number // {PER_GROUP}
JOIN (VALUES (''), ('new')) AS v (part)
    ON part = '' OR number % 10 = 7 OR number % 20000 = 5
"""
"""Of each 20,000 instances one deviates, and one claims to be a member and is none."""

ROWS = {
    "aws_ec2_instances": "SELECT * REPLACE (CASE WHEN part = 'new' AND number % 20000 = 17 "
    "THEN named('ami', 99) ELSE image_id END AS image_id), 'running' AS state, "
    "instance_id AS incarnation_id, named('vpc', n // 50) AS vpc_id, "
    "CASE WHEN number % 5 > 0 OR part = 'new' "
    "THEN json_object('Name', 'web', 'aws:autoscaling:groupName', group_name) "
    "ELSE json_object('Name', 'db-' || number) END AS tags, "
    "'required' AS metadata_http_tokens, false AS has_public_ip FROM instances",
    "aws_autoscaling_groups": "SELECT *, group_arn AS resource_id, group_name AS name, "
    "group_arn AS incarnation_id, '$Latest' AS launch_template_version, "
    f"[launch_template_id || ' $Latest'] AS launch_templates, {ALWAYS} FROM scaling_groups",
    "aws_autoscaling_instances": "SELECT *, '1' AS launch_template_version FROM instances "
    "WHERE is_member",
    "aws_ec2_launch_templates": "SELECT *, arn || 'launch-template/' || launch_template_id "
    "AS resource_id, v.* FROM scaling_groups JOIN (VALUES (false, 1, 1, 2147483647), "
    "(true, 1, 1, 2), (true, 2, 2, 2147483647)) "
    "AS v (is_changed, latest_version, valid_from, valid_to) ON is_changed = (n % 1000 = 3)",
    "aws_ec2_launch_template_versions": "SELECT * REPLACE (CASE WHEN version_number = 2 "
    "THEN named('ami', 98) ELSE image_id END AS image_id), arn || 'launch-template/' "
    "|| launch_template_id || '/' || version_number AS resource_id, "
    "'required' AS metadata_http_tokens FROM scaling_groups JOIN (VALUES "
    "(1, 1, 2147483647), (2, 2, 2147483647)) AS v (version_number, valid_from, valid_to) "
    "ON version_number = 1 OR n % 1000 = 3",
    "aws_ec2_instance_attributes": "SELECT * FROM instances WHERE false",
    "aws_autoscaling_launch_configurations": "SELECT * FROM instances WHERE false",
    "aws_ec2_network_interfaces": "SELECT * REPLACE (arn || 'network-interface/' "
    "|| named('eni', number || part) AS resource_id), instances.resource_id AS instance_arn "
    "FROM instances",
    "aws_ec2_security_groups": "SELECT *, s AS group_id, arn || 'security-group/' || s "
    f"AS resource_id, {ALWAYS} FROM (SELECT *, unnest(security_group_ids) AS s "
    "FROM scaling_groups)",
}
"""SELECT of the rows of each table; columns that the table does not have are left out."""


def create_estate(config: StoreConfig, instances: int) -> None:
    """Create a store with this many instances."""
    values = {
        "instances": instances,
        "accounts": [account for account, _ in PLACES],
        "regions": [region for _, region in PLACES],
    }
    with writing(config, now=NOW) as con:
        con.execute("SET lambda_syntax = 'DISABLE_SINGLE_ARROW'")
        for statement in duckdb.extract_statements(_ESTATE):
            con.execute(statement, {n: values[n] for n in statement.named_parameters})
        fill_store(con, ROWS)


def compared_scopes() -> tuple[list[Coverage], Content]:
    """Return coverage that is complete, and a baseline that approves snapshot 1."""
    keys = [(t, Scope("aws", *place)) for t in ROWS for place in PLACES]
    coverage = [Coverage(t, scope, Status.COMPLETE) for t, scope in keys]
    return coverage, Content(dict.fromkeys(keys, (1, "")))
