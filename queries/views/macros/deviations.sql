/*
title = "Deviations of an instance from its template"
description = "Names of the columns in which an instance is not what its template says. What either side does not say is not compared; where the template has the loosest value, an instance can only be tighter."
*/
CREATE OR REPLACE MACRO memory.main.deviations(names, expected, actual, alternatives) AS
    CASE WHEN expected IS NOT NULL AND actual IS NOT NULL THEN list_transform(
        list_filter(
            list_zip(names, expected, actual),
            lambda x: x[2] IS NOT NULL AND x[3] IS NOT NULL AND x[2] <> x[3]
                AND NOT list_contains(coalesce(alternatives, []), x[3])
                AND NOT list_contains(
                    [
                        'metadata_http_tokens=optional', 'metadata_http_endpoint=enabled',
                        'has_public_ip=true', 'can_ip_forward=true', 'serial_port_enable=true'
                    ],
                    x[1] || '=' || x[2]
                )
        ),
        lambda x: x[1]
    ) END
