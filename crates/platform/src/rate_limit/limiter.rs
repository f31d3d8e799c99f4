//! The token bucket, as the generic cell rate algorithm (ITU-T I.371): of each key only the time is kept at which its bucket
//! will be full again.

use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use quick_cache::sync::Cache;

use super::Rate;
use crate::clock::Clock;

/// Buckets that one limiter keeps, some 10 MB. When there are more keys, those that ask least are forgotten, and so start
/// anew with a full bucket.
const MAX_BUCKETS: usize = 100_000;

/// Counts requests by key. Clones count together.
#[derive(Clone)]
pub struct Limiter {
    name: &'static str,
    rate: Rate,
    clock: Clock,
    /// By the hash of the key, so that a long key takes no more room; the seed is this process's own, so nobody can choose
    /// keys that share a bucket. Values are microseconds since the Unix epoch.
    buckets: Arc<Cache<u64, Arc<AtomicI64>>>,
    seed: RandomState,
}

/// Where a key stands after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub name: &'static str,
    /// What it allows.
    pub rate: Rate,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Seconds until the bucket is full again; for one that is empty, until the next request may come.
    pub seconds: u32,
    /// Whether this request was one too many; it was not counted then.
    pub refused: bool,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("name", &self.name).field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limit of `rate` for each key, told to clients as `name`.
    pub fn new(name: &'static str, rate: Rate, clock: Clock) -> Self {
        Self::keeping(MAX_BUCKETS, name, rate, clock)
    }

    fn keeping(buckets: usize, name: &'static str, rate: Rate, clock: Clock) -> Self {
        Self { name, rate, clock, buckets: Arc::new(Cache::new(buckets)), seed: RandomState::new() }
    }

    /// Counts a request of `key`, unless it is one too many.
    pub fn count(&self, key: &(impl Hash + ?Sized)) -> Standing {
        let now = self.clock.now().timestamp_micros();
        let window = i64::from(self.rate.seconds) * 1_000_000;
        // What one request takes of the bucket.
        let cost = (window / i64::from(self.rate.requests)).max(1);
        let capacity = cost * i64::from(self.rate.requests);
        let full_at = self.bucket(self.seed.hash_one(key));
        let after = |full_at| {
            let full_at = level(full_at, now, capacity);
            let next = full_at + cost;
            let refused = next > now + capacity;
            (if refused { full_at } else { next }, refused)
        };
        let before = full_at.update(Ordering::AcqRel, Ordering::Acquire, |full_at| after(full_at).0);
        let (full_at, refused) = after(before);
        self.standing(full_at - now, capacity, cost, refused)
    }

    fn bucket(&self, hash: u64) -> Arc<AtomicI64> {
        match self.buckets.get_or_insert_with(&hash, || Ok::<_, Infallible>(Arc::default())) {
            Ok(bucket) => bucket,
        }
    }

    /// The standing of a bucket that is full again in `missing` microseconds.
    fn standing(&self, missing: i64, capacity: i64, cost: i64, refused: bool) -> Standing {
        let remaining = (capacity - missing) / cost;
        let wait = if remaining > 0 { missing } else { missing + cost - capacity };
        Standing {
            name: self.name,
            rate: self.rate,
            remaining: u32::try_from(remaining).unwrap_or(0),
            seconds: u32::try_from((wait.max(0) + 999_999) / 1_000_000).unwrap_or(u32::MAX),
            refused,
        }
    }
}

/// When the bucket is full, seen from `now`: in the past it is full already. A clock that was set back makes nobody wait
/// longer than an empty bucket does.
fn level(full_at: i64, now: i64, capacity: i64) -> i64 {
    full_at.clamp(now, now + capacity)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};

    use super::*;

    fn clock() -> Clock {
        Clock::manual(DateTime::from_timestamp(1_700_000_000, 0).unwrap())
    }

    fn limiter(requests: u32, seconds: u32, clock: &Clock) -> Limiter {
        Limiter::new("user", Rate { requests, seconds }, clock.clone())
    }

    fn told(standing: Standing) -> (bool, u32, u32) {
        (standing.refused, standing.remaining, standing.seconds)
    }

    #[test]
    fn a_bucket_empties_and_fills_evenly() {
        let clock = clock();
        let limiter = limiter(3, 60, &clock);
        assert_eq!(told(limiter.count("a")), (false, 2, 20));
        assert_eq!(told(limiter.count("a")), (false, 1, 40));
        assert_eq!(told(limiter.count("a")), (false, 0, 20));
        assert_eq!(told(limiter.count("a")), (true, 0, 20));
        clock.advance(Duration::milliseconds(19_001));
        assert_eq!(told(limiter.count("a")), (true, 0, 1), "what was refused was not counted");
        clock.advance(Duration::milliseconds(999));
        assert_eq!(told(limiter.count("a")), (false, 0, 20));
        clock.advance(Duration::days(1));
        assert_eq!(told(limiter.count("a")), (false, 2, 20), "it is never more than full");
    }

    #[test]
    fn keys_do_not_share() {
        let limiter = limiter(1, 60, &clock());
        assert!(!limiter.count("a").refused && !limiter.count("b").refused);
        assert!(limiter.count("a").refused && limiter.clone().count("b").refused);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let clock = clock();
        let limiter = limiter(2, 60, &clock);
        limiter.count("a");
        limiter.count("a");
        clock.advance(Duration::days(-1));
        assert_eq!(told(limiter.count("a")), (true, 0, 30));
        clock.advance(Duration::seconds(30));
        assert!(!limiter.count("a").refused);
    }

    #[test]
    fn what_comes_at_once_is_counted_once_each() {
        let clock = clock();
        let limiter = limiter(1_000, 60, &clock);
        let passed: usize = std::thread::scope(|scope| {
            let count = || (0..500).filter(|_| !limiter.count("a").refused).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(passed, 1_000);
    }

    #[test]
    fn the_memory_is_bounded_and_who_asks_often_stays_known() {
        let limiter = Limiter::keeping(1_000, "address", Rate { requests: 100, seconds: 60 }, clock());
        for other in 0..100_000 {
            limiter.count(&other);
            if other % 500 == 0 {
                limiter.count("often");
            }
        }
        assert!(limiter.buckets.len() <= 1_000, "{}", limiter.buckets.len());
        assert!(limiter.count("often").refused);
    }
}
