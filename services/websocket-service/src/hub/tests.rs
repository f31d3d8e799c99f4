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
            Parcel::Event(text) | Parcel::Replayed(text) | Parcel::Reply(text) => text.to_string(),
            Parcel::Ping => "ping".to_owned(),
        })
        .collect()
}

fn at(id: Uuid, sequence: i64) -> Position {
    Position { id, sequence, is_behind: false }
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
    socket.take_seats(&[at(ONE, 6)], vec!["hello".into()]);
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
    socket.take_seats(&[at(ONE, 100), at(TWO, 1)], vec![]);
    hub.broadcast(event(TWO, 2));
    hub.broadcast(event(ONE, 100));
    hub.broadcast(event(ONE, 101));
    assert_eq!(received(&socket), ["2/2", "1/101"]);
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
    seated.take_seats(&[at(ONE, 0), at(TWO, 0)], vec![]);
    let waiting = hub.register("bob").unwrap();
    hub.broadcast(event(ONE, 1));
    drop((seated, waiting));
    let state = hub.lock();
    assert!(state.rooms.is_empty() && state.users.is_empty());
    drop(state);
    let mut next = hub.register("carol").unwrap();
    next.take_seats(&[at(ONE, 0)], vec![]);
    assert!(received(&next).is_empty());
}

#[test]
fn a_full_queue_stops_only_its_own_socket() {
    let hub = Hub::new(8, 9);
    let mut slow = hub.register("alice").unwrap();
    slow.take_seats(&[at(ONE, 0)], vec![]);
    let mut quick = hub.register("alice").unwrap();
    quick.take_seats(&[at(ONE, 0)], vec![]);
    for sequence in 1..=9 {
        hub.broadcast(event(ONE, sequence));
        assert_eq!(received(&quick), [format!("1/{sequence}")]);
    }
    assert!(received(&slow).is_empty());
}

#[test]
fn who_is_behind_is_replayed_first_and_then_gets_what_comes() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[Position { is_behind: true, ..at(ONE, 3) }, at(TWO, 0)], vec!["hello".into()]);
    let behind = socket.look_back().unwrap();
    assert_eq!((behind.workspace, behind.last), (ONE, 3));
    // The history ended at 4 when it was read; 5 came meanwhile.
    hub.broadcast(event(ONE, 5));
    hub.broadcast(event(TWO, 1));
    socket.replay(event(ONE, 4));
    socket.catch_up(ONE, 4);
    let behind = socket.look_back().unwrap();
    assert_eq!(behind.last, 4);
    socket.replay(event(ONE, 5));
    socket.catch_up(ONE, 5);
    assert_eq!(socket.look_back(), None);
    hub.broadcast(event(ONE, 5));
    hub.broadcast(event(ONE, 6));
    assert_eq!(received(&socket), ["hello", "2/1", "1/4", "1/5", "1/6"]);
}

#[test]
fn a_gap_in_what_comes_is_noticed() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[at(ONE, 0)], vec![]);
    hub.broadcast(event(ONE, 1));
    hub.broadcast(event(ONE, 3));
    hub.broadcast(event(ONE, 4));
    let behind = socket.look_back().unwrap();
    assert_eq!(behind.last, 1);
    for sequence in 2..=4 {
        socket.replay(event(ONE, sequence));
    }
    socket.catch_up(ONE, 4);
    hub.broadcast(event(ONE, 5));
    assert_eq!(received(&socket), ["1/1", "1/2", "1/3", "1/4", "1/5"]);
}

#[test]
fn what_should_have_come_is_looked_for() {
    let hub = Hub::new(1024, 9);
    let (mut late, mut current) = (hub.register("alice").unwrap(), hub.register("bob").unwrap());
    late.take_seats(&[at(ONE, 0)], vec![]);
    current.take_seats(&[at(ONE, 2), at(TWO, 0)], vec![]);
    let mut followed = hub.workspaces();
    followed.sort();
    assert_eq!(followed, [ONE, TWO]);
    hub.expect(&HashMap::from([(ONE, 2), (Uuid::nil(), 9)]));
    assert_eq!(current.look_back(), None);
    assert_eq!(late.look_back().unwrap().last, 0);
    for sequence in 1..=2 {
        late.replay(event(ONE, sequence));
    }
    late.catch_up(ONE, 2);
    // They come after all.
    (1..=3).for_each(|sequence| hub.broadcast(event(ONE, sequence)));
    assert_eq!(received(&late), ["1/1", "1/2", "1/3"]);
    assert_eq!(received(&current), ["1/3"]);
}

