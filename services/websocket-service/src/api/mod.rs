//! `GET /ws`: the opening request, and the life of the socket after it.

mod farewell;
mod incoming;
mod introduction;
mod line;
mod reader;
mod writer;

pub(crate) mod socket;
