"""Evidence of a period: what an assessor checks with standard tools, without this program."""
