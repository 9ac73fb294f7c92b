//! Names and keys that were written to break something.

use std::time::Duration;

use pyrate_core::{Rate, RateItem};

use crate::failure::{Failure, Verdict};
use crate::rig::Rig;
use crate::subject::Subject;

/// What looks like the end of a text, like a pattern, a path or a program, and pairs that look alike.
const HOSTILE: [&str; 29] = [
    "",
    ":",
    "a:b",
    "a:b:c",
    "\0",
    "a\0b",
    "a\0",
    "a",
    "A",
    " a ",
    "line\nfeed",
    "carriage\r\nreturn",
    "\"quotes\" 'and' `ticks`",
    "back\\slash",
    "{}",
    "{a}b",
    "*",
    "%",
    "?",
    "_",
    "[a-z]",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}right to left",
    "\u{e9}",
    "e\u{301}",
    "\u{1f4a5}",
    "../../a",
    "'); DROP TABLE",
    "'); DROP TABLE pyrate; --",
    "]] redis.call('FLUSHALL') --[[",
];

/// Two texts of a MiB that differ in the last character.
fn long() -> [String; 2] {
    let long = "long".repeat(1 << 18);
    [format!("{long}a"), format!("{long}b")]
}

fn hostile() -> Vec<String> {
    HOSTILE.iter().map(|name| (*name).to_owned()).chain(long()).collect()
}

pub(crate) fn hostile_names(subject: &Subject) -> Verdict {
    let names = hostile();
    let limit = names.len() as u64 + 1;
    let rig = subject.rig(Rate::per_hour(limit));
    put(&rig, "plain name")?;
    let plain = name_of(&rig, 0)?;
    // A bucket that keeps no names shows one and the same for all.
    let shown = |name: &str| if plain == "plain name" { name.to_owned() } else { plain.clone() };
    for (name, before) in names.iter().zip(1..) {
        put(&rig, name)?;
        rig.same("count", &(before + 1), &rig.count()?)?;
        same_text(&rig, &shown(name), &name_of(&rig, 0)?)?;
    }
    rig.denied(1)?;
    for (name, index) in names.iter().rev().zip(0..) {
        same_text(&rig, &shown(name), &name_of(&rig, index)?)?;
    }
    same_text(&rig, &plain, &name_of(&rig, limit - 1)?)
}

pub(crate) fn hostile_keys(subject: &Subject) -> Verdict {
    let store = subject.open_store()?;
    let keys = hostile();
    let rigs: Vec<Rig> = keys.iter().map(|key| store.open(key, Rate::per_hour(2))).collect();
    for rig in &rigs {
        rig.same("count of a key that is used for the first time", &0, &rig.count()?)?;
        rig.granted(2)?;
        rig.denied(1)?;
    }
    rigs.iter().try_for_each(|rig| rig.same("count", &2, &rig.count()?))?;
    let mut flushed = 0;
    for (key, rig) in keys.iter().zip(&rigs).filter(|(key, _)| is_pattern(key)) {
        rig.flush()?;
        flushed += 1;
        let counts: u64 = rigs.iter().map(Rig::count).sum::<Result<u64, _>>()?;
        let expected = format!("all keys but those flushed, the last of them {key:?}, as before");
        rig.holds(counts == 2 * (rigs.len() as u64 - flushed), &expected, &counts)?;
    }
    Ok(())
}

fn is_pattern(key: &str) -> bool {
    ["", "*", "%", "?", "_", "[a-z]", "'); DROP TABLE"].contains(&key)
}

fn put(rig: &Rig, name: &str) -> Verdict {
    let item = RateItem::new(name, 1);
    rig.same("wait", &Some(Duration::ZERO), &rig.unfailed(rig.handle().waiting(&item))?)?;
    rig.granted_item(&item).map(drop)
}

/// Not noted: names may be long.
fn name_of(rig: &Rig, index: u64) -> Result<String, Box<Failure>> {
    let unit = rig.unfailed(rig.handle().peek(index))?;
    let unit = unit.ok_or_else(|| rig.failure(format!("a unit at {index}"), "none"))?;
    Ok(unit.name.into_owned())
}

fn same_text(rig: &Rig, expected: &str, found: &str) -> Verdict {
    if expected == found {
        return Ok(());
    }
    Err(rig.failure(beginning(expected), beginning(found)))
}

/// The beginning of a text, and its length.
fn beginning(text: &str) -> String {
    format!("{:?}, {} bytes", text.chars().take(40).collect::<String>(), text.len())
}
