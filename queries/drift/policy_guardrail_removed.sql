/*
id = "policy_guardrail_removed"
title = "Guardrail is gone, or something is exempt from it"
description = "An approved lock, policy assignment, network ACL of a subnet, set of security admin rules or firewall policy no longer holds, though what it protected is still there; or an exemption from a policy, or an exclusion from the block on public access, is new."
severity = "high"
verdicts = ["LOOSENED"]
attack = ["T1578.005", "T1686.001"]
controls = ["nist-800-53-r5:CM-3", "nist-800-53-r5:CM-5", "nist-800-53-r5:SC-7"]
tables = [
    "guardrails", "aws_ec2_subnets", "azure_network_virtual_networks", "gcp_compute_networks",
]
false_positives = "Planned changes that nobody has accepted into the baseline yet; an exemption with an end that was agreed on."
remediation = "Find out who took it away and why; put it back, or accept the finding into the baseline."
*/
WITH networks AS (
    SELECT s.resource_id FROM snapshot.aws_ec2_subnets AS s
    UNION ALL
    SELECT s.resource_id FROM snapshot.azure_network_virtual_networks AS s
    UNION ALL
    SELECT s.resource_id FROM snapshot.gcp_compute_networks AS s
),

-- NOTE: a network that is gone took its rules with it; a lock goes before what it protects can.
gone AS (
    SELECT b.*
    FROM baseline.guardrails AS b
    ANTI JOIN snapshot.guardrails AS s USING (account_id, resource_id, kind)
    WHERE NOT b.is_hole AND (
        b.kind IN ('lock', 'policy assignment') OR b.protects IN (SELECT resource_id FROM networks)
    )
),

holes AS (
    SELECT s.*
    FROM snapshot.guardrails AS s
    ANTI JOIN baseline.guardrails AS b USING (account_id, resource_id, kind)
    WHERE s.is_hole
)

SELECT
    cloud, account_id, region, resource_id,
    table_name AS resource_type,
    kind AS detail_key,
    'LOOSENED' AS verdict,
    CASE WHEN kind IN ('lock', 'exemption') THEN 'medium' ELSE 'high' END AS severity,
    kind || ' "' || name || '" no longer protects '
    || coalesce(regexp_extract(protects, '[^/]+$'), account_id) AS reason,
    json_object('kind', kind, 'name', name, 'protects', protects) AS before,
    NULL AS after
FROM gone
UNION ALL
SELECT
    cloud, account_id, region, resource_id, table_name, kind, 'LOOSENED',
    CASE WHEN kind IN ('lock', 'exemption') THEN 'medium' ELSE 'high' END,
    'new ' || kind || ' "' || name || '" lets '
    || coalesce(regexp_extract(protects, '[^/]+$'), account_id) || ' through',
    NULL,
    json_object('kind', kind, 'name', name, 'lets_through', protects)
FROM holes
