"""What keeps the store's bucket and index in agreement: Lambda functions behind queues and a schedule.

`heal`, `purge`, `reconcile`, `rebuild` and `adopt` are the entry points, each with a role of its own.
They parse what invoked them, make one call of the store or its maintenance, and report.
"""
