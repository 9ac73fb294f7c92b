//! The macro that turns a subject into tests.

/// Proves a bucket: one `#[test]` for each check and door.
///
/// - `name`: the module that holds the tests; they are `name::sync::check` and `name::asynchronous::check`.
/// - One of
///   `sync: |rates, clock|`, a bucket with the sync methods;
///   `asynchronous: |rates, clock|`, one with the async methods;
///   `dual: |rates, clock|`, one with both;
///   `own_time: |rates|`, one whose store keeps its own time, called through both doors (a sync one is called by tasks as
///   the limiter would);
///   `asynchronous_own_time: |rates|`, the same of one with the async methods only.
///   The bucket must be empty, and in an empty store, each time. `clock` is a
///   [`ManualClock`](pyrate_core::ManualClock).
/// - `capabilities`: what it can do of [these](crate::capabilities). Checks of what it can't do are not made.
/// - Then what its capabilities need:
///   - `store: |clock|` makes an empty store and answers a closure `|key, rates|` that opens one more handle on a bucket
///     in it.
///   - `faults: |rates, clock|` makes a bucket, and a closure that makes its store fail with an
///     [`Outcome`](pyrate_core::Outcome), or mends it with `None`.
///   - `footprint: |rates, clock|` makes a bucket, and a closure that says how much it stores.
///
///   Here a bucket is anything that is `Into<AnyBucket>`. One on its own time leaves the `clock` alone.
#[macro_export]
macro_rules! conformance {
    (
        name: $name:ident,
        $kind:ident: $make:expr,
        capabilities: [$($capability:ident),* $(,)?]
        $(, $more:ident: $how:expr)* $(,)?
    ) => {
        mod $name {
            const _: () = { $(let _ = $crate::capabilities::$capability;)* };

            $crate::__conformance! {
                @$kind [$($capability)*] [$make] [$(.$more($how))*]
            }
        }
    };
}

/// What `conformance!` expands to, by the kind of bucket.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance {
    (@sync $can:tt [$make:expr] [$($more:tt)*]) => {
        $crate::__conformance! {
            @door sync Sync injected $can [$crate::Subject::new($make) $($more)*]
        }
    };
    (@asynchronous $can:tt [$make:expr] [$($more:tt)*]) => {
        $crate::__conformance! {
            @door asynchronous Async injected $can [$crate::Subject::asynchronous($make) $($more)*]
        }
    };
    (@dual $can:tt [$make:expr] [$($more:tt)*]) => {
        $crate::__conformance! {
            @door sync Sync injected $can [$crate::Subject::dual($make) $($more)*]
        }
        $crate::__conformance! {
            @door asynchronous Async injected $can [$crate::Subject::dual($make) $($more)*]
        }
    };
    (@own_time $can:tt [$make:expr] [$($more:tt)*]) => {
        $crate::__conformance! {
            @door sync Sync any $can [$crate::Subject::own_time($make) $($more)*]
        }
        $crate::__conformance! {
            @door asynchronous Async any $can [$crate::Subject::own_time($make) $($more)*]
        }
    };
    (@asynchronous_own_time $can:tt [$make:expr] [$($more:tt)*]) => {
        $crate::__conformance! {
            @door asynchronous Async any $can [
                $crate::Subject::asynchronous_own_time($make) $($more)*
            ]
        }
    };
    (@door $module:ident $door:ident $time:ident [$($capability:ident)*] [$subject:expr]) => {
        mod $module {
            #[allow(unused_imports, reason = "the closure may need what stands beside the macro's call")]
            use super::super::*;

            #[allow(clippy::redundant_closure, reason = "a subject reads best as a closure")]
            fn subject() -> $crate::Subject {
                $subject.through($crate::Door::$door)
            }

            $crate::__conformance! { @gate ($) $time [$($capability)*] }
            $crate::__for_each_check! { __check_tests }
        }
    };
    // A macro that keeps what it is given only if the bucket has the capability, and the check the time that it needs.
    (@gate ($d:tt) $time:ident [$($capability:ident)*]) => {
        macro_rules! __if_capable {
            ($d time:ident [] $d($d body:tt)*) => { $crate::__if_time! { $time $d time $d($d body)* } };
            $(($d time:ident [$capability] $d($d body:tt)*) => {
                $crate::__if_time! { $time $d time $d($d body)* }
            };)*
            ($d time:ident [$d other:ident] $d($d body:tt)*) => {};
        }
    };
    (@$kind:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "`", stringify!($kind), ":` is no kind of bucket: say `sync:`, `asynchronous:`, `dual:`, `own_time:` or ",
            "`asynchronous_own_time:`"
        ));
    };
}

/// Keeps what needs a clock in the check's hands only where there is one.
#[doc(hidden)]
#[macro_export]
macro_rules! __if_time {
    (any injected $($body:tt)*) => {};
    ($given:ident $needed:ident $($body:tt)*) => { $($body)* };
}

/// One test for each check.
#[doc(hidden)]
#[macro_export]
macro_rules! __check_tests {
    ($(($check:ident, $time:ident, [$($needs:ident)?], $proves:literal))*) => {
        $(__if_capable! {
            $time [$($needs)?]
            #[test]
            fn $check() {
                $crate::prove($crate::checks::$check, &subject());
            }
        })*
    };
}
