"""Cloud APIs to rows: scopes x tables -> batches, and one coverage row for each of them."""
