/*
title = "No box is empty"
description = "A rule that covers nothing would still take part in the order of rules."
*/
SELECT
    'subject ' || subject || ': a ' || direction || ' rule covers nothing, services ' || service_low
    || ' to ' || service_high || ', peers ' || peer_low || ' to ' || peer_high AS problem
FROM policy.atoms
WHERE service_low >= service_high OR peer_low >= peer_high OR local_low >= local_high
    OR port_low >= port_high
