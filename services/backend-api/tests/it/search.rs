//! `q`: full text over titles, tags and descriptions.

use chrono::Duration;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};

use crate::harness::{Api, Person};

/// What a search finds, best first: the first words of the titles.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let page = person.client.get(&format!("{}?{query}", person.tasks())).await.expect(200).json();
    assert_eq!(page["next_cursor"], Value::Null, "{query}");
    titles(&page)
}

fn titles(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

async fn create(api: &Api, person: &Person, title: &str, tags: &[&str], description: &str) -> Value {
    api.clock.advance(Duration::seconds(1));
    person.create(json!({"title": title, "tags": tags, "description": description})).await
}

#[tokio::test]
async fn every_word_is_the_beginning_of_a_word() {
    let api = Api::start().await;
    let alice = api.person("alice");
    create(&api, &alice, "Water the plants", &["#home", "home-office"], "Before\n*noon*, not_later/than 12:30.").await;
    create(&api, &alice, "Ärger in der École: ПРИВЕТ, 買い物!", &["it's", "q\\z"], "").await;
    create(&api, &alice, "✅Done: mail bob@example.com about https://example.org/a-b?c=d", &[], "<b>bold</b>").await;
    for (q, title) in [
        ("wat pla", "Water"),
        ("PLANTS water", "Water"),
        ("the", "Water"),
        ("%23home", "Water"),
        ("home-office", "Water"),
        ("offi", "Water"),
        ("noon before", "Water"),
        ("later than 12:3", "Water"),
        ("%22water%22 %7C !plants:*", "Water"),
        ("arger", "Ärger"),
        ("%C3%84RGER ecole", "Ärger"),
        ("%D0%BF%D1%80%D0%B8%D0%B2", "Ärger"),
        ("%E8%B2%B7%E3%81%84", "Ärger"),
        ("it's", "Ärger"),
        ("q%5Cz", "Ärger"),
        ("done", "✅Done"),
        ("bob@example.com", "✅Done"),
        ("example.org", "✅Done"),
        ("bold", "✅Done"),
    ] {
        let found = found(&alice, &format!("q={q}")).await;
        assert!(found.len() == 1 && found[0].starts_with(title), "{q}: {found:?}");
    }
    for q in ["ater", "water bold", "waterthe", "plants2"] {
        assert_eq!(found(&alice, &format!("q={q}")).await, [] as [&str; 0], "{q}");
    }
}

/// Whatever stands between them, and whatever else text search would take them for: an address, a path, a number, a tag.
#[tokio::test]
async fn words_are_the_runs_of_letters_and_digits() {
    let api = Api::start().await;
    let alice = api.person("alice");
    alice.client.get(&alice.tasks()).await.expect(200);
    let owner = api.owner().await;
    for (text, words) in [
        ("see slack://channel?id=1 … https://docs.example.com", "1 channel com docs example https id see slack"),
        ("mailto:bob.smith+x@mail.example.org", "bob example mail mailto org smith x"),
        ("http://a.example:8080/b/c.html#d?e=f&g=%20h", "20h 8080 a b c d e example f g html http"),
        ("file:///usr/local/a_b.txt ~/x ../y C:\\z", "a b c file local txt usr x y z"),
        ("12.5 -1 +2 1e5 1.5e-7 0x1F 1,000 v2.0.1 10:30", "000 0x1f 0 1 10 12 1e5 2 30 5 5e v2 7"),
        ("a_b _c d_ e-f-2 g/h i.j k's l\u{2019}m n\u{00a0}o", "a b c d e f 2 g h i j k l m n o s"),
        ("<b class=\"x\">y</b> &amp; &#233; <!-- z -->", "233 amp b class x y z"),
        ("://a:// //b// @c@ #d# 'e' \\f\\ (g) [h] {i} *j* ^k^ ~l~", "a b c d e f g h i j k l"),
        ("É e\u{301} ÀÉ Straße ﬁn ½ x² ΟΔΟΣ οδος", "ae e fin straße 1 2 x2 οδοσ"),
        ("привет-мир 買い物、牛乳 a🚀b", "привет мир 買い物 牛乳 a b"),
        ("", ""),
        (" ://_/ … ", ""),
    ] {
        let sql = "SELECT array_agg(substr(lexeme, 9)) FROM unnest(core.search_words('abcdefgh', $1))";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [text.into()]);
        let row = owner.query_one_raw(statement).await.unwrap().unwrap();
        let mut found: Vec<String> = row.try_get_by_index::<Option<_>>(0).unwrap().unwrap_or_default();
        let mut words: Vec<_> = words.split_whitespace().collect();
        words.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, words, "{text}");
    }
    create(&api, &alice, "see slack://channel?id=1 … https://docs.example.com", &["x://y"], "git://host").await;
    for q in ["slack", "see", "channel", "https", "docs", "x", "y", "git", "slack://channel", "https://docs.exam"] {
        assert_eq!(found(&alice, &format!("q={q}")).await.len(), 1, "{q}");
    }
}

