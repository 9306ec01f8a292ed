//! The whole generator against small servers that do rightly or wrongly.

mod server;

use roomcast_load::{BenchError, Dialect, Pace, Plan, Report, Scenario, Script, Target, run};
use server::{broadcast, each, frame, read, request, upgrade};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

fn plan(address: SocketAddr, scenario: Scenario) -> Plan {
    let target = Target::parse(&format!("ws://{address}/{{room}}")).unwrap();
    Plan {
        script: Script::preset(Dialect::Plain, &target),
        target,
        scenario,
        size: 200,
        measured: Duration::from_millis(200),
        warm_up: Duration::ZERO,
        busy_poll: true,
        at_once: 4,
        token: None,
        pid: None,
        mark: None,
        patience: Duration::from_secs(1),
    }
}

/// Three members of one room, one of whom sends 500 messages a second.
fn room(address: SocketAddr) -> Plan {
    let pace = Pace::Rate(500.0);
    plan(address, Scenario::Room { members: 3, publishers: 1, pace, stalled: 0, beside: None })
}

fn found(plan: &Plan) -> Report {
    run(plan, &mut |_| {}).unwrap()
}

fn failed(plan: &Plan) -> String {
    run(plan, &mut |_| {}).unwrap_err().to_string()
}

/// What a server does with the message of this number, counted from 0.
fn at(number: u64, odd: impl Fn(Vec<u8>) -> Vec<Vec<u8>> + Send + 'static) -> server::Deed {
    let mut count = 0;
    Box::new(move |payload| {
        count += 1;
        if count == number + 1 { odd(frame(1, &payload)) } else { vec![frame(1, &payload)] }
    })
}

#[test]
fn a_server_that_does_rightly_passes() {
    let report = found(&room(broadcast(at(u64::MAX - 1, |_| Vec::new()))));
    assert!(report.passed, "{report:?}");
    assert_eq!((report.published, report.delivered), (Some(100), Some(300)));
    assert_eq!(report.handshakes.count, 3);
    assert!(
        report.latency_us.is_some_and(|latency| latency.min >= 1 && latency.p99 >= latency.p50)
    );
}

#[test]
fn several_publishers_in_flight_pass_too() {
    let address = broadcast(at(u64::MAX - 1, |_| Vec::new()));
    let pace = Pace::InFlight(8);
    let scenario = Scenario::Room { members: 3, publishers: 2, pace, stalled: 0, beside: None };
    let report = found(&plan(address, scenario));
    assert!(report.passed, "{report:?}");
    assert_eq!(report.delivered, report.published.map(|published| published * 3));
    assert!(report.published > Some(8));
}

#[test]
fn a_message_that_is_dropped_is_lost_for_everyone() {
    let report = found(&room(broadcast(at(9, |_| Vec::new()))));
    assert_eq!((report.lost, report.duplicated, report.reordered), (3, 0, 0));
    assert_eq!((report.delivered, report.passed), (Some(297), false));
}

#[test]
fn a_message_that_comes_twice_is_doubled() {
    let report = found(&room(broadcast(at(9, |frame| vec![frame.clone(), frame]))));
    assert_eq!((report.lost, report.duplicated, report.reordered), (0, 3, 0));
    assert!(!report.passed);
}

#[test]
fn messages_that_are_swapped_are_reordered() {
    let mut held = None;
    let mut count = 0;
    let report = found(&room(broadcast(Box::new(move |payload| {
        count += 1;
        let frame = frame(1, &payload);
        if count == 10 {
            held = Some(frame);
            return Vec::new();
        }
        [Some(frame), held.take()].into_iter().flatten().collect()
    }))));
    assert_eq!((report.lost, report.duplicated, report.reordered), (0, 0, 3));
    assert!(!report.passed);
}

#[test]
fn a_server_that_closes_in_the_middle_is_told() {
    let close = [&4002_u16.to_be_bytes()[..], b"too slow"].concat();
    let report = found(&room(broadcast(at(9, move |message| vec![message, frame(8, &close)]))));
    assert_eq!((report.closed, report.lost, report.passed), (3, 0, false));
    assert!(report.notes[0].contains("4002: too slow"), "{:?}", report.notes);
}

