"""Compare a snapshot with a baseline in SQL: drift queries, setting catalogue, findings."""
