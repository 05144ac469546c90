/*
title = "Words of Google Cloud's rules"
description = "Peers, targets and actions of a rule, and whether it holds at all."
*/
CREATE MACRO symbols(kind, names) AS list_transform(names, lambda name: kind || ' ' || name);
CREATE MACRO both_of(names, limits) AS CASE
    WHEN len(names) = 0 THEN limits
    WHEN len(limits) = 0 THEN names
    ELSE flatten(list_transform(names, lambda n: list_transform(limits, lambda l: n || ' & ' || l)))
END;
CREATE MACRO or_else(names, other) AS CASE WHEN len(names) = 0 THEN [other] ELSE names END;
CREATE MACRO without(names, gone) AS [n FOR n IN names IF NOT list_contains(gone, n)];
CREATE MACRO gcp_action(action) AS CASE action
    WHEN 'goto_next' THEN 'next'
    WHEN 'apply_security_profile_group' THEN 'inspect'
    ELSE action
END;
CREATE MACRO gcp_peers(ranges, groups, names, regions, threats, tags, context, networks) AS both_of(
    list_concat(ranges, symbols('address-group', groups), symbols('fqdn', names),
        symbols('region', regions), symbols('threat-list', threats), symbols('secure-tag', tags)),
    CASE
        WHEN len(networks) > 0 THEN symbols('vpc-network', networks)
        WHEN coalesce(context, 'UNSPECIFIED') = 'UNSPECIFIED' THEN []
        ELSE ['network-context ' || context]
    END
);
CREATE MACRO gcp_holds(disabled, target_tags, source_tags, ranges, ineffective) AS (
    NOT coalesce(disabled, false)
    AND (len(target_tags) = 0 OR NOT list_has_all(ineffective, target_tags))
    AND (len(source_tags) = 0 OR len(ranges) > 0 OR NOT list_has_all(ineffective, source_tags))
);
CREATE MACRO gcp_targets(targets, ineffective) AS both_of(
    [replace(t, ':', ' ') FOR t IN targets IF starts_with(t, 'network:')],
    [split_part(t, ':', 1) || ' ' || t[strpos(t, ':') + 1:] FOR t IN targets
     IF NOT starts_with(t, 'network:') AND NOT list_contains(ineffective, t[12:])]
)
