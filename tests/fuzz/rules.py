"""Valid requests are granted, unless they break a rule that no JSON Schema can say."""

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# The rules by the codes of their refusals.
BEYOND_SCHEMAS = {
    # Depends on what is there.
    "assignee_unknown",  # a user who is a member of the workspace
    "cursor_invalid",  # what the same list gave before
    "sync_token_invalid",  # what the same user was given before
    "idempotency_key_reused",  # a key that was used for another request
    "version_stale",  # the version that the task has now
    # Depends on the time.
    "reminder_past",  # a new reminder is still to come
    "reminder_too_far",  # and within ten years
    # Depends on another member of the request.
    "range_invalid",  # from is not later than to
    "status_contradiction",  # status agrees with completed
    "scope_invalid",  # a rule and its zone are of the series, not of this task
    "due_missing",  # completed_at goes with due
    "recurrence_form",  # what is said twice is the same
    # Sets that change without us, and measures that schemas do not have.
    "description_too_long",  # bytes, not characters
    "q_too_many_words",  # words, not characters
    "email_invalid",  # bytes, not characters, and names that a host can have
    "timezone_unknown",  # the IANA time zone database
    # Languages of their own.
    "date_invalid",  # years 1 to 9999
    "duration_invalid",  # ISO 8601, at least one part
    "recurrence_invalid",  # RFC 5545
    "recurrence_never",  # some day matches
    "recurrence_ended",  # until is not before the first
    "recurrence_text_unknown",  # plain English
    "reminder_invalid",  # each channel once
}


@schemathesis.hook
def map_body(context, body):
    """Writes integers as all JSON writers do: 1, not 1.0, which JSON Schema takes for an integer too, and the API does not."""
    if isinstance(body, float) and body.is_integer():
        return int(body)
    if isinstance(body, list):
        return [map_body(context, item) for item in body]
    if isinstance(body, dict):
        return {name: map_body(context, value) for name, value in body.items()}
    return body


def codes(response):
    """What a refusal is called: the codes of the members that are invalid, else its own."""
    problem = response.json()
    return {error["code"] for error in problem.get("errors") or [problem]}


@schemathesis.check
def valid_requests_are_granted(ctx, response, case):
    """`positive_data_acceptance`, but for the rules above."""
    if response.status_code in (400, 412, 422) and codes(response) <= BEYOND_SCHEMAS:
        return None
    return positive_data_acceptance(ctx, response, case)
