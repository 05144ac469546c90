"""A store with security groups, network ACLs and interfaces, generated in SQL.

One estate, sealed many times: each snapshot holds more policies that differ from snapshot 1, so
that a comparison with snapshot 1 says what a share of changed policies costs. A changed policy has
in turn a rule added, a rule rewritten as two that mean the same, or a rule narrowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import duckdb

from auditor.baseline.versions import Content
from auditor.collect.clouds import specs
from auditor.config import StoreConfig
from auditor.model import Coverage, Scope, Status
from auditor.store.database import transaction, writing
from auditor.store.tables import ensure_tables

PER_GROUP, PER_NETWORK = 50, 2_500
"""Instances of a security group and of a VPC."""
RULES = 20
"""Rules of a security group."""
SHARES = {3: 0.001, 4: 0.01, 5: 0.1, 6: 1.0}
"""Share of the policies that differ from snapshot 1, by snapshot."""
FRESH = 2
"""The snapshot with new instances and no changed policy."""

_PLACES = [
    (f"{10**11 + n * 7}", region) for n in range(20) for region in ("eu-west-1", "us-east-1")
]
NOW = datetime(2026, 2, 2, tzinfo=UTC)
ALWAYS = "1 AS valid_from, 2147483647 AS valid_to"

_ESTATE = f"""
CREATE MACRO named(kind, n) AS kind || '-0' || left(md5(kind || n), 16);
CREATE TABLE networks AS
SELECT n, named('vpc', n) AS vpc_id, named('acl', n) AS acl_id, p.*,
    'arn:aws:ec2:' || region || ':' || account_id || ':' AS arn
