"""What stands between a call and a service that fails."""
