"""What an answer means for its job, what it ends or starts again, and what it costs.

The order of reading: `answers` turns what Anthropic said into an outcome, `retries` says whether
the job is sent again, `charges` prices what was billed, `endings` stores all of it.
"""
