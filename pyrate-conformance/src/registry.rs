//! The list of checks: name, the time it needs, the capability it needs, and what it proves. It stands here once.

/// Calls the macro `$then` of this crate with the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_check {
    ($then:ident) => {
        $crate::$then! {
            (admit_exact_limit, any, [], "at one instant or spread over a window, exactly `limit` units pass, and not one more")
            (window_never_exceeded, injected, [], "no half-open window of any rate ever holds more than its limit, whatever the weights and gaps")
            (never_stingy, injected, [], "an item is denied only if it doesn't fit")
        }
    };
}
