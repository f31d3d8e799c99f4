//! ISO 8601 durations as reminders use them.

use platform::duration::iso8601;

use super::invalid::Invalid;

/// Checks a duration of weeks, days, hours, minutes and seconds, such as `PT1H`, `P1DT30M` or `P2W`, and returns its length
/// in seconds. Months and years are refused: they have no length of their own.
///
/// # Errors
/// `duration_invalid`.
pub fn parse(text: &str) -> Result<u64, Invalid> {
    iso8601(text)
        .ok_or_else(|| Invalid::new("duration_invalid", "Give an ISO 8601 duration such as PT30M, PT1H or P1D."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_length() {
        for (text, seconds) in [("PT1H", 3_600), ("PT30M", 1_800), ("P1DT1H", 90_000), ("P2W", 1_209_600), ("PT0S", 0)]
        {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for text in ["", "P", "PT", "1H", "PT1", "P1M", "P1Y", "PT1.5H", "-PT1H", "PT1M1H", "PTH", "P1DT", "PT9999999S"]
        {
            assert_eq!(parse(text).unwrap_err().code, "duration_invalid", "{text}");
        }
    }
}
