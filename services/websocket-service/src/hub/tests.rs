use super::*;
use crate::domain::membership::Position;

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

fn event(workspace: Uuid, sequence: i64) -> LiveEvent {
    LiveEvent { workspace, sequence, text: format!("{}/{sequence}", workspace.as_u128()).into() }
}

fn received(registration: &Registration) -> Vec<String> {
    std::iter::from_fn(|| registration.mailbox().pop())
        .map(|parcel| match parcel {
            Parcel::Event(text) | Parcel::Reply(text) => text.to_string(),
            Parcel::Ping => "ping".to_owned(),
        })
        .collect()
}

fn at(id: Uuid, sequence: i64) -> Position {
    Position { id, sequence }
}

#[test]
fn what_comes_while_the_memberships_are_asked_for_is_neither_lost_nor_doubled() {
    let hub = Hub::new(1024, 9);
    hub.broadcast(event(ONE, 4));
    let mut socket = hub.register("alice").unwrap();
    hub.broadcast(event(ONE, 5));
    hub.broadcast(event(TWO, 1));
    hub.broadcast(event(ONE, 6));
    hub.broadcast(event(ONE, 7));
    // The answer was made when sequence 6 was there, although 6 came here too.
    socket.take_seats(&[at(ONE, 6)], vec!["hello".into()]).unwrap();
    hub.broadcast(event(ONE, 7));
    hub.broadcast(event(ONE, 6));
    hub.broadcast(event(ONE, 8));
    hub.broadcast(event(TWO, 2));
    assert_eq!(received(&socket), ["hello", "1/7", "1/8"]);
}

#[test]
fn each_workspace_has_its_own_sequence() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[at(ONE, 100), at(TWO, 1)], vec![]).unwrap();
    hub.broadcast(event(TWO, 2));
    hub.broadcast(event(ONE, 100));
    hub.broadcast(event(ONE, 105));
    assert_eq!(received(&socket), ["2/2", "1/105"]);
}

#[test]
fn a_user_has_so_many_sockets_and_no_more() {
    let hub = Hub::new(1024, 2);
    let first = hub.register("alice").unwrap();
    let _second = hub.register("alice").unwrap();
    assert_eq!(hub.register("alice").unwrap_err(), TooManySockets);
    assert!(hub.register("bob").is_ok());
    drop(first);
    assert!(hub.register("alice").is_ok());
}

#[test]
fn nothing_remains_of_a_socket_that_left() {
    let hub = Hub::new(1024, 9);
    let mut seated = hub.register("alice").unwrap();
    seated.take_seats(&[at(ONE, 0), at(TWO, 0)], vec![]).unwrap();
    let waiting = hub.register("bob").unwrap();
    hub.broadcast(event(ONE, 1));
    drop((seated, waiting));
    let state = hub.lock();
    assert!(state.rooms.is_empty() && state.users.is_empty());
    drop(state);
    let mut next = hub.register("carol").unwrap();
    next.take_seats(&[at(ONE, 0)], vec![]).unwrap();
    assert!(received(&next).is_empty());
}

#[test]
fn a_full_queue_stops_only_its_own_socket() {
    let hub = Hub::new(8, 9);
    let mut slow = hub.register("alice").unwrap();
    slow.take_seats(&[at(ONE, 0)], vec![]).unwrap();
    let mut quick = hub.register("alice").unwrap();
    quick.take_seats(&[at(ONE, 0)], vec![]).unwrap();
    for sequence in 1..=9 {
        hub.broadcast(event(ONE, sequence));
        assert_eq!(received(&quick), [format!("1/{sequence}")]);
    }
    assert!(received(&slow).is_empty());
}
