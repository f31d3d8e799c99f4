//! How a task repeats: rules in three forms, their occurrences in a time zone, and the next one after a completion.
