//! prof
#![allow(clippy::all, clippy::pedantic, missing_docs, clippy::unwrap_used)]
use pyrate_memory::*;
use std::time::Duration;
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let iters: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let names: Vec<String> =
        (0..n).map(|i| format!("{:016x}", (i as u64).wrapping_mul(0x9E3779B97F4A7C15))).collect();
    let w: usize = std::env::args().nth(3).map_or(100, |a| a.parse().unwrap());
    let us = ((w * n) / 1000) as u64;
    let m = KeyedMemory::new(Rate::new(1_000_000, Duration::from_micros(us)).unwrap());
    let mut s = 1u64;
    let t = std::time::Instant::now();
    let mut ok = 0;
    for _ in 0..iters {
        s = s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let i = ((s as u128 * n as u128) >> 64) as usize;
        ok += m.reserve(&RateItem::new(names[i].as_str(), 1), Duration::ZERO).unwrap().is_granted()
            as u64;
    }
    println!("{ok} {:?}/call", t.elapsed().as_nanos() as f64 / iters as f64);
}
