"""Would a proposed set of rules loosen anything? Asked of a file before it is merged."""
