//! Doors: the sync trait and the async one make the same promises, so they list the same methods.

use super::Finding;
use super::code::{closing_brace, depth_after, from, is_word, line_at};
use super::functions::functions_in;
use super::source::Source;

const FOLDER: &str = "pyrate-core/src/";
const SYNC: &str = "AbstractBucket";
const ASYNC: &str = "AsyncBucket";

/// What only a sync bucket has to say: how it becomes an `AnyBucket`, and whether it blocks.
const SYNC_ONLY: [&str; 2] = ["into_any", "may_block"];

/// A trait and the names of its own methods.
struct Door<'a> {
    source: &'a Source,
    line: usize,
    methods: Vec<&'a str>,
}

impl Door<'_> {
    fn has(&self, method: &str) -> bool {
        self.methods.contains(&method)
    }

    fn finding(&self, what: String) -> Finding {
        self.source.finding(self.line, what)
    }
}

/// Every method stands in both traits, in the async one as `name_async` or, where it never waits,
/// as `name`.
///
/// One trait without the other is a finding; so nobody can rename one and leave this rule with
/// nothing to do.
pub(super) fn same_methods(sources: &[Source]) -> Vec<Finding> {
    match (door(sources, SYNC), door(sources, ASYNC)) {
        (Some(sync), Some(asynchronous)) => differences(&sync, &asynchronous),
        (Some(door), None) => vec![door.finding(alone(SYNC, ASYNC))],
        (None, Some(door)) => vec![door.finding(alone(ASYNC, SYNC))],
        (None, None) => Vec::new(),
    }
}

fn differences(sync: &Door<'_>, asynchronous: &Door<'_>) -> Vec<Finding> {
    let missing = sync.methods.iter().filter(|method| is_missing(method, asynchronous));
    let beyond = asynchronous.methods.iter().filter(|method| is_beyond(method, sync));
    let missing = missing.map(|method| {
        asynchronous.finding(format!("`{ASYNC}` lacks `{SYNC}::{method}`; add `{method}_async`"))
    });
    let beyond = beyond.map(|method| {
        asynchronous.finding(format!(
            "`{ASYNC}::{method}` is not in `{SYNC}`; add it there, or take it out"
        ))
    });
    missing.chain(beyond).collect()
}

fn is_missing(method: &str, asynchronous: &Door<'_>) -> bool {
    let is_there = asynchronous.has(method) || asynchronous.has(&format!("{method}_async"));
    !is_there && !SYNC_ONLY.contains(&method)
}

fn is_beyond(method: &str, sync: &Door<'_>) -> bool {
    let plain = method.strip_suffix("_async").unwrap_or(method);
    let is_there = sync.has(plain) || sync.has(method);
    !is_there || SYNC_ONLY.contains(&plain)
}

fn alone(there: &str, missing: &str) -> String {
    format!("`{there}` stands without `pub trait {missing}`; add it, or rename both here too")
}

fn door<'a>(sources: &'a [Source], name: &str) -> Option<Door<'a>> {
    let mut core = sources.iter().filter(|source| source.path.starts_with(FOLDER));
    core.find_map(|source| door_in(source, name))
}

fn door_in<'a>(source: &'a Source, name: &str) -> Option<Door<'a>> {
    let opening = format!("pub trait {name}");
    let mut places = source.code.match_indices(&opening).map(|(at, _)| at);
    let at = places.find(|at| !from(&source.code, at + opening.len()).starts_with(is_word))?;
    let methods = methods(from(&source.code, at));
    Some(Door { source, line: line_at(&source.code, at), methods })
}

// Only what stands directly in the trait's braces: a default body may hold functions of its own.
fn methods(code: &str) -> Vec<&str> {
    let code = closing_brace(code).and_then(|end| code.get(..end)).unwrap_or(code);
    let functions = functions_in(code).into_iter();
    let own = functions.filter(|function| code.get(..function.at).map(depth_after) == Some(1));
    own.map(|function| function.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sync: &str, asynchronous: &str) -> Vec<String> {
        let sync = Source::new(
            "pyrate-core/src/bucket.rs",
            &format!("pub trait {SYNC}: Send {{ {sync} }}"),
        );
        let text = format!("\n\npub trait {ASYNC}: Send + 'static {{ {asynchronous} }}");
        let asynchronous = Source::new("pyrate-core/src/bucket/asynchronous.rs", &text);
        same_methods(&[sync, asynchronous]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_method_may_be_plain_or_async_behind_the_async_door() {
        let sync = "fn rates(&self) -> &Rates; fn put(&self) -> Option<[u8; 2]> { inner(|| { 1 }) } \
                    fn into_any(self) {} fn may_block(&self) -> bool { true }";
        assert_eq!(
            found(sync, "fn rates(&self); async fn put_async(&self) { fn g() {} }"),
            [""; 0]
        );
    }

    #[test]
    fn a_method_that_the_async_door_lacks_is_named() {
        assert_eq!(
            found("fn rates(&self); fn leak(&self);", "fn rates(&self);"),
            [
                "pyrate-core/src/bucket/asynchronous.rs:3: `AsyncBucket` lacks `AbstractBucket::leak`; \
              add `leak_async`"
            ]
        );
    }

    #[test]
    fn a_method_that_only_the_async_door_has_is_named() {
        let names = found("fn rates(&self);", "fn rates(&self); async fn drain_async(&self);");
        assert_eq!(names.len(), 1);
        assert!(names[0].contains("`AsyncBucket::drain_async` is not in"), "{}", names[0]);
    }

    #[test]
    fn what_only_the_sync_door_may_have_is_beyond_in_the_async_one() {
        let sync = "fn into_any(self) {} fn may_block(&self) -> bool { true }";
        assert_eq!(found(sync, "fn into_any(self) {} fn may_block_async(&self);").len(), 2);
    }

    #[test]
    fn one_trait_without_the_other_is_found() {
        for name in [SYNC, ASYNC] {
            let source = Source::new("pyrate-core/src/b.rs", &format!("pub trait {name} {{}}"));
            assert_eq!(same_methods(&[source]).len(), 1, "{name}");
        }
    }

    #[test]
    fn other_traits_and_other_crates_are_left_alone() {
        let longer = Source::new("pyrate-core/src/b.rs", "pub trait AsyncBucketFactory {}");
        let elsewhere = Source::new("pyrate-memory/src/b.rs", "pub trait AsyncBucket {}");
        assert_eq!(same_methods(&[longer, elsewhere]), []);
    }
}
