//! A limit for each customer, in two tiers, without a list of customers.
//!
//! Names come and go: one that has left its window takes no memory.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::thread;
use std::time::Duration;

use pyrate_memory::{KeyedMemory, Limiter, Rate, Rates};

fn main() -> Result<(), Box<dyn Error>> {
    let limiter = Limiter::with_factory(two_tiers()?);

    for customer in ["free-ann", "free-bob", "gold-eve"] {
        let served = (0..20).filter(|_| limiter.try_acquire(customer).is_ok()).count();
        println!("{customer} asks 20 times at once and is served {served} times");
        assert_eq!(served, if customer.starts_with("gold-") { 12 } else { 2 });
    }

    // One customer's limit says nothing about another's.
    if let Err(refusal) = limiter.try_acquire("free-ann") {
        println!("{refusal}");
    }
    limiter.try_acquire("free-new")?;
    println!("customers held: {}", limiter.buckets().len());

    // The longest window of a tier is a second. Then whoever stays away is forgotten, with nobody asking for it.
    thread::sleep(Duration::from_millis(1_500));
    println!("customers held after a second of silence: {}", limiter.buckets().len());
    assert!(limiter.buckets().is_empty());
    Ok(())
}

/// Gold customers have 18 a second, 12 of them at once; the others have 2.
fn two_tiers() -> Result<KeyedMemory, Box<dyn Error>> {
    let gold: Rates = "12/500ms;18/s".parse()?;
    let free: Rates = Rate::per_second(2).into();
    // Asked once for each customer. A clone shares the list.
    let tier = move |customer: &str| {
        if customer.starts_with("gold-") { gold.clone() } else { free.clone() }
    };
    Ok(KeyedMemory::with_rates(tier))
}
