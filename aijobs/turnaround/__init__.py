"""How long Anthropic takes for a batch, learned from ours, and which road that leaves to a job.

`history` reads what there is; `survival`, `prior` and `model` turn it into quantiles;
`calibration` corrects them by what came true; `conditions` sees when Anthropic is slow now; and
`choice` says what fits a deadline; `calls` sees when direct calls are refused now. Durations are
seconds.
"""
