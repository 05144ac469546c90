/*
id = "group_member_deviates"
title = "Member of a group is not as its template says"
description = "A new member that the controller lists differs from the template of its group, or was attached without one: what an intruder's instance in the shade of autoscaling looks like."
severity = "medium"
verdicts = ["LOOSENED", "SUSPICIOUS"]
attack = ["T1578.002", "T1036"]
controls = ["nist-800-53-r5:CM-8(3)", "nist-800-53-r5:CM-6"]
tables = ["cohort.members"]
false_positives = "Add-ons that give members interfaces, groups or extensions of their own."
remediation = "Find out who changed or attached it; let the group replace it, and keep its disks as evidence."
*/
WITH told AS (
    SELECT *, list_transform(changed, lambda x: x[1]) AS deviations
    FROM cohort.members
    WHERE status = 'deviating'
)

SELECT
    cloud,
    account_id,
    region,
    resource_id,
    table_name AS resource_type,
    CASE WHEN list_has_any(deviations, [
        'metadata_http_tokens', 'metadata_http_endpoint', 'has_public_ip', 'can_ip_forward',
        'serial_port_enable', 'security_group_ids', 'network_security_group_ids', 'network_tags',
        'secure_boot', 'secure_boot_enabled', 'encryption_at_host'
    ]) THEN 'LOOSENED' ELSE 'SUSPICIOUS' END AS verdict,
    CASE WHEN len(list_filter(deviations, lambda x:
        x NOT IN ('instance_type', 'vm_size', 'machine_type', 'metadata_hop_limit'))) > 0
    THEN 'high' ELSE 'medium' END AS severity,
    'member of ' || regexp_extract(group_resource_id, '[^/]+$') || ', but '
    || array_to_string(list_transform(changed, lambda x:
        x[1] || ' is ' || coalesce(x[3], 'none') || ' and not ' || coalesce(x[2], 'none')), '; ') AS reason,
    to_json(map_from_entries(list_transform(changed, lambda x: {'k': x[1], 'v': x[2]}))) AS before,
    to_json(map_from_entries(list_transform(changed, lambda x: {'k': x[1], 'v': x[3]}))) AS after
FROM told
