"""Submissions and who is who at Anthropic.

Anthropic's API takes no idempotency key and no label: what it has of us is told by the moment, the
size, and the nonce in each custom_id, which only results show. All that is known of this stands
here; dispatch, reconcile, settle and sweep ask.

`moves` changes a submission together with its batch. `identity` says which batch at Anthropic could
be which submission. `duplicates` deals with those that turn up after they were given up. `results`
reads rows of results.
"""