#[tokio::test]
async fn an_accent_may_be_a_character_of_its_own() {
    let api = Api::start().await;
    let alice = api.person("alice");
    create(&api, &alice, "Un été à Nîmes", &[], "").await;
    assert_eq!(found(&alice, "q=e%CC%81te%CC%81+ni%CC%82m").await, ["Un été à Nîmes"]);
    let most = "e%CC%81te%CC%81+".repeat(32);
    assert_eq!(found(&alice, &format!("q={most}")).await, ["Un été à Nîmes"]);
    let answer = alice.client.get(&format!("{}?q={most}ni%CC%82m", alice.tasks())).await;
    assert_eq!(answer.expect_problem(422, "validation_failed")["errors"][0]["code"], "q_too_many_words");
}

/// What docs/API.md says of long words.
#[tokio::test]
async fn only_the_beginning_of_a_long_word_counts() {
    let api = Api::start().await;
    let alice = api.person("alice");
    create(&api, &alice, &format!("{}y", "x".repeat(92)), &[], "").await;
    assert_eq!(found(&alice, &format!("q={}z", "x".repeat(92))).await.len(), 1);
    assert_eq!(found(&alice, &format!("q={}z", "x".repeat(91))).await.len(), 0);
    create(&api, &alice, "long", &[], &format!("{} {}", "b".repeat(2_038), "c".repeat(2_039))).await;
    assert_eq!(found(&alice, "q=bbb").await, ["long"]);
    assert_eq!(found(&alice, "q=ccc").await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_search_without_words_finds_nothing_and_one_that_is_too_long_is_refused() {
    let api = Api::start().await;
    let alice = api.person("alice");
    create(&api, &alice, "& | ! ( ) :* ' \\ 🚀 water", &["&"], "!").await;
    for q in [
        "",
        "%20",
        "%26",
        "%26%20%7C%20!%20(%20)%20:*",
        "'",
        "''",
        "%22",
        "%5C",
        "%5C'",
        "%F0%9F%9A%80",
        "%3C-%3E",
        "%0A%09",
    ] {
        for rest in ["", "&tag=%26", "&sort=due_date", "&status=todo"] {
            assert_eq!(found(&alice, &format!("q={q}{rest}")).await, [] as [&str; 0], "{q}{rest}");
        }
    }
    let words = (4..36).map(|digit| char::from_digit(digit, 36).unwrap().to_string()).collect::<Vec<_>>().join("+");
    for q in ["x".repeat(500), "%EF%B7%BA".repeat(500), "%ED%95%9C".repeat(500), "a+".repeat(32), words] {
        assert_eq!(found(&alice, &format!("q={q}")).await, [] as [&str; 0], "{q}");
    }
    for (q, code) in [
        ("x".repeat(501), "q_too_long"),
        ("x".repeat(10_000), "q_too_long"),
        ("%20".repeat(501), "q_too_long"),
        ("a+".repeat(33), "q_too_many_words"),
        ("a%00b".to_owned(), "control_character"),
    ] {
        let answer = alice.client.get(&format!("{}?q={q}", alice.tasks())).await;
        let problem = answer.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/q"), &json!(code)));
    }
}

#[tokio::test]
async fn tags_are_filtered_exactly_as_they_are_written() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for tag in ["home", "Home", "home-office", "it's", "a\\b", "two words", "été", "& | !", "🚀", "#home"] {
        create(&api, &alice, tag, &["shared", tag], "").await;
    }
    for (tag, title) in [
        ("home", "home"),
        ("Home", "Home"),
        ("home-office", "home-office"),
        ("it's", "it's"),
        ("a%5Cb", "a\\b"),
        ("two words", "two words"),
        ("%C3%A9t%C3%A9", "été"),
        ("%26 %7C !", "& | !"),
        ("%F0%9F%9A%80", "🚀"),
        ("%23home", "#home"),
    ] {
        assert_eq!(found(&alice, &format!("tag={tag}")).await, [title], "{tag}");
    }
    assert_eq!(found(&alice, "tag=shared").await.len(), 10);
    for tag in ["", "hom", "words", "shared%01", "home:*", &"x".repeat(10_000)] {
        assert_eq!(found(&alice, &format!("tag={tag}")).await, [] as [&str; 0], "{tag}");
    }
}

#[tokio::test]
async fn titles_come_before_tags_and_tags_before_descriptions() {
    let api = Api::start().await;
    let alice = api.person("alice");
    create(&api, &alice, "in the title: garden", &[], "").await;
    create(&api, &alice, "in the tags", &["garden"], "").await;
    create(&api, &alice, "in the description", &[], &"garden ".repeat(9_000)).await;
    create(&api, &alice, "everywhere: garden", &["garden"], "garden").await;
    let ranked = ["everywhere: garden", "in the title: garden", "in the tags", "in the description"];
    assert_eq!(found(&alice, "q=gard").await, ranked);
    let by_creation = [ranked[1], ranked[2], ranked[3], ranked[0]];
    assert_eq!(found(&alice, "q=gard&sort=created_at").await, by_creation);
    create(&api, &alice, "rake", &["garden"], "tomorrow").await;
    create(&api, &alice, "rake the garden tomorrow", &[], "").await;
    create(&api, &alice, "call about it", &["rake"], "tomorrow in the garden").await;
    let ranked = ["rake the garden tomorrow", "rake", "call about it"];
    assert_eq!(found(&alice, "q=tomorrow garden rak").await, ranked);
}

#[tokio::test]
async fn ranked_results_are_walked_without_gap_or_repetition() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for n in 0..23 {
        let title = if n % 3 == 0 { format!("{n} garden") } else { format!("{n}") };
        let tags: &[&str] = if n % 4 == 0 { &["garden"] } else { &[] };
        create(&api, &alice, &title, tags, "The garden").await;
    }
    let whole = found(&alice, "q=garden&limit=200").await;
    assert_eq!(whole.len(), 23);
    // Of those that match equally, the newest is first.
    assert_eq!(whole[..3], ["12 garden", "0 garden", "21 garden"]);
    let (mut walked, mut path) = (Vec::new(), format!("{}?q=garden&limit=2", alice.tasks()));
    loop {
        let answer = alice.client.get(&path).await.expect(200);
        walked.extend(titles(&answer.json()));
        // What comes meanwhile does not shift the pages.
        create(&api, &alice, "later garden", &["garden"], "garden").await;
        let Some(link) = answer.header("link") else { break };
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(walked, whole);
}

#[tokio::test]
async fn a_cursor_of_a_search_is_good_for_that_search_only() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for _ in 0..3 {
        create(&api, &alice, "Water the plants", &[], "").await;
    }
    let page = alice.client.get(&format!("{}?q=water&limit=1", alice.tasks())).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    for query in ["limit=1", "q=plants&limit=1", "q=water&sort=-created_at", "q=water&tag=x"] {
        let path = format!("{}?{query}&cursor={cursor}", alice.tasks());
        alice.client.get(&path).await.expect_problem(400, "cursor_invalid");
    }
}