FROM range($instances // {PER_NETWORK} + 1) AS r (n)
JOIN (SELECT unnest($accounts) AS account_id, unnest($regions) AS region,
    unnest(range(len($accounts))) AS place) AS p ON p.place = n % len($accounts);
CREATE TABLE groups AS
SELECT group_number, named('sg', group_number) AS group_id, w.*,
    arn || 'security-group/' || group_id AS group_arn,
    group_number * 7919 % $groups / $groups AS share
FROM range($groups) AS g (group_number)
JOIN networks AS w ON w.n = group_number * {PER_GROUP} // {PER_NETWORK};
CREATE TABLE rules AS
SELECT g.*, group_number * {RULES} + k AS number, k, '' AS part, {ALWAYS},
    CASE WHEN k = 0 THEN '-1' WHEN k = 1 THEN 'icmp' ELSE 'tcp' END AS protocol,
    CASE WHEN k = 0 THEN NULL WHEN k < 6 THEN [8, 443, 80, 22, 5432][k]
        ELSE 8000 + number * 31 % 90 END AS port,
    CASE WHEN k = 0 THEN '0.0.0.0/0' WHEN k % 7 IN (2, 3) THEN NULL
        WHEN k % 3 = 0 THEN concat_ws('.', 10, number % 250, number // 250 % 250, '0/24')
        WHEN k % 3 = 1 THEN concat_ws('.', 10, group_number % 250, '0.0/16')
        ELSE concat_ws('.', 20 + number % 100, number // 100 % 250, number // 25000, '7/32')
        END AS cidr,
    CASE WHEN k % 7 = 2 THEN named('pl', number % 200) END AS list_id,
    CASE WHEN k % 7 = 3 THEN named('sg', group_number // 50 * 50 + number % 50) END AS peer_id
FROM groups AS g
CROSS JOIN range({RULES}) AS r (k);
CREATE TABLE changes AS
SELECT group_number, group_number % 3 AS way,
    list_min(list_filter($snapshots, lambda s, i: share < $shares[i])) AS snapshot
FROM groups;
INSERT INTO rules BY NAME
SELECT r.* REPLACE (snapshot AS valid_from, v.part AS part, v.cidr AS cidr)
FROM rules AS r
JOIN changes USING (group_number)
JOIN LATERAL (VALUES
    (0, 'added', '0.0.0.0/0'),
    (1, 'low', replace(r.cidr, '.0.0/16', '.0.0/17')),
    (1, 'high', replace(r.cidr, '.0.0/16', '.128.0/17')),
    (2, 'narrow', replace(r.cidr, '.0.0/16', '.16.0/20'))
) AS v (way, part, cidr) ON v.way = changes.way
WHERE r.k = 13;
UPDATE rules SET valid_to = snapshot
FROM changes AS c
WHERE c.group_number = rules.group_number AND k = 13 AND part = '' AND way > 0;
CREATE TABLE interfaces AS
SELECT number, w.*, named('i', number) AS instance_id,
    named('eni', number) AS interface_id, named('subnet', w.n * 8 + number % 8) AS subnet_id,
    arn || 'instance/' || instance_id AS instance_arn,
    CASE WHEN number % 2 = 0 THEN [number // {PER_GROUP}]
        ELSE [number // {PER_GROUP}, number // 500 * 10 + number // 2 % 10] END AS numbers,
    number % 16 = 0 AS is_public,
    concat_ws('.', 10, number // 65536, number // 256 % 256, number % 256) AS address,
    1 AS valid_from, 2147483647 AS valid_to
FROM range($instances) AS i (number)
JOIN networks AS w ON w.n = number // {PER_NETWORK};
UPDATE interfaces SET valid_from = {FRESH}, valid_to = {FRESH + 1} WHERE number % 1000 = 7
"""
"""Snapshot `FRESH` has one instance in a thousand that no other one has."""

_ROWS = {
    "aws_ec2_instances": "SELECT *, instance_arn AS resource_id, 'running' AS state "
    "FROM interfaces",
    "aws_ec2_network_interfaces": "SELECT *, arn || 'network-interface/' || interface_id "
    "AS resource_id, list_transform(numbers, lambda n: named('sg', n)) AS security_group_ids, "
    "[address] AS private_ips, is_public AS has_public_ip, false AS has_ipv6, "
    "[]::VARCHAR[] AS ipv6_addresses, []::VARCHAR[] AS ipv4_prefixes, "
    "[]::VARCHAR[] AS ipv6_prefixes FROM interfaces",
    "aws_ec2_security_groups": f"SELECT *, group_arn AS resource_id, account_id AS owner_id, "
    f"{ALWAYS} FROM groups",
    "aws_ec2_security_group_rules": "SELECT *, arn || 'security-group-rule/' "
    "|| named('sgr', number) || part AS resource_id, named('sgr', number) || part AS rule_id, "
    "k = 0 AS is_egress, protocol AS ip_protocol, port AS from_port, "
    "CASE WHEN k = 1 THEN -1 ELSE port END AS to_port, cidr AS cidr_ipv4, "
    "list_id AS prefix_list_id, peer_id AS referenced_group_id FROM rules",
    "aws_ec2_network_acls": "SELECT *, arn || 'network-acl/' || acl_id AS resource_id, "
    f"[named('subnet', n * 8 + s) FOR s IN range(8)] AS subnet_ids, {ALWAYS} FROM networks",
    "aws_ec2_network_acl_entries": "SELECT w.*, arn || 'network-acl/' || acl_id AS "
    "network_acl_arn, concat_ws('/', network_acl_arn, is_egress, rule_number) AS resource_id, "
    "v.*, '-1' AS ip_protocol, '0.0.0.0/0' AS cidr_ipv4, rule_number > 100 AS is_default_entry, "
    f"{ALWAYS} FROM networks AS w CROSS JOIN (VALUES (true, 100, 'allow'), "
    "(false, 100, 'allow'), (true, 32767, 'deny'), (false, 32767, 'deny')) "
    "AS v (is_egress, rule_number, action)",
    "aws_ec2_route_tables": "SELECT *, arn || 'route-table/' || named('rtb', n) AS resource_id, "
    "true AS is_main, []::VARCHAR[] AS subnet_ids, true AS internet_ipv4, "
    f"false AS internet_ipv6, {ALWAYS} FROM networks",
    "aws_ec2_managed_prefix_lists": "SELECT *, arn || 'prefix-list/' || named('pl', range) "
    "AS resource_id, named('pl', range) AS prefix_list_id, 1 AS version, "
    "[concat_ws('.', 60 + range % 100, x, '0.0/16') FOR x IN range(20)] AS entries, "
    f"{ALWAYS} FROM range(200) JOIN networks ON n = 0",
    "aws_ec2_vpc_block_public_access": "SELECT DISTINCT account_id, region, "
    "arn || 'vpc-block-public-access-options' AS resource_id, 'options' AS kind, "
    f"'off' AS block_mode, {ALWAYS} FROM networks",
}
"""SELECT of the rows of each table; columns that the table does not have are left out."""

TABLES = tuple(_ROWS)


def create_estate(config: StoreConfig, instances: int) -> None:
    """Create a store of this many instances, with one group for each `PER_GROUP` of them."""
    values = {
        "instances": instances,
        "groups": instances // PER_GROUP,
        "accounts": [account for account, _ in _PLACES],
        "regions": [region for _, region in _PLACES],
        "snapshots": list(SHARES),
        "shares": list(SHARES.values()),
    }
    with writing(config, now=NOW) as con:
        con.execute("SET lambda_syntax = 'DISABLE_SINGLE_ARROW'")
        for statement in duckdb.extract_statements(_ESTATE):
            con.execute(statement, {n: values[n] for n in statement.named_parameters})
        fill_store(con, _ROWS)


def fill_store(con: duckdb.DuckDBPyConnection, rows: Mapping[str, str]) -> None:
    """Fill the store with the rows that these SELECTs return, by table."""
    with transaction(con):
        ensure_tables(con, specs(), 1)
        for table, sql in rows.items():
            known = [
                name
                for (name,) in con.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE database_name = 'store' "
                    "AND schema_name = 'inventory' AND table_name = ?",
                    [table],
                ).fetchall()
            ]
            cloud = table.partition("_")[0]
            rows = f"SELECT *, md5(resource_id)::UUID AS row_hash, '{cloud}' AS cloud FROM ({sql})"
            given = [c[0] for c in con.execute(f"{rows} LIMIT 0").description or ()]
            shared = ", ".join(f'"{name}"' for name in known if name in given)
            con.execute(
                f"INSERT INTO store.inventory.{table} ({shared}) SELECT {shared} FROM ({rows})"
            )


def compared_scopes() -> tuple[list[Coverage], Content]:
    """Return coverage that is complete, and a baseline that approves snapshot 1."""
    keys = [(t, Scope("aws", *place)) for t in TABLES for place in _PLACES]
    coverage = [Coverage(t, scope, Status.COMPLETE) for t, scope in keys]
    return coverage, Content(dict.fromkeys(keys, (1, "")))
