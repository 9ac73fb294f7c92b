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

            (threads_no_over_admission, any, [], "whatever threads put at once while time goes on, no window holds more than its limit")
            (threads_no_lost_capacity, any, [], "threads that ask for more than the limit at one instant are granted exactly the limit, and none is denied before it is used up")
            (handles_no_over_admission, any, [shared], "handles on one bucket know of each other's grants at once: together they never pass a limit")
            (history_check, any, [], "by the intervals from call to return alone, threads were not granted more than the limit, and none was denied that had to be granted")
            (leaker_races_put, any, [], "a leak beside the puts of other threads loses no grant and takes no room away")
            (first_touch_race, any, [keys], "threads that use a key for the first time at once share one bucket")

            (reserve_matches_formula, injected, [reservations], "a reservation is granted the earliest instant at which every rate has room for it behind all who came before, no sooner and no later")
            (fifo_order, any, [reservations], "reservations are due in the order in which they came: no light one passes a heavy one, which waits for no more than its window")
            (try_does_not_barge, any, [reservations], "while somebody stands in line, an item that may not wait is denied even where it has room")
            (cancellation_safety, injected, [reservations], "a reservation that is not due can be cancelled, once; its place goes to the next who fits, nobody in line is delayed, and nothing else changes")
            (timeout_storm, injected, [reservations], "where half as many callers again as the limit serves come, and leave after a second, at least 90 % of the limit is served")
            (max_delay_boundary, injected, [reservations], "a wait of exactly `max_delay` is waited, and a longer one is denied and stores nothing")
            (bounded_backend_calls, injected, [reservations], "callers of a limiter call the store at most twice a grant, however long they wait in line")
        }
    };
}
