"""One file per table; the file name is the table's name without the leading `gcp_`."""
