/*
table = "regions"
title = "What changed, in canonical form"
description = "Cells joined to as few intervals as there can be: equal sets give equal regions. One row per slice, verdict, symbol and interval of services, with its peers and the rules that decide on either side."
*/
WITH judged AS (
    SELECT
        c.segment, c.peer_low, c.peer_high,
        o.old >> 32 AS old_level, o.new >> 32 AS new_level,
        o.old & 536870911 AS old_rule, o.new & 536870911 AS new_rule,
        CASE WHEN contains(r.peer, ' ') THEN r.peer ELSE '' END AS symbol
    FROM policy.outcomes AS o
    JOIN policy.cells AS c USING (cell)
    LEFT JOIN policy.rules AS r
        ON r.number = CASE WHEN o.new > o.old THEN o.new ELSE o.old END & 536870911
),

marked AS (
    SELECT *, peer_low IS DISTINCT FROM lag(peer_high) OVER w AS is_first
    FROM judged
    WINDOW w AS (PARTITION BY segment, old_level, new_level, symbol ORDER BY peer_low)
),

runs AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (
        PARTITION BY segment, old_level, new_level, symbol ORDER BY peer_low
    ) AS run
    FROM marked
),

intervals AS (
    SELECT segment, old_level, new_level, symbol, min(peer_low) AS low, max(peer_high) AS high,
        list(DISTINCT old_rule) AS old_rules, list(DISTINCT new_rule) AS new_rules
    FROM runs
    GROUP BY segment, old_level, new_level, symbol, run
),

by_segment AS (
    SELECT s.slice, s.service_low, s.service_high, i.old_level, i.new_level, i.symbol,
        list({'low': i.low, 'high': i.high} ORDER BY i.low) AS peers,
        flatten(list(i.old_rules)) AS old_rules, flatten(list(i.new_rules)) AS new_rules
    FROM intervals AS i
    JOIN policy.segments AS s USING (segment)
    GROUP BY ALL
),

joined AS (
    SELECT *, service_low IS DISTINCT FROM lag(service_high) OVER w
        OR peers IS DISTINCT FROM lag(peers) OVER w AS is_first
    FROM by_segment
    WINDOW w AS (PARTITION BY slice, old_level, new_level, symbol ORDER BY service_low)
),

spans AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (
        PARTITION BY slice, old_level, new_level, symbol ORDER BY service_low
    ) AS span
    FROM joined
)

SELECT
    l.subject, l.direction, l.family, l.local_low, l.local_high, l.port_low, l.port_high,
    s.old_level, s.new_level, s.symbol,
    min(s.service_low) AS service_low, max(s.service_high) AS service_high,
    any_value(s.peers) AS peers,
    list_sort(list_distinct(flatten(list(s.old_rules)))) AS old_rules,
    list_sort(list_distinct(flatten(list(s.new_rules)))) AS new_rules
FROM spans AS s
JOIN policy.slices AS l USING (slice)
GROUP BY s.slice, s.span, l.subject, l.direction, l.family, l.local_low, l.local_high, l.port_low,
    l.port_high, s.old_level, s.new_level, s.symbol
