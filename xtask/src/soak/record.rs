//! What a caller was told, on its way from a worker: 16 bytes at once into a pipe, which holds them although the worker is
//! killed, and lets no caller wait for a disk.

use std::io::{self, BufReader, ErrorKind, Read, Write};
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
    /// It failed by an injected fault, and recorded nothing.
    Failed,
    /// It failed by an injected fault, and may have been recorded.
    Unknown,
    /// It failed by something else, or went too early.
    Broken,
    /// No call: a clock was moved.
    Fault,
}

const KINDS: [Kind; 8] = [
    Kind::AtOnce,
    Kind::Waited,
    Kind::Denied,
    Kind::Left,
    Kind::Failed,
    Kind::Unknown,
    Kind::Broken,
    Kind::Fault,
];

/// One call, or one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What came of it.
    pub kind: Kind,
    /// Whose limit: the index of the name.
    pub name: u8,
    /// Units asked for.
    pub weight: u16,
    /// The instant of the grant.
    pub at: Timestamp,
    /// How much longer the call took than it had to wait.
    pub late: Duration,
}

/// Bytes of a record.
const SIZE: usize = 16;

/// A byte in each, by which it is told from what somebody else printed.
const SIGN: u64 = 0xa7;

/// The longest delay that is told, in microseconds: 12 days.
const LATEST: u64 = (1 << 40) - 1;

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
        let late = u64::try_from(self.late.as_micros()).unwrap_or(u64::MAX).min(LATEST);
        let second = u64::from(self.weight) << 48 | SIGN << 40 | late;
        (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
    }

    fn from_bytes(bytes: [u8; SIZE]) -> Option<Record> {
        let both = u128::from_be_bytes(bytes);
        let part = |from: u32, bits: u32| u64::try_from(both >> from & ((1 << bits) - 1)).ok();
        if part(40, 8)? != SIGN {
            return None;
        }
        Some(Record {
            kind: KINDS.get(usize::try_from(part(125, 3)?).ok()?).copied()?,
            name: u8::try_from(part(117, 8)?).ok()?,
            at: Timestamp::from_micros(part(64, 53)?),
            weight: u16::try_from(part(48, 16)?).ok()?,
            late: Duration::from_micros(part(0, 40)?),
        })
    }
}

/// Hands `record` over to whoever started this process.
///
/// # Errors
///
/// If nobody listens.
pub fn tell(record: Record) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&record.to_bytes())?;
    out.flush()
}

/// Listens to a worker until it ends. Its last record may be incomplete, where it was killed: it is left out.
///
/// # Errors
///
/// If it can't be listened to, or says something else.
pub fn listen(worker: impl Read) -> io::Result<Vec<Record>> {
    let (mut worker, mut records, mut bytes) = (BufReader::new(worker), Vec::new(), [0; SIZE]);
    loop {
        match worker.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(records),
            Err(error) => return Err(error),
        }
        let record = Record::from_bytes(bytes);
        records.push(record.ok_or_else(|| io::Error::other(format!("no record: {bytes:?}")))?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard_and_half_a_record_is_left_out() {
        let late = Duration::from_micros(LATEST);
        let (name, weight, at) = (u8::MAX, u16::MAX, Timestamp::MAX);
        let full = KINDS.map(|kind| Record { kind, name, weight, at, late });
        let records: Vec<Record> = full.into_iter().chain(KINDS.map(Record::new)).collect();
        let mut bytes: Vec<u8> = records.iter().flat_map(|record| record.to_bytes()).collect();
        bytes.extend([0; SIZE - 1]);
        assert_eq!(listen(&*bytes).unwrap(), records);
        assert!(listen(&[u8::MAX; SIZE][..]).is_err());
    }
}
