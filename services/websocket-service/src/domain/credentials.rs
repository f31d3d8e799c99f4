//! How a client says who it is when it opens a socket.

/// The subprotocol that announces a token as the next one in the list.
pub(crate) const BEARER: &str = "bearer";

/// The longest ticket that is worth asking about, in bytes.
const MAX_TICKET: usize = 256;

/// What the opening request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials<'a> {
    /// `Sec-WebSocket-Protocol: bearer, <token>`.
    Token(&'a str),
    /// `Sec-WebSocket-Protocol: bearer` without a token.
    TokenMissing,
    /// `?ticket=<ticket>`.
    Ticket(&'a str),
    /// `?ticket=` with what no ticket looks like.
    TicketInvalid,
    /// Neither: the first message says it.
    FirstMessage,
}

impl<'a> Credentials<'a> {
    /// Reads them from the requested subprotocols, in their order, and the query parameter. A token goes before a ticket.
    pub(crate) fn of(protocols: &[&'a str], ticket: Option<&'a str>) -> Self {
        if let Some(at) = protocols.iter().position(|protocol| *protocol == BEARER) {
            return protocols
                .get(at + 1)
                .filter(|token| !token.is_empty())
                .map_or(Self::TokenMissing, |token| Self::Token(token));
        }
        match ticket {
            Some(ticket) if ticket.is_empty() || ticket.len() > MAX_TICKET => Self::TicketInvalid,
            Some(ticket) => Self::Ticket(ticket),
            None => Self::FirstMessage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_before_a_ticket_before_a_message() {
        assert_eq!(Credentials::of(&["bearer", "a.b.c"], Some("t")), Credentials::Token("a.b.c"));
        assert_eq!(Credentials::of(&["other", "bearer", "a.b.c"], None), Credentials::Token("a.b.c"));
        assert_eq!(Credentials::of(&["bearer"], Some("t")), Credentials::TokenMissing);
        assert_eq!(Credentials::of(&["bearer", ""], None), Credentials::TokenMissing);
        assert_eq!(Credentials::of(&["other"], Some("t")), Credentials::Ticket("t"));
        assert_eq!(Credentials::of(&[], Some("")), Credentials::TicketInvalid);
        assert_eq!(Credentials::of(&[], Some(&"t".repeat(257))), Credentials::TicketInvalid);
        assert_eq!(Credentials::of(&[], None), Credentials::FirstMessage);
    }
}
