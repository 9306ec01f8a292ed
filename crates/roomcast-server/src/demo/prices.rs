//! Made-up prices of tea, hundreds a second, for as long as somebody watches.

use super::Feed;
use serde_json::json;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Where they are published.
pub(super) const ROOM: &str = "demo:prices";
/// What is kept: a newcomer finds a price of each tea.
pub(super) const KEPT: usize = 64;
/// 50 times a second, eight of the teas: 400 prices a second.
const EVERY: Duration = Duration::from_millis(20);

/// The teas, and what a kilogram of each costs when the server starts.
const TEAS: [(&str, f64); 12] = [
    ("Assam", 18.40),
    ("Bancha", 22.10),
    ("Ceylon", 16.75),
    ("Darjeeling", 64.20),
    ("Earl Grey", 24.90),
    ("Genmaicha", 27.30),
    ("Gyokuro", 148.00),
    ("Keemun", 41.60),
    ("Lapsang", 33.80),
    ("Matcha", 212.50),
    ("Oolong", 56.10),
    ("Sencha", 38.25),
];

/// Publishes for as long as the server runs.
pub(super) async fn publish(feed: Feed) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut prices = TEAS.map(|(_, first)| first);
    loop {
        ticks.tick().await;
        // Without randomness no price moves.
        if feed.hub.members(&feed.room) > 0
            && let Ok(random) = getrandom::u64()
        {
            // Steps of five lead to eight different teas.
            let first = random as usize % TEAS.len();
            let teas = (0..).map(|step| (first + 5 * step) % TEAS.len());
            for (tea, chance) in teas.zip(random.to_be_bytes()) {
                move_one(&feed, &mut prices[tea], TEAS[tea], chance);
            }
        }
    }
}

/// Moves the price of a tea: up or down, by a tenth of a percent at most.
fn move_one(feed: &Feed, price: &mut f64, (tea, first): (&str, f64), chance: u8) {
    let step = (f64::from(chance) - 127.5) / 127.5 * 0.001;
    // It never strays so far that nothing is seen to move any more.
    *price = (*price * (1.0 + step)).clamp(first / 2.0, first * 2.0);
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    let change = cents((*price / first - 1.0) * 100.0);
    feed.publish(tea, &json!({ "tea": tea, "price": cents(*price), "change": change }));
}
