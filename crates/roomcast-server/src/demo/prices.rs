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
            random.to_be_bytes().into_iter().for_each(|byte| move_one(&feed, &mut prices, byte));
        }
    }
}

/// Moves the price of one tea: the low half of the byte says which, the high half how far.
fn move_one(feed: &Feed, prices: &mut [f64; TEAS.len()], byte: u8) {
    let which = usize::from(byte & 15) % TEAS.len();
    let (tea, first) = TEAS[which];
    let step = (f64::from(byte >> 4) - 7.5) / 7.5 * 0.001;
    // It never strays so far that nothing is seen to move any more.
    let price = (prices[which] * (1.0 + step)).clamp(first / 2.0, first * 2.0);
    prices[which] = price;
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    let change = cents((price / first - 1.0) * 100.0);
    feed.publish(tea, &json!({ "tea": tea, "price": cents(price), "change": change }));
}
