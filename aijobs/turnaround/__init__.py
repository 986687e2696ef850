"""How long Anthropic takes for a batch, learned from ours, and which road that leaves to a job.

`history` reads what there is; `survival`, `prior` and `model` turn it into quantiles;
`calibration` corrects them by what came true, and `promise` is what comes of that; `conditions`
sees when Anthropic is slow now, and `refusals` when it refuses direct calls; `choice` says what
fits a deadline. Durations are seconds where they are numbers.
"""
