//! What a program adds to its log.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

/// A log from some place on.
#[derive(Debug)]
pub(super) struct LogTail {
    path: PathBuf,
    read: u64,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl LogTail {
    /// What is added from now on; a log that is not there yet is one without a line.
    pub(super) fn of(path: PathBuf) -> Self {
        let read = path.metadata().map_or(0, |file| file.len());
        Self { path, read, begun: Vec::new() }
    }

    /// The lines that were added since the last call. What cannot be read now is read the next time.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let mut added = Vec::new();
        let read = File::open(&self.path).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.read))?;
            log.read_to_end(&mut added)
        });
        self.read += read.map_or(0, |bytes| bytes as u64);
        self.begun.append(&mut added);
        let whole = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let rest = self.begun.split_off(whole);
        let lines = std::mem::replace(&mut self.begun, rest);
        String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_come_when_they_are_whole_and_once() {
        let path = std::env::temp_dir().join(format!("tidings-log-tail-{}", std::process::id()));
        fs::write(&path, "before\n").unwrap();
        let mut tail = LogTail::of(path.clone());
        assert_eq!(tail.lines(), [""; 0]);
        let mut log = File::options().append(true).open(&path).unwrap();
        log.write_all(b"one\ntwo\nth").unwrap();
        assert_eq!(tail.lines(), ["one", "two"]);
        log.write_all(b"ree\n").unwrap();
        assert_eq!(tail.lines(), ["three"]);
        fs::remove_file(&path).unwrap();
        assert_eq!(tail.lines(), [""; 0]);
    }
}
