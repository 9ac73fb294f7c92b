//! The list of checks. It stands here once: functions, tests and the kill matrix are made of it.
//!
//! Of each: its name; `injected` if it must move the bucket's clock, `any` if it holds on a store's own time too; the
//! capability that it needs, if any; what it proves, as the end of "proves that".

/// Calls the macro `$then` of this crate with the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_check {
    ($then:ident) => {
        $crate::$then! {
            (admit_exact_limit, any, [], "at one instant or spread over a window, exactly `limit` units pass, and not one more")
            (window_never_exceeded, injected, [], "no half-open window of any rate ever holds more than its limit, whatever the weights and gaps")
            (never_stingy, injected, [], "an item is denied only if it doesn't fit")
            (boundary_instant, injected, [], "a unit granted at `t` counts one tick before `t + interval` and no longer at `t + interval`, for every rate")
            (multi_rate_rollback, injected, [], "an item that a longer rate denies leaves nothing in the windows of the shorter ones")
            (denial_names_the_binding_rate, injected, [], "a denial names the rate that sets the instant at which the item fits; on ties, and where none can ever fit it, that of the shortest interval")
            (wait_exactness, injected, [], "an item is granted exactly when its wait is over, and not one tick earlier; a denial's `retry_after` is that wait")
            (wait_is_pure_and_private, injected, [], "waiting, available, count and peek change nothing, and show the same whatever was denied to somebody else just before")
            (refusal_leaves_no_trace, any, [], "after ten thousand denials the count, the units and the wait are as before")
            (refusal_stores_nothing, any, [footprint], "a thousand denials store nothing")
            (long_run_exact, injected, [], "a caller who asks at odd steps over thousands of windows is granted exactly the limit in each")
            (count_peek_order, injected, [], "count and peek show exactly the units inside the longest window, newest first, unit by unit across weights, and none beyond the end")
            (peek_shows_names, injected, [names], "peek shows each unit under the name that it was granted to")
            (atomic_weighted_put, any, [], "a weight above the space that is left is denied whole, and one that equals it is granted")
            (weight_equals_units, injected, [], "an item of weight `w` counts, waits and leaks like `w` items of weight 1 at one instant")
            (weight_edges, any, [], "weight 0 is granted and stores nothing; a weight above a limit is denied for good, however large; all weights up to it are told apart")

            (threads_no_over_admission, any, [], "whatever threads put at once while time goes on, no window holds more than its limit")
            (threads_no_lost_capacity, any, [], "threads that ask for more than the limit at one instant are granted exactly the limit, and none is denied before it is used up")
            (handles_no_over_admission, any, [shared], "handles on one bucket know of each other's grants at once: together they never pass a limit")
            (history_check, any, [], "by the intervals from call to return alone, threads were not granted more than the limit, and none was denied that had to be granted")
            (leaker_races_put, any, [], "a leak beside the puts of other threads loses no grant and takes no room away")
            (first_touch_race, any, [keys], "threads that use a key for the first time at once share one bucket")
            (leak_exactness, injected, [], "a leak removes nothing that is inside any window, and a second one at once removes nothing")
            (leak_is_invisible, injected, [], "a leak anywhere in a history changes no later decision, count, wait or peek")
            (flush_is_total, any, [], "after a flush a bucket is as new, but time does not run back")
            (flush_spares_neighbours, any, [keys], "a flush leaves the other buckets of a store alone")
            (bucket_isolation, any, [keys], "buckets of a store whose keys look alike, and names that look like keys, don't mix")
            (sync_async_parity, injected, [], "one history is answered alike through both doors")
            (store_error_propagates, any, [faults], "a failure of the store is an error with its outcome, never a decision, and records nothing if it says so")
            (clock_regression, injected, [], "a clock that is set back anywhere, around leaks and cancels too, admits nothing twice, and all is as before once it has caught up")
            (stale_stamp, any, [], "an item stamped before a later grant is decided at the instant of that grant")
            (future_item_counts, any, [], "what was granted by a stamp in the future counts for those who come without one")
            (instant_edges, any, [], "an instant beyond 2^53 - 1 is refused, and the last one below is granted its limit")
            (idle_gap, injected, [], "after a gap at which some counter of time is back at zero, exactly the limit is granted")
            (tick_precision, injected, [], "grants one tick apart show their own instants and leave one tick apart, at today's epoch and at the last one")
            (clock_error_propagates, injected, [], "a failure of the clock is an error, never a decision by some other time")

            (reserve_matches_formula, injected, [reservations], "a reservation is granted the earliest instant at which every rate has room for it behind all who came before, no sooner and no later")
            (fifo_order, any, [reservations], "reservations are due in the order in which they came: no light one passes a heavy one, which waits for no more than its window")
            (try_does_not_barge, any, [reservations], "while somebody stands in line, an item that may not wait is denied even where it has room")
            (cancellation_safety, injected, [reservations], "a reservation that is not due can be cancelled, once; its place goes to the next who fits, nobody in line is delayed, and nothing else changes")
            (timeout_storm, injected, [reservations], "where half as many callers again as the limit serves come, and leave after a second, at least 90 % of the limit is served")
            (max_delay_boundary, injected, [reservations], "a wait of exactly `max_delay` is waited, and a longer one is denied and stores nothing")
            (bounded_backend_calls, injected, [reservations], "callers of a limiter call the store at most twice a grant, however long they wait in line")

            (reopen, any, [reopening], "a new handle knows every grant that was acknowledged before, and how far time had come")
            (changed_rates, any, [shared], "a handle with other rates is exact over all that was granted through any handle")
            (footprint, any, [footprint], "units are stored until they have left the longest window and no longer; neither weight nor denials take room")
            (hostile_names, any, [], "a name is text and nothing else: whatever it looks like, it is counted as any other, and shown as it was given")
            (hostile_keys, any, [keys], "a key is text and nothing else: whatever it looks like, its bucket is its own")
        }
    };
}
