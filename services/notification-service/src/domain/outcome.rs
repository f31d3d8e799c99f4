//! What became of a reminder, all its messages taken together.

use serde::Serialize;

use super::channel::Channel;
use super::route::DeliveryStatus;

/// Why somebody is not told who might have been when the message was written.
pub(crate) const MAY_NOT_SEE: &str = "the task is not theirs to see any more";

/// What became of one message by one channel, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ChannelResult {
    pub(crate) user_id: String,
    pub(crate) channel: Channel,
    pub(crate) status: DeliveryStatus,
    /// Why not, or what else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl ChannelResult {
    /// Whether it was kept from its recipient, who is to hear nothing else of the task either.
    pub(crate) fn is_withheld(&self) -> bool {
        self.detail.as_deref() == Some(MAY_NOT_SEE)
    }
}

/// How a reminder ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It reached somebody.
    Sent,
    /// It reached nobody, for this reason.
    Failed(String),
}

/// The end, if nothing is pending any more. A list in the application that nobody looks at does not make up for an e-mail that was refused: where
/// something was sent out, that decides.
pub(crate) fn outcome(results: &[ChannelResult]) -> Option<Outcome> {
    let any =
        |status, out: fn(Channel) -> bool| results.iter().any(|result| result.status == status && out(result.channel));
    let leaves = |channel| channel != Channel::InApp;
    if any(DeliveryStatus::Pending, |_| true) {
        return None;
    }
    let sent = if any(DeliveryStatus::Failed, leaves) {
        any(DeliveryStatus::Sent, leaves)
    } else {
        any(DeliveryStatus::Sent, |_| true)
    };
    let why = || {
        let reasons = results.iter().filter(|result| result.status != DeliveryStatus::Sent);
        let reasons =
            reasons.filter_map(|result| Some(format!("{}: {}", result.channel.as_str(), result.detail.as_deref()?)));
        let mut reasons: Vec<String> = reasons.collect();
        reasons.dedup();
        reasons.join("; ")
    };
    Some(if sent { Outcome::Sent } else { Outcome::Failed(why()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Channel::{Email, InApp, Sms};
    use DeliveryStatus::{Failed, Pending, Sent, Skipped};

    fn of(results: &[(Channel, DeliveryStatus)]) -> Option<Outcome> {
        let result = |(channel, status): &(Channel, DeliveryStatus)| ChannelResult {
            user_id: "alice".to_owned(),
            channel: *channel,
            status: *status,
            detail: (*status != Sent).then(|| "why".to_owned()),
        };
        outcome(&results.iter().map(result).collect::<Vec<_>>())
    }

    #[test]
    fn where_something_was_sent_out_that_decides() {
        assert_eq!(of(&[(Email, Pending), (InApp, Sent)]), None);
        assert_eq!(of(&[(Email, Sent), (InApp, Sent)]), Some(Outcome::Sent));
        assert_eq!(of(&[(Email, Failed), (InApp, Sent)]), Some(Outcome::Failed("email: why".to_owned())));
        assert_eq!(of(&[(Email, Failed), (Sms, Sent)]), Some(Outcome::Sent));
        assert_eq!(of(&[(Email, Skipped), (InApp, Sent)]), Some(Outcome::Sent));
        assert_eq!(of(&[(Email, Skipped)]), Some(Outcome::Failed("email: why".to_owned())));
        assert_eq!(of(&[]), Some(Outcome::Failed(String::new())));
    }
}
