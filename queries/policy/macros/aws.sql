/*
title = "Words of EC2's rules"
description = "Protocol and ports of a rule as a service."
*/
CREATE MACRO aws_service(protocol, first, last) AS CASE
    WHEN protocol = '-1' THEN 'all'
    WHEN protocol NOT IN ('tcp', 'udp', 'icmp', 'icmpv6') OR coalesce(first, -1) < 0 THEN protocol
    WHEN protocol IN ('tcp', 'udp') THEN protocol || '/' || first || '-' || coalesce(last, first)
    WHEN coalesce(last, -1) < 0 THEN protocol || '/' || first
    ELSE protocol || '/' || first || '/' || last
END
