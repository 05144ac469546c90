/*
id = "size_first_used"
title = "Machine size that the account never used"
description = "Instances have a size, or accelerators, that no approved instance of their account has: new ones and ones that were resized, one finding for each region and size. Sizes with graphics cards or other accelerators, which crypto-mining is after, are high. Members that their group explains, and those whose groups were not read, are left out."
severity = "low"
verdicts = ["SUSPICIOUS"]
attack = ["T1496.001", "T1578.002", "T1578.005"]
controls = ["nist-800-53-r5:CM-8(3)", "nist-800-53-r5:SI-4"]
tables = ["instances", "gcp_compute_instances", "cohort.explained", "cohort.unsure"]
false_positives = "A new generation of machines, or a workload that was planned."
remediation = "Find out who uses it and what for; limit sizes with an organisation policy or quota where nobody should need them."
*/
WITH now AS (
    SELECT s.cloud, s.account_id, s.region, s.resource_id, s.instance_type,
        regexp_replace(array_to_string(g.cards, ' '), ':\d+', '', 'g') AS cards
    FROM snapshot.instances AS s
    LEFT JOIN (
        SELECT s.resource_id, s.accelerators AS cards
        FROM snapshot.gcp_compute_instances AS s WHERE len(s.accelerators) > 0
    ) AS g USING (resource_id)
    WHERE s.instance_type IS NOT NULL
),

known AS (
    SELECT DISTINCT b.cloud, b.account_id, b.instance_type FROM baseline.instances AS b
),

known_cards AS (
    SELECT DISTINCT b.account_id,
        regexp_replace(array_to_string(b.accelerators, ' '), ':\d+', '', 'g') AS cards
    FROM baseline.gcp_compute_instances AS b WHERE len(b.accelerators) > 0
),

unseen AS (
    SELECT *, concat_ws(' with ', instance_type, cards) AS size,
        cards IS NOT NULL OR regexp_matches(
            lower(instance_type),
            CASE cloud
                WHEN 'aws' THEN '^(p[2-9]|gr?[3-9]|(inf|trn|dl|vt|f)[1-9])[a-z0-9-]*\.'
                WHEN 'azure' THEN '^standard_n[a-z]'
                ELSE '^(a[2-9]|g[2-9]|ct[1-9][a-z]*)-' END
        ) AS is_accelerated
    FROM now AS n
    WHERE (cloud, account_id, instance_type) NOT IN (SELECT (cloud, account_id, instance_type) FROM known)
        OR (cards IS NOT NULL AND (account_id, cards) NOT IN (SELECT (account_id, cards) FROM known_cards))
)

-- NOTE: where nothing is approved every size is the first one; that is new_instance's business.
SELECT
    cloud, account_id, region,
    cloud || '/' || account_id || '/' || region AS resource_id,
    size AS detail_key,
    'scope' AS resource_type,
    'SUSPICIOUS' AS verdict,
    if(bool_or(is_accelerated), 'high', 'low') AS severity,
    'no approved instance of account ' || account_id || ' is a ' || size || ', and '
    || count(*) || if(count(*) = 1, ' is', ' are') || ' in ' || region
    || if(bool_or(is_accelerated), '; it has accelerators, as crypto-mining wants them', '') AS reason,
    NULL AS before,
    json_object('size', size, 'is_accelerated', bool_or(is_accelerated)) AS after
FROM unseen
ANTI JOIN cohort.explained AS e USING (resource_id)
ANTI JOIN cohort.unsure AS u USING (account_id, resource_id)
WHERE is_accelerated OR account_id IN (SELECT account_id FROM known)
GROUP BY cloud, account_id, region, size
