//! The gate: runs steps in order, says how long each took, and stops at the first that fails.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::setup;
use crate::step::{self, Step};
use crate::tool::Tool;

/// Runs the whole gate, or only the steps named. The tools these steps need come first.
pub(crate) fn run(place: &Place, names: &[&str]) -> Result<()> {
    let steps = choose(names)?;
    let mut times = Vec::new();
    times.push(timed("setup", || setup::run(place, &tools(&steps)))?);
    for step in steps {
        times.push(timed(step.name, || (step.run)(place))?);
    }
    print!("{}", summary(&times));
    Ok(())
}

/// The steps named, in the order of the gate; without names, those the gate always has.
fn choose(names: &[&str]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = names.iter().find(|name| step::ALL.iter().all(|s| s.name != **name)) {
        let known: Vec<&str> = step::ALL.iter().map(|step| step.name).collect();
        bail!("`{unknown}` is no step; there are {}", known.join(", "));
    }
    let chosen = |step: &&Step| match names {
        [] => step.in_gate,
        _ => names.contains(&step.name),
    };
    Ok(step::ALL.iter().filter(chosen).collect())
}

fn tools(steps: &[&Step]) -> Vec<Tool> {
    let needed = |tool: &Tool| steps.iter().any(|step| step.needs.contains(tool));
    crate::tool::ALL.iter().copied().filter(needed).collect()
}

/// Runs one step between a line that names it and a line that tells its end.
fn timed(
    name: &'static str,
    work: impl FnOnce() -> Result<()>,
) -> Result<(&'static str, Duration)> {
    println!("==> {name}");
    let start = Instant::now();
    let result = work();
    let took = start.elapsed();
    match result {
        Ok(()) => println!("==> {name}: ok, {:.1} s", took.as_secs_f64()),
        Err(_) => println!("==> {name}: FAILED, {:.1} s", took.as_secs_f64()),
    }
    let command = if name == "setup" { "" } else { "ci " };
    result.with_context(|| format!("step {name} (alone: `cargo xtask {command}{name}`)"))?;
    Ok((name, took))
}

fn summary(times: &[(&str, Duration)]) -> String {
    let mut text = String::from("\nAll steps passed; seconds:\n");
    let all: Duration = times.iter().map(|(_, took)| *took).sum();
    for (name, took) in times.iter().copied().chain([("together", all)]) {
        text.push_str(&format!("  {name:<11} {:>7.1}\n", took.as_secs_f64()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_has_every_step_but_those_run_by_name() {
        let names: Vec<&str> = choose(&[]).unwrap().iter().map(|step| step.name).collect();
        let gate = [
            "fmt", "tidy", "clippy", "test", "counts", "doc", "deny", "client", "pages", "browser",
            "chaos",
        ];
        assert_eq!(names, gate);
    }

    #[test]
    fn named_steps_run_in_the_order_of_the_gate() {
        let names: Vec<&str> =
            choose(&["deny", "fmt"]).unwrap().iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "deny"]);
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let error = choose(&["fmt", "format"]).err().unwrap().to_string();
        assert!(error.starts_with("`format` is no step; there are fmt, tidy"), "{error}");
    }

    #[test]
    fn a_failing_step_names_the_command_to_run_alone() {
        let error = timed("deny", || bail!("no")).unwrap_err();
        assert_eq!(format!("{error:#}"), "step deny (alone: `cargo xtask ci deny`): no");
    }

    #[test]
    fn only_the_tools_of_the_chosen_steps_are_set_up() {
        assert_eq!(tools(&choose(&["tidy"]).unwrap()), []);
        assert_eq!(tools(&choose(&["deny"]).unwrap()), [Tool::CargoDeny]);
        assert_eq!(tools(&choose(&["test"]).unwrap()), [Tool::Redis]);
    }
}
