"""The operations of the API, one file each: request in, one call of the store, answer out."""
