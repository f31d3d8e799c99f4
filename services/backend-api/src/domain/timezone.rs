//! IANA time zones.

use serde::{Serialize, Serializer};

use super::invalid::Invalid;

/// A zone of the IANA time zone database, such as `Europe/Berlin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(chrono_tz::Tz);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// Reads a name.
    ///
    /// # Errors
    /// `timezone_unknown`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        name.parse()
            .map(Self)
            .map_err(|_| Invalid::new("timezone_unknown", "Give an IANA time zone such as Europe/Berlin or UTC."))
    }

    /// The zone itself.
    pub fn zone(self) -> chrono_tz::Tz {
        self.0
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_database_are_zones() {
        assert_eq!(TimeZone::parse("Europe/Berlin").unwrap().name(), "Europe/Berlin");
        for name in ["", "Berlin", "UTC+2", "Mars/Olympus"] {
            assert_eq!(TimeZone::parse(name).unwrap_err().code, "timezone_unknown", "{name}");
        }
    }
}
