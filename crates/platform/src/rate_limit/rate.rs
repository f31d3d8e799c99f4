//! How often, as it is written in settings.

use std::str::FromStr;

use crate::config::Reader;

/// So many requests in so many seconds; as many may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// 1 to 1,000,000.
    pub requests: u32,
    /// 1 to 86,400.
    pub seconds: u32,
}

impl Rate {
    /// So many requests in a minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self { requests, seconds: 60 }
    }

    /// So many times as many requests in the same time.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self { requests: self.requests.saturating_mul(factor), ..self }
    }

    /// The setting `name`: `<requests>/<seconds>`, or `off` for no limit; `default` unless it is set.
    pub fn read(reader: &mut Reader<'_>, name: &str, default: Self) -> Option<Self> {
        if reader.optional(name).is_some_and(|text| text.eq_ignore_ascii_case("off")) {
            return None;
        }
        Some(reader.parse_or(name, default))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(requests, seconds)| {
            let within = |text: &str, most| text.trim().parse().ok().filter(|number| (1..=most).contains(number));
            Some(Self { requests: within(requests, 1_000_000)?, seconds: within(seconds, 86_400)? })
        });
        parts.ok_or_else(|| {
            format!("`{text}` is not like 600/60 (600 requests in 60 seconds, at most 1000000/86400) nor off")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    fn read(text: &str) -> Result<Option<Rate>, String> {
        let variables = Variables::default().with("RATE_LIMIT", text);
        let mut reader = Reader::new(&variables);
        let rate = Rate::read(&mut reader, "RATE_LIMIT", Rate::per_minute(7));
        reader.finish(rate).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn requests_over_seconds_or_off() {
        assert_eq!(read("600/60"), Ok(Some(Rate { requests: 600, seconds: 60 })));
        assert_eq!(read("1 / 86400"), Ok(Some(Rate { requests: 1, seconds: 86_400 })));
        assert_eq!(read(""), Ok(Some(Rate::per_minute(7))));
        assert_eq!((read("off"), read("OFF")), (Ok(None), Ok(None)));
    }

    #[test]
    fn anything_else_is_a_mistake() {
        for wrong in ["600", "600/", "/60", "0/60", "60/0", "-1/60", "1000001/1", "1/86401", "600/60s", "none", "1/2/3"]
        {
            let mistake = read(wrong).expect_err(wrong);
            assert!(mistake.contains(&format!("RATE_LIMIT cannot be read: `{wrong}` is not like 600/60")), "{mistake}");
        }
    }
}