#[test]
fn what_came_and_is_not_in_the_history_is_not_waited_for() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[at(ONE, 0)], vec![]);
    hub.broadcast(event(ONE, 9));
    assert_eq!(socket.look_back().unwrap().last, 0);
    socket.catch_up(ONE, 0);
    assert_eq!(socket.look_back(), None);
    hub.broadcast(event(ONE, 1));
    assert_eq!(received(&socket), ["1/1"]);
}

#[test]
fn who_waited_for_too_long_is_behind() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    let large = Utf8Bytes::from("x".repeat(9 * 1024 * 1024));
    for sequence in [1, 2] {
        hub.broadcast(LiveEvent { workspace: ONE, sequence, text: large.clone() });
    }
    socket.take_seats(&[at(ONE, 0)], vec!["hello".into()]);
    assert_eq!(socket.look_back().unwrap().last, 0);
    assert_eq!(received(&socket), ["hello"]);
}

#[test]
fn who_left_a_workspace_gets_nothing_of_it() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[Position { is_behind: true, ..at(ONE, 0) }, at(TWO, 0)], vec![]);
    socket.leave(ONE);
    assert_eq!(socket.look_back(), None);
    hub.broadcast(event(ONE, 1));
    hub.broadcast(event(TWO, 1));
    assert_eq!(received(&socket), ["2/1"]);
}

fn tell(hub: &Hub, audience: Audience<'_>, id: u128) {
    hub.tell(audience, Uuid::from_u128(id), &format!("told {id}").into());
}

#[test]
fn what_has_no_number_is_told_to_whom_it_is_for_and_to_nobody_else() {
    let hub = Hub::new(1024, 9);
    let [mut first, mut second, mut bob] = ["alice", "alice", "bob"].map(|user| hub.register(user).unwrap());
    first.take_seats(&[at(ONE, 0), at(TWO, 7)], vec![]);
    second.take_seats(&[at(ONE, 0), at(TWO, 7)], vec![]);
    bob.take_seats(&[at(TWO, 7)], vec![]);
    tell(&hub, Audience::User("alice"), 1);
    tell(&hub, Audience::User("carol"), 2);
    tell(&hub, Audience::Workspace(TWO), 3);
    tell(&hub, Audience::Workspace(ONE), 4);
    tell(&hub, Audience::Workspace(Uuid::nil()), 5);
    first.leave(TWO);
    tell(&hub, Audience::Workspace(TWO), 6);
    assert_eq!(received(&first), ["told 1", "told 3", "told 4"]);
    assert_eq!(received(&second), ["told 1", "told 3", "told 4", "told 6"]);
    assert_eq!(received(&bob), ["told 3", "told 6"]);
}

#[test]
fn what_has_no_number_makes_no_gap_and_fills_none() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[at(ONE, 0)], vec![]);
    hub.broadcast(event(ONE, 1));
    tell(&hub, Audience::Workspace(ONE), 9);
    hub.broadcast(event(ONE, 2));
    assert_eq!(socket.look_back(), None);
    hub.broadcast(event(ONE, 4));
    tell(&hub, Audience::User("alice"), 10);
    assert_eq!(socket.look_back().unwrap().last, 2, "and is told while it is behind");
    assert_eq!(received(&socket), ["1/1", "told 9", "1/2", "told 10"]);
}

#[test]
fn what_has_no_number_is_told_once() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    socket.take_seats(&[at(ONE, 0)], vec![]);
    for id in [1, 2, 1, 2, 3] {
        tell(&hub, Audience::User("alice"), id);
    }
    assert_eq!(received(&socket), ["told 1", "told 2", "told 3"]);
}

#[test]
fn the_greeting_comes_before_what_has_no_number() {
    let hub = Hub::new(1024, 9);
    let mut socket = hub.register("alice").unwrap();
    tell(&hub, Audience::User("alice"), 1);
    tell(&hub, Audience::Workspace(ONE), 2);
    socket.take_seats(&[at(ONE, 0)], vec!["hello".into()]);
    tell(&hub, Audience::User("alice"), 3);
    assert_eq!(received(&socket), ["hello", "told 3"], "what was told before is read where it is kept");
}

#[test]
fn who_does_not_read_what_has_no_number_is_a_slow_reader_like_any_other() {
    let hub = Hub::new(16, 9);
    let [mut slow, mut quick] = ["alice", "alice"].map(|user| hub.register(user).unwrap());
    slow.take_seats(&[at(ONE, 0)], vec![]);
    quick.take_seats(&[at(ONE, 0)], vec![]);
    for id in 1..=9 {
        tell(&hub, Audience::User("alice"), id);
        assert_eq!(received(&quick), [format!("told {id}")]);
    }
    assert!(received(&slow).is_empty());
}
