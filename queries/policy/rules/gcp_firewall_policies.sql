/*
cloud = "gcp"
resource_type = "gcp_compute_firewall_policies"
interfaces = "gcp_compute_instances"
title = "Hierarchical firewall policies"
description = "As the organisation lists them; where that was not read, as they are in effect in the first project that shows them, which is how system policies are read, too."
*/
WITH listed AS (
    SELECT *
    FROM gcp_compute_firewall_policy_rules
    WHERE NOT starts_with(policy_id, '//compute.googleapis.com/projects/')
),

in_effect AS (
    SELECT *
    FROM gcp_compute_effective_firewall_rules
    ANTI JOIN listed USING (policy_id)
    QUALIFY account_id = min(account_id) OVER (PARTITION BY policy_id, priority)
),

rules AS (
    SELECT * FROM listed
    UNION ALL BY NAME
    SELECT * FROM in_effect
)

SELECT
    account_id, region, policy_id,
    lower(direction) AS direction,
    priority AS rank,
    gcp_action(action) AS action,
    s.service, p.peer,
    NULL AS source_ports,
    l.local,
    priority::VARCHAR AS rule_id,
    gcp_targets(targets, ineffective_secure_tags) AS targets
FROM rules AS r,
    unnest(or_else(services, '')) AS s (service),
    unnest(or_else(CASE direction
        WHEN 'EGRESS' THEN gcp_peers(dest_ip_ranges, dest_address_groups, dest_fqdns,
            dest_region_codes, dest_threat_intelligences,
            without(dest_secure_tags, ineffective_secure_tags), dest_network_context,
            dest_networks)
        ELSE gcp_peers(src_ip_ranges, src_address_groups, src_fqdns, src_region_codes,
            src_threat_intelligences, without(src_secure_tags, ineffective_secure_tags),
            src_network_context, src_networks)
    END, '*')) AS p (peer),
    unnest(or_else(CASE direction WHEN 'EGRESS' THEN src_ip_ranges ELSE dest_ip_ranges END, NULL))
        AS l (local)
WHERE gcp_holds(disabled, target_secure_tags, src_secure_tags, src_ip_ranges, ineffective_secure_tags)
