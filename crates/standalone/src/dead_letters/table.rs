//! Dead letters in columns.

use serde_json::Value;

/// The title of each column, and the member of a letter that it shows.
const COLUMNS: [(&str, &str); 8] = [
    ("ID", "id"),
    ("TOPIC", "topic"),
    ("STATUS", "status"),
    ("CONSUMER", "consumer"),
    ("ATTEMPTS", "attempts"),
    ("WHEN", "received_at"),
    ("EVENT TYPE", "event_type"),
    ("CAUSE", "cause"),
];

/// A line for each letter, under the titles. The last column is as wide as it likes.
pub(super) fn render(letters: &[Value]) -> String {
    let titles = COLUMNS.map(|(title, _)| title.to_owned());
    let rows: Vec<_> = std::iter::once(titles).chain(letters.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS.len()]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(letter: &Value) -> [String; COLUMNS.len()] {
    COLUMNS.map(|(_, member)| match &letter[member] {
        Value::Null => "-".to_owned(),
        // To the second: the fraction is in the JSON.
        Value::String(text) if member == "received_at" => {
            text.split(['.', 'Z']).next().unwrap_or_default().replace('T', " ")
        }
        // Nothing that comes from a message may play with the terminal.
        Value::String(text) => text.chars().filter(|character| !character.is_control()).collect(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_stand_under_their_titles() {
        let letters = [
            json!({
                "id": "1", "topic": "task-events", "status": "dead", "consumer": "audit-service", "attempts": 11,
                "received_at": "2026-01-31T09:00:00.251904Z", "event_type": "task.\u{1b}[31mcreated", "cause": "x y",
            }),
            json!({ "id": "22", "topic": "é", "status": "replayed", "received_at": "2026-01-31T09:00:00Z", "cause": "" }),
        ];
        let expected = "\
ID  TOPIC        STATUS    CONSUMER       ATTEMPTS  WHEN                 EVENT TYPE        CAUSE
1   task-events  dead      audit-service  11        2026-01-31 09:00:00  task.[31mcreated  x y
22  é            replayed  -              -         2026-01-31 09:00:00  -\n";
        assert_eq!(render(&letters), expected);
    }
}
