//! Keys and names of any content.

use pyrate_sqlite::{AbstractBucket, BucketFactory, Rate, RateItem};

use crate::desk::store;
use crate::files::File;

fn strange() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "a",
        "A",
        "a\0",
        "a\0b",
        "\0",
        "'",
        "\"",
        "`",
        "%",
        "_",
        "?1",
        "{t}",
        "a\nb",
        "\r\n",
        "'); DROP TABLE pyrate; --",
        "\"; DELETE FROM pyrate_log; --",
        "\u{202e}txet",
        "\u{200f}",
        "é",
        "e\u{301}",
        "ß",
        "SS",
        "\u{feff}a",
        "\u{10ffff}",
        "123",
        "1e3",
        "NULL",
        "x'00'",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(1 << 20));
    texts.push(format!("{}y", "x".repeat(1 << 20)));
    texts.push("n".repeat(64));
    texts.push("n".repeat(65));
    texts
}

#[test]
fn every_text_is_a_key_of_its_own() {
    let file = File::new();
    let (store, texts) = (store(&file), strange());
    for text in &texts {
        let bucket = store.bucket(text, Rate::per_hour(1));
        assert!(bucket.put(&RateItem::new(&**text, 1)).unwrap().is_granted());
        assert!(bucket.put(&RateItem::new("other", 1)).unwrap().is_denied());
        assert_eq!(bucket.peek(0).unwrap().unwrap().name, **text);
        assert_eq!(bucket.key(), text);
    }
    assert_eq!(store.keyed(Rate::per_hour(1)).buckets().len(), texts.len());
    for text in &texts {
        assert_eq!(store.bucket(text, Rate::per_hour(1)).count().unwrap(), 1);
        assert!(store.keyed(Rate::per_hour(1)).dispose(text));
    }
    assert_eq!(file.rows(), 0);
}

#[test]
fn every_text_is_a_name_and_shown_as_it_was_given() {
    let file = File::new();
    let (bucket, texts) = (store(&file).bucket("key", Rate::per_hour(1_000)), strange());
    for text in texts.iter().flat_map(|text| [text, text]) {
        assert!(bucket.put(&RateItem::new(&**text, 1)).unwrap().is_granted());
    }
    for (index, text) in (0_u64..).zip(texts.iter().rev().flat_map(|text| [text, text])) {
        assert_eq!(bucket.peek(index).unwrap().unwrap().name, **text);
    }
    // A row a run: each name came twice.
    assert_eq!(file.rows(), 2 + texts.len() as u64);
}

#[test]
fn every_text_names_a_reservation() {
    let file = File::new();
    let (bucket, texts) = (store(&file).bucket("key", Rate::per_second(1)), strange());
    for text in &texts {
        let item = RateItem::new(&**text, 1);
        assert!(bucket.reserve(&item, std::time::Duration::MAX).unwrap().is_granted());
    }
    for (index, text) in (0_u64..).zip(texts.iter().rev()) {
        assert_eq!(bucket.peek(index).unwrap().unwrap().name, **text);
    }
}
