//! Random numbers that are the same in each run (SplitMix64), and random rules.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A seeded source of numbers.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `below` - 1.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    /// Once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(u64::try_from(most - least + 1).unwrap())).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// Up to `most` different ones.
    pub(crate) fn some<T: Clone + PartialEq>(&mut self, from: &[T], most: u64) -> Vec<T> {
        let mut picked = Vec::new();
        for _ in 0..=self.below(most) {
            let one = self.pick(from).clone();
            if !picked.contains(&one) {
                picked.push(one);
            }
        }
        picked
    }

    /// A zone with gaps of an hour, of half an hour, of a whole day, at midnight, in the other half of the year, or with none.
    pub(crate) fn zone(&mut self) -> Tz {
        *self.pick(&[
            Tz::America__New_York,
            Tz::Europe__Berlin,
            Tz::Australia__Lord_Howe,
            Tz::Pacific__Apia,
            Tz::America__Sao_Paulo,
            Tz::Asia__Beirut,
            Tz::Africa__Casablanca,
            Tz::Asia__Kathmandu,
            Tz::UTC,
        ])
    }

    /// A moment of 1995 to 2060, at a whole quarter of an hour, often about where clocks are changed.
    pub(crate) fn moment(&mut self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "1995-01-01T00:00:00Z".parse().unwrap();
        start + chrono::TimeDelta::minutes(15 * self.between(0, 65 * 365 * 96))
    }
}