#[tokio::test]
async fn filters_restrict_a_search() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for (title, priority, tag, due) in [
        ("garden a", "urgent", "x", json!("2026-03-01T00:00:00Z")),
        ("garden b", "low", "x", json!("2026-02-01T00:00:00Z")),
        ("garden c", "low", "y", Value::Null),
        ("kitchen", "low", "x", Value::Null),
    ] {
        api.clock.advance(Duration::seconds(1));
        alice.create(json!({"title": title, "priority": priority, "tags": [tag], "due_date": due})).await;
    }
    for (filter, expected) in [
        ("", vec!["garden c", "garden b", "garden a"]),
        ("&tag=x", vec!["garden b", "garden a"]),
        ("&tag=x&priority=low", vec!["garden b"]),
        ("&due_before=2026-02-15T00:00:00Z", vec!["garden b"]),
        ("&completed=true", vec![]),
        ("&sort=due_date", vec!["garden b", "garden a", "garden c"]),
        ("&sort=-due_date", vec!["garden a", "garden b", "garden c"]),
        ("&sort=-priority&tag=x", vec!["garden a", "garden b"]),
    ] {
        assert_eq!(found(&alice, &format!("q=garden{filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn what_changes_is_found_by_what_it_says_now() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = create(&api, &alice, "Water the plants", &["home"], "daily").await;
    alice.client.patch(&alice.task(&task), &json!({"title": "Feed the cat", "tags": ["pets"]})).await.expect(200);
    for (query, expected) in
        [("q=water", 0), ("q=feed", 1), ("q=home", 0), ("tag=home", 0), ("q=pets", 1), ("tag=pets", 1), ("q=daily", 1)]
    {
        assert_eq!(found(&alice, query).await.len(), expected, "{query}");
    }
    alice.client.patch(&alice.task(&task), &json!({"description": null})).await.expect(200);
    assert_eq!(found(&alice, "q=daily").await.len(), 0);
    alice.client.post(&format!("{}/archive", alice.task(&task)), &json!({})).await.expect(200);
    assert_eq!(found(&alice, "q=feed").await.len(), 0);
    assert_eq!(found(&alice, "q=feed&archived=true").await.len(), 1);
    alice.client.delete(&alice.task(&task)).await.expect(204);
    for query in ["q=feed", "q=feed&archived=true", "tag=pets&archived=true"] {
        assert_eq!(found(&alice, query).await.len(), 0, "{query}");
    }
}

#[tokio::test]
async fn nobody_finds_what_is_in_another_workspace() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    create(&api, &alice, "Water the plants", &["home"], "").await;
    create(&api, &bob, "Water the roses", &["home"], "").await;
    for query in ["q=water", "tag=home", "q=water&tag=home", "q=water&sort=created_at"] {
        assert_eq!(found(&alice, query).await, ["Water the plants"], "{query}");
        assert_eq!(found(&bob, query).await, ["Water the roses"], "{query}");
    }
    // Also when the keys of the workspaces in the index are the same, and when both are seen.
    let owner = api.owner().await;
    let twin = "WITH twin AS (INSERT INTO core.workspaces (id, kind, name, created_at) \
                  SELECT ('00000000-0000-0000-0000-0000' || right(workspace_id::text, 8))::uuid, 'shared', 'Twin', now() \
                  FROM core.users WHERE id = 'alice' RETURNING id) \
                UPDATE core.tasks SET workspace_id = (SELECT id FROM twin) WHERE user_id = 'bob'";
    owner.execute_unprepared(twin).await.unwrap();
    assert_eq!(found(&alice, "q=water").await, ["Water the plants"]);
    assert_eq!(found(&alice, "tag=home").await, ["Water the plants"]);
    let join = "INSERT INTO core.members (workspace_id, user_id, role, joined_at) \
                SELECT id, 'alice', 'member', now() FROM core.workspaces WHERE name = 'Twin'";
    owner.execute_unprepared(join).await.unwrap();
    assert_eq!(found(&alice, "q=water").await, ["Water the roses", "Water the plants"]);
}
