//! A plan, carried out.

use crate::course::{Course, Measured};
use crate::crowd::Shape;
use crate::error::BenchError;
use crate::files;
use crate::game::Game;
use crate::look::Look;
use crate::net::Net;
use crate::plan::{Pace, Plan, Scenario};
use crate::progress::{Progress, Pulse};
use crate::quiet;
use crate::report::Report;
use crate::returns::Returns;
use crate::summary;

/// Messages a second in the small room beside a large one.
const BESIDE: f64 = 100.0;

/// Carries a plan out; `tell` hears a few times a second how far it is.
///
/// # Errors
/// What kept the run from coming to its end. What went wrong with the messages is no error, but
/// stands in the report.
///
/// # Examples
/// ```no_run
/// use roomcast_load::{Dialect, Pace, Plan, Scenario, Script, Target, run};
/// use std::time::Duration;
///
/// let target = Target::parse("ws://127.0.0.1:7666/v1/ws")?;
/// let pace = Pace::Rate(100.0);
/// let plan = Plan {
///     script: Script::preset(Dialect::of(&target), &target),
///     target,
///     scenario: Scenario::Room { members: 10, publishers: 1, pace, stalled: 0, beside: None },
///     size: 128,
///     measured: Duration::from_secs(10),
///     warm_up: Duration::from_secs(1),
///     busy_poll: false,
///     at_once: 256,
///     token: None,
///     pid: None,
///     mark: Some(Duration::from_millis(5)),
///     patience: Duration::from_secs(10),
/// };
/// let report = run(&plan, &mut |_| {})?;
/// assert!(report.passed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run(plan: &Plan, tell: &mut dyn FnMut(Progress)) -> Result<Report, BenchError> {
    plan.check()?;
    files::allow(plan.scenario.connections())?;
    let authority = plan.target.authority();
    let address = plan.target.resolve().map_err(|error| BenchError::Unknown(authority, error))?;
    let names: Vec<String> =
        (0..plan.scenario.rooms()).map(|room| format!("bench-{room}")).collect();
    let mut net = Net::new(plan, address, names)?;
    let look = Look::before(plan.pid)?;
    let mut pulse = Pulse::new(tell);
    match plan.scenario {
        Scenario::Idle { .. } => quiet::idle(plan, &mut net, look, &mut pulse),
        Scenario::Churn { .. } => quiet::churn(plan, &mut net, look, &mut pulse),
        _ => {
            let game = game(plan, &net.rooms);
            let mut course = Course { plan, net, game, look, pulse, measured: Measured::default() };
            course.run()?;
            Ok(summary::of_course(&course))
        }
    }
}

fn game(plan: &Plan, names: &[String]) -> Game {
    let mut game = Game::new(plan, &shapes(plan), names);
    if matches!(plan.scenario, Scenario::Storm { .. }) {
        game.returns = Some(Returns::new(game.openings().len()));
    }
    game
}

fn shapes(plan: &Plan) -> Vec<Shape> {
    let shape = |rooms: u32, members: u32, pace| Shape {
        rooms: rooms as usize,
        members: members as usize,
        publishers: 1,
        stalled: 0,
        pace,
    };
    match plan.scenario {
        Scenario::Room { members, publishers, pace, stalled, beside } => {
            let main = Shape {
                publishers: publishers as usize,
                stalled: stalled as usize,
                ..shape(1, members, pace)
            };
            let beside = beside.map(|members| shape(1, members, Pace::Rate(BESIDE)));
            [main].into_iter().chain(beside).collect()
        }
        Scenario::Rooms { rooms, members, pace } => vec![shape(rooms, members, pace)],
        Scenario::Echo { connections, pace } => vec![shape(connections, 1, pace)],
        Scenario::Storm { members, rooms, rate } => {
            // One more in each room: the publisher, which stays.
            vec![shape(rooms, members / rooms + 1, Pace::Rate(rate))]
        }
        Scenario::Idle { .. } | Scenario::Churn { .. } => Vec::new(),
    }
}
