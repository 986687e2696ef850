"""Why an attempt brought no result, in words for the person who is waiting for it."""

_REASONS = {
    "api_error": "Claude had a problem of its own.",
    "overloaded_error": "Claude was too busy.",
    "rate_limit_error": "Claude was too busy for our share of it.",
    "busy": "Claude had no room for it at that moment.",
    "timeout_error": "Claude took too long.",
    "expired": "The batch was not finished within 24 hours.",
    "canceled": "Its batch was canceled before its turn came.",
    "dropped": "It was canceled on its way: its answer was charged, and not kept.",
    "max_tokens": "The answer was cut off: it is longer than it may be.",
    "refusal": "Claude declined to answer this document.",
    "invalid_output": "The answer was not in the form that this kind of job needs.",
    "unreadable_answer": "Claude's answer was damaged.",
    "model_context_window_exceeded": "The document and its answer are too long for the model.",
    "request_too_large": "The document is too large for the model.",
    "invalid_request_error": "Claude could not read the request.",
    "authentication_error": "CitizenApp could not sign in to Claude. Staff have to see to it.",
    "permission_error": "CitizenApp may not use this model. Staff have to see to it.",
    "billing_error": "There is a problem with the account at Claude. Staff have to see to it.",
}


def why(error_type: str) -> str:
    return _REASONS.get(error_type, "Claude did not give an answer.")
