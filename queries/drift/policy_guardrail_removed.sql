/*
id = "policy_guardrail_removed"
title = "Guardrail is gone, or something is exempt from it"
description = "An approved lock, policy assignment, network ACL of a subnet, set of security admin rules, firewall policy or block on public access no longer holds, or for less, though what it protected is still there; or an exemption from a policy, or an exclusion from the block, is new or wider. What the rules of a guardrail allow is told by policy_loosened."
severity = "high"
verdicts = ["LOOSENED"]
attack = ["T1578.005", "T1686.001"]
controls = ["nist-800-53-r5:CM-3", "nist-800-53-r5:CM-5", "nist-800-53-r5:SC-7", "aws-fsbp:EC2.172"]
tables = [
    "guardrails", "aws_ec2_subnets", "azure_network_virtual_networks", "gcp_compute_networks",
]
false_positives = "Planned changes that nobody has accepted into the baseline yet; an exemption with an end that was agreed on."
remediation = "Find out who took it away and why; put it back, or accept the finding into the baseline."
*/
WITH before AS (
    SELECT b.*, concat_ws(' of ', b.part, b.protects) AS place FROM baseline.guardrails AS b
),

after AS (
    SELECT s.*, concat_ws(' of ', s.part, s.protects) AS place FROM snapshot.guardrails AS s
),

networks AS (
    SELECT s.resource_id FROM snapshot.aws_ec2_subnets AS s
    UNION ALL
    SELECT s.resource_id FROM snapshot.azure_network_virtual_networks AS s
    UNION ALL
    SELECT s.resource_id FROM snapshot.gcp_compute_networks AS s
),

-- NOTE: a network that is gone took its rules with it; a lock goes before what it protects can.
changed AS (
    SELECT 'no longer protects ' AS said, '' AS ending, before.*
    FROM before
    ANTI JOIN after USING (account_id, resource_id, kind, place)
    WHERE NOT is_hole AND (
        kind IN ('lock', 'policy assignment', 'block on public access')
        OR protects IN (SELECT resource_id FROM networks)
    )
    UNION ALL
    SELECT 'now lets ', ' through', after.*
    FROM after ANTI JOIN before USING (account_id, resource_id, kind, place)
    WHERE is_hole
),

told AS (
    SELECT
        cloud, account_id, region, resource_id, table_name, kind, is_hole,
        kind || ' "' || min(name) || '" ' || said || string_agg(
            concat_ws(' of ', part, coalesce(regexp_extract(protects, '[^/]+$'), account_id)),
            ', ' ORDER BY place
        ) || ending AS reason,
        json_object('kind', kind, 'name', min(name), 'for', list(place ORDER BY place)) AS content
    FROM changed
    GROUP BY cloud, account_id, region, resource_id, table_name, kind, is_hole, said, ending
)

SELECT
    cloud, account_id, region, resource_id,
    table_name AS resource_type,
    kind AS detail_key,
    'LOOSENED' AS verdict,
    CASE WHEN kind IN ('lock', 'exemption') THEN 'medium' ELSE 'high' END AS severity,
    reason,
    CASE WHEN NOT is_hole THEN content END AS before,
    CASE WHEN is_hole THEN content END AS after
FROM told
