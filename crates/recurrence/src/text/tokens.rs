//! The words of a text, each with its place.

/// The words make no sense from the reader's place on.
#[derive(Debug)]
pub(super) struct Lost;

/// Words in lower case, read from left to right; a comma and an exclamation mark are words of their own.
pub(super) struct Tokens<'a> {
    text: &'a str,
    words: Vec<Token>,
    next: usize,
}

struct Token {
    word: String,
    /// Its first character, from 1.
    place: usize,
}

const NUMBERS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const ORDINALS: [&str; 12] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
];

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut words: Vec<Token> = Vec::new();
        let mut open = false;
        for (index, letter) in text.chars().enumerate() {
            let alone = matches!(letter, ',' | '!');
            if letter.is_whitespace() {
                open = false;
            } else if let Some(token) = words.last_mut().filter(|_| open && !alone) {
                token.word.extend(letter.to_lowercase());
            } else {
                words.push(Token { word: letter.to_lowercase().collect(), place: index + 1 });
                open = !alone;
            }
        }
        Self { text, words, next: 0 }
    }

    /// Where the reader is, and the word that is there.
    pub(super) fn place(&self) -> (usize, Option<&str>) {
        match self.words.get(self.next) {
            Some(token) => (token.place, Some(&token.word)),
            None => (self.text.chars().count() + 1, None),
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.next >= self.words.len()
    }

    pub(super) fn peek(&self) -> Option<&str> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.next + ahead).map(|token| token.word.as_str())
    }

    /// A place to come [`Tokens::back_to`].
    pub(super) fn mark(&self) -> usize {
        self.next
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.next = mark;
    }

    pub(super) fn skip(&mut self) {
        self.skip_many(1);
    }

    pub(super) fn skip_many(&mut self, words: usize) {
        self.next += words;
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        self.take_any(&[word])
    }

    pub(super) fn take_any(&mut self, words: &[&str]) -> bool {
        let there = self.peek().is_some_and(|next| words.contains(&next));
        self.next += usize::from(there);
        there
    }

    pub(super) fn expect_any(&mut self, words: &[&str]) -> Result<(), Lost> {
        if self.take_any(words) { Ok(()) } else { Err(Lost) }
    }

    /// The number that is next, in digits or as a word; it is not passed over.
    pub(super) fn number(&self) -> Option<u32> {
        let word = self.peek()?;
        let named = || NUMBERS.iter().position(|name| *name == word).and_then(|place| u32::try_from(place + 1).ok());
        digits(word).or_else(named)
    }

    /// The ordinal that is next, from the end when below 0, and how many words it has: `3rd`, `third`, `last`, `2nd last`.
    pub(super) fn ordinal(&self) -> Option<(i32, usize)> {
        let word = self.peek()?;
        if word == "last" {
            return Some((-1, 1));
        }
        let number = i32::try_from(numbered(word)?).ok()?;
        if self.peek_at(1) == Some("last") { Some((-number, 2)) } else { Some((number, 1)) }
    }

    /// Whether the word after `ahead` others is a number of times: `5 times`.
    pub(super) fn counts(&self, ahead: usize) -> bool {
        let unit = self.peek_at(ahead + 1);
        unit.is_some_and(|unit| matches!(unit, "time" | "times" | "occurrence" | "occurrences"))
    }

    /// A list such as `1, 2 and 3`, of at least one of what `item` takes.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Result<Vec<T>, Lost> {
        let mut items = vec![item(self).ok_or(Lost)?];
        loop {
            let before = self.next;
            let separated = self.take(",") | self.take_any(&["and", "&"]);
            let Some(another) = (separated && !self.counts(0)).then(|| item(self)).flatten() else {
                self.next = before;
                return Ok(items);
            };
            items.push(another);
        }
    }
}

/// Digits alone, few enough for a number.
pub(super) fn digits(word: &str) -> Option<u32> {
    let plain = word.len() <= 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    if plain { word.parse().ok() } else { None }
}

/// `1st`, `22nd`, `third`.
pub(super) fn numbered(word: &str) -> Option<u32> {
    let named = || ORDINALS.iter().position(|name| *name == word).and_then(|place| u32::try_from(place + 1).ok());
    let suffixed = ["st", "nd", "rd", "th"].into_iter().find_map(|suffix| word.strip_suffix(suffix));
    suffixed.and_then(digits).or_else(named)
}
