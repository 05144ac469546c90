/*
id = "instance_extension_added"
title = "Code brought into an approved machine"
description = "An approved machine got an extension or a run command that it did not have: the agent in the guest runs it as administrator. Told by publisher and type, since whoever adds it chooses its name."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1651", "T1059.009", "T1578.005"]
controls = ["nist-800-53-r5:CM-5", "nist-800-53-r5:CM-8(3)"]
tables = ["azure_compute_virtual_machine_extensions", "azure_compute_virtual_machine_run_commands", "instances"]
false_positives = "Agents that a policy installs on every machine: approve them once."
remediation = "Find out who added it and what it ran; remove it, and look at the machine as at one whose administrator is unknown."
*/
WITH told AS (
    SELECT cloud, account_id, region, resource_id, machine_id,
        coalesce(type_key, 'unknown') AS program,
        'extension ' || coalesce(publisher || '.' || type, 'of an unknown type') AS what,
        settings_sha256 AS content,
        regexp_matches(program, 'customscript|vmaccess|runcommand|/dsc$') AS is_shell
    FROM snapshot.azure_compute_virtual_machine_extensions
    UNION ALL
    SELECT cloud, account_id, region, resource_id, machine_id, resource_id,
        'run command ' || regexp_extract(resource_id, '[^/]+$'), script_sha256, true
    FROM snapshot.azure_compute_virtual_machine_run_commands
),

approved AS (
    SELECT account_id, machine_id, coalesce(type_key, 'unknown') AS program
    FROM baseline.azure_compute_virtual_machine_extensions
    UNION ALL
    SELECT account_id, machine_id, resource_id FROM baseline.azure_compute_virtual_machine_run_commands
)

SELECT
    t.cloud,
    t.account_id,
    t.region,
    t.machine_id AS resource_id,
    s.table_name AS resource_type,
    regexp_extract(t.resource_id, '[^/]+/[^/]+$') AS detail_key,
    'SUSPICIOUS' AS verdict,
    if(t.is_shell, 'high', 'medium') AS severity,
    t.what || ' added' || if(t.is_shell, ': it runs whatever it is given', '') AS reason,
    NULL AS before,
    json_object('added', t.resource_id, 'content_sha256', t.content) AS after
FROM told AS t
-- NOTE: what a new machine or a recreated one brings along belongs to the finding about it.
JOIN snapshot.instances AS s ON s.account_id = t.account_id AND s.resource_id = t.machine_id
JOIN baseline.instances AS b ON b.account_id = s.account_id AND b.resource_id = s.resource_id
    AND b.incarnation_id IS NOT DISTINCT FROM s.incarnation_id
ANTI JOIN approved AS a
    ON a.account_id = t.account_id AND a.machine_id = t.machine_id AND a.program = t.program
