/*
title = "Words of Azure's rules"
description = "Ports, prefixes and groups of a rule as services, peers and local addresses."
*/
CREATE MACRO azure_ports(ranges) AS CASE
    WHEN len(ranges) = 0 OR list_has_any(ranges, ['*', '0-65535']) THEN ['*'] ELSE ranges
END;
CREATE MACRO azure_source_ports(protocol, ranges) AS CASE
    WHEN protocol NOT IN ('*', 'any', 'tcp', 'udp') OR azure_ports(ranges) = ['*']
        THEN [NULL::VARCHAR]
    ELSE ranges
END;
CREATE MACRO azure_services(protocol, source_ranges, ranges) AS CASE
    WHEN protocol IN ('tcp', 'udp') THEN list_transform(
        azure_ports(ranges), lambda r: CASE r WHEN '*' THEN protocol ELSE protocol || '/' || r END)
    WHEN protocol NOT IN ('*', 'any') THEN [protocol]
    WHEN azure_ports(ranges) <> ['*'] THEN
        flatten(list_transform(ranges, lambda r: ['tcp/' || r, 'udp/' || r]))
    WHEN azure_ports(source_ranges) <> ['*'] THEN ['tcp', 'udp']
    ELSE ['all']
END;
CREATE MACRO azure_peer(holder, prefix) AS CASE
    WHEN prefix IN ('*', '') OR regexp_matches(prefix, '^[0-9]|:') THEN prefix
    ELSE 'service-tag ' || CASE replace(lower(prefix), '_', '')
        WHEN 'virtualnetwork' THEN 'VirtualNetwork of ' || holder
        WHEN 'internet' THEN 'Internet of ' || holder
        WHEN 'azureloadbalancer' THEN 'AzureLoadBalancer'
        ELSE lower(prefix)
    END
END;
CREATE MACRO azure_peers(holder, prefixes, kind, ids) AS CASE
    WHEN prefixes = [] AND ids = [] THEN ['']
    ELSE list_transform(prefixes, lambda p: azure_peer(holder, p))
        || list_transform(ids, lambda i: kind || ' ' || i)
END;
CREATE MACRO azure_locals(holder, prefixes, groups) AS CASE
    WHEN list_has_any(list_transform(prefixes, lambda p: lower(p)),
        ['*', 'virtualnetwork', 'virtual_network'])
        THEN [{'network': NULL::VARCHAR, 'targets': []::VARCHAR[]}]
    WHEN prefixes = [] AND groups <> [] THEN [{'network': NULL::VARCHAR, 'targets': groups}]
    ELSE list_transform(azure_peers(holder, prefixes, '', []),
            lambda n: {'network': n, 'targets': []::VARCHAR[]})
        || CASE WHEN groups = [] THEN [] ELSE [{'network': NULL::VARCHAR, 'targets': groups}] END
END
