//! Names that a careless store would confuse, cut off or take for something else.

use std::collections::HashSet;
use std::time::Duration;

use pyrate_memory::{
    BucketFactory, InMemoryBucket, KeyedFactory, KeyedMemory, ManualClock, RateItem,
};

use crate::desk::{ms, per};

fn names() -> Vec<String> {
    let short = [
        "",
        " ",
        "\0",
        "\0\0",
        "a",
        "a\0",
        "a\0b",
        "a\0c",
        "a ",
        "A",
        "\n",
        "\r\n",
        "'",
        "\"",
        "`",
        "';--",
        "\\",
        "\\0",
        "%s",
        "{}",
        "*",
        "a:b",
        "a{b}",
        "\u{202e}abc",
        "cba",
        "ש",
        "ä",
        "a\u{308}",
        "\u{feff}a",
        "\u{10ffff}",
    ];
    let long = [22, 23, 24, 25, 255, 256, 65_536].map(|bytes| "n".repeat(bytes));
    let megabytes = ["x", "y"].map(|last| "m".repeat((1 << 20) - 1) + last);
    short.map(String::from).into_iter().chain(long).chain(megabytes).collect()
}

fn put(factory: &impl BucketFactory, name: &str) -> bool {
    factory.reserve(&RateItem::new(name, 1), Duration::ZERO).unwrap().is_granted()
}

/// Each name has one unit, shows itself by its very name, and goes alone.
fn keeps_apart(factory: &impl BucketFactory) {
    let names = names();
    assert!(names.iter().all(|name| put(factory, name)));
    assert!(!names.iter().any(|name| put(factory, name)));
    let shown =
        |bucket: &pyrate_memory::AnyBucket| bucket.peek(0).unwrap().unwrap().name.into_owned();
    let held: HashSet<String> = factory.buckets().iter().map(shown).collect();
    assert_eq!((held, factory.buckets().len()), (names.iter().cloned().collect(), names.len()));
    for name in &names {
        assert!(factory.dispose(name) && !factory.dispose(name), "{name:.30}");
        assert!(put(factory, name) && !put(factory, name));
    }
    assert_eq!(factory.buckets().len(), names.len());
}

#[test]
fn a_keyed_memory_keeps_strange_names_apart() {
    let clock = ManualClock::new();
    let memory = KeyedMemory::builder(per(1, ms(100))).clock(clock.clone()).build();
    keeps_apart(&memory);
    clock.advance(ms(100));
    memory.leak().unwrap();
    assert_eq!(memory.names(), 0);
}

#[test]
fn a_keyed_factory_keeps_strange_names_apart() {
    let clock = ManualClock::new();
    let bucket =
        move |_: &str| Ok(InMemoryBucket::with_clock(per(1, ms(100)), clock.clone()).into());
    keeps_apart(&KeyedFactory::new(bucket));
}

#[test]
fn the_closure_is_given_the_very_name() {
    let rates = |name: &str| per(u64::try_from(name.len()).unwrap() + 1, ms(100));
    let memory = KeyedMemory::builder_with_rates(rates).clock(ManualClock::new()).build();
    for name in names() {
        let all = RateItem::new(name.as_str(), u64::try_from(name.len()).unwrap() + 1);
        assert!(memory.reserve(&all, Duration::ZERO).unwrap().is_granted());
        assert!(!put(&memory, &name));
    }
}
