"""What policies allow, through the real path: provider JSON, rows, store, views, SQL."""
