//! Why a socket ends, and what its client is told: the whole list of close codes (RFC 6455 §7.4).

/// Who the client is was not shown, not believed, or is no longer so: 4401, after HTTP's 401.
const UNAUTHENTICATED: u16 = 4401;
const GOING_AWAY: u16 = 1001;
const PROTOCOL_ERROR: u16 = 1002;
const INVALID_PAYLOAD: u16 = 1007;
const POLICY_VIOLATION: u16 = 1008;
const TOO_BIG: u16 = 1009;
const TRY_AGAIN_LATER: u16 = 1013;

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed it.
    ClosedByClient,
    /// The connection broke.
    ConnectionLost,
    /// No `auth` came in time.
    AuthTimeout,
    /// The token was not believed, or was another user's; the code says why.
    Refused(&'static str),
    /// The token expired and was not renewed.
    Expired,
    /// Something that is needed is away; the code says what.
    Unavailable(&'static str),
    /// The client does not read fast enough.
    SlowReader,
    /// The user has too many sockets.
    TooManySockets,
    /// The client sent too many messages that were not understood; the code is of the last one.
    TooManyMistakes(&'static str),
    /// A message was too big.
    MessageTooBig,
    /// A text was not UTF-8.
    NotUtf8,
    /// The client broke the WebSocket protocol.
    ProtocolBroken,
    /// The client answered no ping.
    Unresponsive,
    /// The service stops.
    GoingAway,
}

impl Ending {
    /// The close code and the reason, unless there is nobody to tell.
    pub(crate) fn close_frame(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::ClosedByClient | Self::ConnectionLost => return None,
            Self::AuthTimeout => (UNAUTHENTICATED, "no auth message in time"),
            Self::Refused(code) => (UNAUTHENTICATED, code),
            Self::Expired => (UNAUTHENTICATED, "token expired"),
            Self::Unavailable(code) => (TRY_AGAIN_LATER, code),
            Self::SlowReader => (TRY_AGAIN_LATER, "slow reader"),
            Self::TooManySockets => (POLICY_VIOLATION, "too many sockets"),
            Self::TooManyMistakes(_) => (POLICY_VIOLATION, "too many bad messages"),
            Self::MessageTooBig => (TOO_BIG, "message too big"),
            Self::NotUtf8 => (INVALID_PAYLOAD, "text is not UTF-8"),
            Self::ProtocolBroken => (PROTOCOL_ERROR, "protocol error"),
            Self::Unresponsive => (GOING_AWAY, "no answer to pings"),
            Self::GoingAway => (GOING_AWAY, "going away"),
        })
    }

    /// The code of the error message that goes before the close frame.
    pub(crate) fn error(self) -> Option<&'static str> {
        match self {
            Self::AuthTimeout => Some("auth_timeout"),
            Self::TooManySockets => Some("too_many_sockets"),
            Self::Refused(code) | Self::Unavailable(code) | Self::TooManyMistakes(code) => Some(code),
            _ => None,
        }
    }

    /// Whether what is still queued is delivered first.
    pub(crate) fn delivers_the_rest(self) -> bool {
        matches!(self, Self::GoingAway | Self::TooManyMistakes(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        // RFC 6455 §5.5: 125 bytes, two of them the code.
        for ending in [Ending::AuthTimeout, Ending::Refused("token_signature_invalid"), Ending::Unresponsive] {
            assert!(ending.close_frame().unwrap().1.len() <= 123);
        }
        assert_eq!(Ending::ConnectionLost.close_frame(), None);
    }
}
