//! Benchmarks whose verdict is a ratio: both sides in one process, interleaved round by round.
//!
//! A machine that slows down for a while slows down both sides of a round, so the ratio of one
//! round is steadier than either of its times. Quoted is the median of those ratios, with its
//! quartiles. What has no peer is held against a [`Bound`].
//!
//! A report may stand on charts ([`Report::on`]); they are drawn from the same JSON as the table is.
//!
//! A side is a closure that is told how often to repeat its work and answers how long that took. It
//! leaves its setup out of the answer, and may use as many threads as it likes.
//!
//! ```no_run
//! use std::hint::black_box;
//! use xtask::paired::{Pair, save, timed};
//!
//! let pair = Pair::new("sum of 100", "sum of 80").target(1.3);
//! let side = |length: u64| {
//!     move |iterations| timed(iterations, || (0..black_box(length)).sum::<u64>())
//! };
//! save("sums", &[pair.run(side(100), side(80))])?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod bound;
mod chart;
mod pair;
mod peer;
mod quartiles;
mod report;
mod results;
mod side;
mod timing;
mod unit;

pub use bound::Bound;
pub use chart::{Chart, Point, Whose};
pub use pair::Pair;
pub use peer::{Peer, Skill};
pub use quartiles::Quartiles;
pub use report::{Against, Report};
pub use results::{bench_folder, save};
pub use timing::timed;
pub use unit::Unit;

// Each line appears as soon as it is measured: a bench of many reports takes minutes.
fn printed(report: Report) -> Report {
    println!("{report}");
    report
}
