//! What a caller was told, as it is written down: 16 bytes at once, so that a process that is killed loses nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use pyrate_memory::Timestamp;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Granted without a wait.
    AtOnce,
    /// Granted after one.
    Waited,
    /// Denied.
    Denied,
    /// The caller left before the answer, or while it waited.
    Left,
    /// It failed, by an injected fault.
    Failed,
    /// It failed by something else, or went too early.
    Broken,
    /// No call: a fault was injected.
    Fault,
}

const KINDS: [Kind; 7] =
    [Kind::AtOnce, Kind::Waited, Kind::Denied, Kind::Left, Kind::Failed, Kind::Broken, Kind::Fault];

/// One call, or one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What came of it.
    pub kind: Kind,
    /// Whose limit: the index of the name.
    pub name: u8,
    /// Units granted.
    pub weight: u16,
    /// The instant of the grant.
    pub at: Timestamp,
    /// How much longer the call took than it had to wait.
    pub late: Duration,
}

/// Bytes of a record.
const SIZE: usize = 16;

impl Record {
    /// A record of which nothing else is known.
    #[must_use]
    pub fn new(kind: Kind) -> Record {
        Record { kind, name: 0, weight: 0, at: Timestamp::ZERO, late: Duration::ZERO }
    }

    // Instants are below 2^53: above them is room for a byte and three bits.
    fn to_bytes(self) -> [u8; SIZE] {
        let kind = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or_default() as u64;
        let first = kind << 61 | u64::from(self.name) << 53 | self.at.as_micros();
        let late = u64::try_from(self.late.as_micros()).unwrap_or(u64::MAX).min((1 << 48) - 1);
        let second = u64::from(self.weight) << 48 | late;
        (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
    }

    fn from_bytes(bytes: [u8; SIZE]) -> Option<Record> {
        let both = u128::from_be_bytes(bytes);
        let part = |from: u32, bits: u32| u64::try_from(both >> from & ((1 << bits) - 1)).ok();
        Some(Record {
            kind: KINDS.get(usize::try_from(part(125, 3)?).ok()?).copied()?,
            name: u8::try_from(part(117, 8)?).ok()?,
            at: Timestamp::from_micros(part(64, 53)?),
            weight: u16::try_from(part(48, 16)?).ok()?,
            late: Duration::from_micros(part(0, 48)?),
        })
    }
}

/// Where one caller writes.
#[derive(Debug)]
pub struct Writer {
    file: File,
}

impl Writer {
    /// A new file in `folder`, whose name `name` is like no other.
    ///
    /// # Errors
    ///
    /// If it can't be made.
    pub fn create(folder: &Path, name: &str) -> io::Result<Writer> {
        Ok(Writer { file: File::create_new(folder.join(name).with_extension("records"))? })
    }

    /// Writes `record` through to the operating system.
    ///
    /// # Errors
    ///
    /// If it can't be written.
    pub fn write(&mut self, record: Record) -> io::Result<()> {
        self.file.write_all(&record.to_bytes())
    }
}

/// Reads every record in `folder`. The last one of a file may be incomplete, where its writer was killed: it is left out.
///
/// # Errors
///
/// If a file can't be read, or holds something else.
pub fn read_all(folder: &Path, mut each: impl FnMut(Record)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "records") {
            continue;
        }
        let bytes = fs::read(&path)?;
        for bytes in bytes.as_chunks::<SIZE>().0 {
            let record = Record::from_bytes(*bytes);
            each(record.ok_or_else(|| io::Error::other(format!("no record: {bytes:?}")))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_half_a_record_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(folder.path(), "one").unwrap();
        let records: Vec<Record> = KINDS
            .into_iter()
            .map(|kind| Record {
                kind,
                name: u8::MAX,
                weight: u16::MAX,
                at: Timestamp::MAX,
                late: Duration::from_micros((1 << 48) - 1),
            })
            .chain(KINDS.map(Record::new))
            .collect();
        for record in &records {
            writer.write(*record).unwrap();
        }
        writer.file.write_all(&[0; SIZE - 1]).unwrap();
        fs::write(folder.path().join("other"), "no record").unwrap();
        let mut read = Vec::new();
        read_all(folder.path(), |record| read.push(record)).unwrap();
        assert_eq!(read, records);
    }
}
