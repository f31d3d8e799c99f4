//! ISO 8601 durations, as reminders and rules use them.

/// The length in seconds of a duration of weeks, days, hours, minutes and seconds, such as `PT1H`, `P1DT30M` or `P2W`. `None` for anything else:
/// months and years have no length of their own.
pub fn iso8601(text: &str) -> Option<u64> {
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
