//! How much memory a grant takes on the server, by what it says of all keys of a bucket.

use crate::desk::Desk;

/// Most bytes a grant of a name that repeats, whatever its weight.
const TARGET: f64 = 32.0;

pub(crate) fn print() {
    let (desk, grants) = (Desk::new(), 20_000);
    for weight in [1, 100] {
        let bytes = desk.bytes_a_grant(grants, weight, |_| "the same name".to_owned());
        let verdict = if bytes <= TARGET { "met" } else { "missed" };
        println!(
            "redis, {grants} grants, weight {weight}: {bytes:.1} bytes a grant   target <= {TARGET}  {verdict}"
        );
    }
    let bytes = desk.bytes_a_grant(grants, 1, |number| format!("name {number:x}"));
    println!("redis, {grants} grants, a new name each: {bytes:.1} bytes a grant");
    let bytes = desk.sorted_set_bytes(grants);
    println!("redis, {grants} grants, sorted set: {bytes:.1} bytes a grant");
}
