//! How much memory a grant takes on the server, by what it says of all keys of a bucket.

use xtask::paired::{Bound, Chart, Pair, Report};

use crate::desk::Desk;
use crate::peer::SORTED_SET;

/// Most bytes a grant of a name that repeats, whatever its weight.
const TARGET: f64 = 32.0;

const GRANTS: u64 = 10_000;

pub(crate) fn all() -> Vec<Report> {
    let desk = Desk::new();
    let mut reports = Vec::from([1, 100, 10_000, 1_000_000].map(|weight| same_name(&desk, weight)));
    let same = desk.bytes_a_grant(GRANTS, 1, |_| SAME.to_owned());
    let new = desk.bytes_a_grant(GRANTS, 1, |number| format!("name {number:x}"));
    let sorted = desk.sorted_set_bytes(GRANTS);
    reports.extend([
        Pair::new("redis, bytes a grant, a new name each", "the same name").bytes(new, same),
        Pair::new("redis, bytes a grant, weight: 1", SORTED_SET).bytes(same, sorted).peer_on(
            Chart::Bytes,
            "sorted set",
            1,
        ),
    ]);
    reports
}

const SAME: &str = "the same name";

fn same_name(desk: &Desk, weight: u32) -> Report {
    let bytes = desk.bytes_a_grant(GRANTS, weight.into(), |_| SAME.to_owned());
    Bound::bytes(&format!("redis, bytes a grant, weight: {weight}"), TARGET).measured(bytes).on(
        Chart::Bytes,
        "redis",
        weight,
    )
}
