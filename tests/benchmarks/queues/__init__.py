"""Queues that a Django team might pick, each as its documentation says, with jobs that do nothing.

`python -m tests.benchmarks.queues.NAME CONNINFO`, with an empty database and a document a line,
prints two figures as JSON: the seconds for queueing them all, and for draining the queue.
"""
