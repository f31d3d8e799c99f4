//! ISO 8601 durations as reminders use them.

use super::invalid::Invalid;

/// Checks a duration of weeks, days, hours, minutes and seconds, such as `PT1H`, `P1DT30M` or `P2W`, and returns its length
/// in seconds. Months and years are refused: they have no length of their own.
///
/// # Errors
/// `duration_invalid`.
pub fn parse(text: &str) -> Result<u64, Invalid> {
    read(text).ok_or_else(|| Invalid::new("duration_invalid", "Give an ISO 8601 duration such as PT30M, PT1H or P1D."))
}

fn read(text: &str) -> Option<u64> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = read_parts(date, &[('W', 604_800), ('D', 86_400)])?;
    days.checked_add(read_parts(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)
}

/// Reads `<digits><unit>` pairs, the units in their order, each at most once.
fn read_parts(text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    for (unit, seconds) in units {
        if let Some((digits, after)) = rest.split_once(*unit) {
            if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(total)
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
