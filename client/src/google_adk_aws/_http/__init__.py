"""The artifact API as typed calls, and the requests that its answers let anybody send to the storage."""
