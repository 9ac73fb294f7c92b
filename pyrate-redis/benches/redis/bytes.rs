//! How much memory a grant takes on the server, by what it says of all keys of a bucket.

use xtask::paired::{Bound, Chart, Pair, Report};

use crate::desk::Desk;
use crate::peer::SORTED_SET;

/// Most bytes a grant of a name that repeats, whatever its weight.
const TARGET: f64 = 32.0;

const GRANTS: u64 = 10_000;

pub(crate) fn all() -> Vec<Report> {
    let desk = Desk::new();
    let same = |weight: u32| desk.bytes_a_grant(GRANTS, weight.into(), |_| SAME.to_owned());
    let ours = [1, 100, 10_000, 1_000_000].map(|weight| (weight, same(weight)));
    let mut reports = Vec::from(ours.map(|(weight, bytes)| same_name(weight, bytes)));
    let new = desk.bytes_a_grant(GRANTS, 1, |number| format!("name {number:x}"));
    let [(_, light), ..] = ours;
    reports.push(
        Pair::new("redis, bytes a grant, a new name each", "the same name").bytes(new, light),
    );
    // Of a million units a sorted set would take a hundred million bytes a grant.
    let small = ours.into_iter().filter(|(weight, _)| *weight < 1_000_000);
    reports.extend(small.map(|(weight, bytes)| beside_sorted_set(&desk, weight, bytes)));
    reports
}

const SAME: &str = "the same name";

fn same_name(weight: u32, bytes: f64) -> Report {
    Bound::bytes(&format!("redis, bytes a grant, weight: {weight}"), TARGET).measured(bytes).on(
        Chart::Bytes,
        "redis",
        weight,
    )
}

fn beside_sorted_set(desk: &Desk, weight: u32, bytes: f64) -> Report {
    // As many units at each weight, but for a few grants at least.
    let sorted = desk.sorted_set_bytes((GRANTS / u64::from(weight)).max(10), weight.into());
    Pair::new(&format!("redis, bytes a grant, weight: {weight}"), SORTED_SET)
        .bytes(bytes, sorted)
        .peer_on(Chart::Bytes, "sorted set", weight)
}