#[test]
fn a_refusal_of_a_message_is_shown() {
    let refusal = frame(1, br#"{"error":"slow down"}"#);
    let report = found(&room(broadcast(at(9, move |_| vec![refusal.clone()]))));
    assert_eq!((report.refused, report.lost), (3, 3));
    assert!(report.notes[0].contains("slow down"), "{:?}", report.notes);
}

#[test]
fn a_refused_handshake_shows_its_status_and_body() {
    let address = each(|mut stream| {
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nnot you")
    });
    let said = failed(&room(address));
    assert!(said.contains("of 3 failed: the server answered 403: not you"), "{said}");
}

#[test]
fn a_server_that_speaks_first_and_asks_is_answered() {
    let address = each(|mut stream| {
        let asked = upgrade(&mut stream)?;
        assert!(asked.starts_with("GET /bench-0 "), "{asked}");
        stream.write_all(&frame(1, b"0{}"))?;
        assert_eq!(read(&mut stream)?.1, b"join bench-0");
        // Two pings of two kinds, and a frame in pieces.
        stream.write_all(&frame(1, b"2"))?;
        stream.write_all(&frame(9, b"are you there?"))?;
        stream.write_all(&[0x01, 2, b'j', b'o', 0x80, 4, b'i', b'n', b'e', b'd'])?;
        let answers = [read(&mut stream)?, read(&mut stream)?];
        assert_eq!(answers, [(1, b"3".to_vec()), (10, b"are you there?".to_vec())]);
        // Nobody asked for this one: every connection sends it when it is ready.
        assert_eq!(read(&mut stream)?, (10, Vec::new()));
        loop {
            let (_, payload) = read(&mut stream)?;
            let text = payload.strip_prefix(b"say ").unwrap();
            stream.write_all(&frame(2, text))?;
        }
    });
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let (hellos, untils) = (texts(&["", "join {room}"]), texts(&["0{", "joined"]));
    let script = Script::plain(&hellos, &untils, Some("say {data}"), &texts(&["2=3"])).unwrap();
    let echo = Scenario::Echo { connections: 1, pace: Pace::InFlight(1) };
    let report = found(&Plan { script, ..plan(address, echo) });
    assert!(report.passed, "{report:?}");
}

#[test]
fn the_mark_fails_a_run_that_was_else_right() {
    let mark = Some(Duration::from_nanos(1));
    let report = found(&Plan { mark, ..room(broadcast(at(u64::MAX - 1, |_| Vec::new()))) });
    assert!(!report.passed && report.lost == 0);
    assert!(report.notes.iter().any(|note| note.contains("p99")), "{:?}", report.notes);
}

#[test]
fn idle_connections_exchange_a_message_and_stay() {
    let address = broadcast(at(u64::MAX - 1, |_| Vec::new()));
    let idle = Scenario::Idle { connections: 3, rooms: Some(1), exchange: Some(60_000) };
    let report = found(&plan(address, idle));
    assert!(report.passed && report.latency_us.is_none(), "{report:?}");
}

#[test]
fn connections_come_and_go() {
    let address = each(|mut stream| {
        upgrade(&mut stream)?;
        while read(&mut stream)?.0 != 8 {}
        Ok(())
    });
    let churn = |rate| plan(address, Scenario::Churn { connections: 3, rate });
    let report = found(&churn(None));
    assert!(report.passed && report.handshakes.count > 3, "{report:?}");
    let report = found(&churn(Some(100.0)));
    assert!(report.passed && (1..=21).contains(&report.handshakes.count), "{report:?}");
}

#[test]
fn nobody_listening_is_told_apart() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let error = run(&room(address), &mut |_| {}).unwrap_err();
    assert!(matches!(error, BenchError::Nobody(_)), "{error}");
}

#[test]
fn a_silent_server_is_given_up_with_what_was_waited_for() {
    let address = each(|mut stream| {
        upgrade(&mut stream)?;
        while read(&mut stream)?.0 != 8 {}
        Ok(())
    });
    let texts = |text: &str| vec![text.to_owned()];
    let script = Script::plain(&texts("join"), &texts("joined"), None, &[]).unwrap();
    let patience = Duration::from_millis(300);
    let plan = Plan { script, patience, ..room(address) };
    let said = failed(&plan);
    assert!(said.contains("it waited for a frame that contains `joined`"), "{said}");
}
