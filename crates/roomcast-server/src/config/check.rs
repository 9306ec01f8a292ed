//! What no type can say: bounds, and settings that must fit each other.

use super::checker::Checker;
use super::credentials;
use super::document::Places;
use super::file::{Config, Grants as GrantTable};
use super::origins::Origins;
use super::redis;
use super::report::Report;
use super::settings::{Settings, engine, transport};
use super::value::Size;
use roomcast_core::{Action, Grants, Pattern, RoomKind};
use roomcast_protocol::dialect::native::MAX_ENVELOPE;
use std::sync::Arc;
use std::time::Duration;

/// Checks the configuration and makes the settings of it. What is wrong goes into the report,
/// and the settings then stand in for the wrong values with nothing.
pub fn check(config: &Config, places: &Places, report: &mut Report) -> Option<Settings> {
    let mut checker = Checker { places, report };
    check_numbers(config, &mut checker);
    check_times(config, &mut checker);
    check_sizes(config, &mut checker);
    check_listeners(config, &mut checker);
    let rooms = rooms(config, &mut checker);
    let anonymous = grants("auth.anonymous", &config.auth.anonymous, &mut checker);
    let origins = origins(config, &mut checker);
    check_cookie(config, &origins, &mut checker);
    let (gatekeeper, signers) = credentials::tokens(config, &mut checker);
    let api_keys = credentials::api(config, &mut checker);
    let redis = redis::redis(config, &mut checker);
    (checker.report.errors() == 0).then(|| Settings {
        engine: engine(config, rooms),
        transport: transport(config),
        gatekeeper,
        anonymous: (!config.auth.anonymous.is_empty()).then(|| Arc::new(anonymous)),
        cookie: config.auth.cookie.clone(),
        origins,
        guide: config.guide.enabled,
        admin: config.admin.listen,
        log: config.log.format,
        api_keys,
        redis,
        signers,
    })
}

fn check_numbers(config: &Config, checker: &mut Checker<'_>) {
    let limits = &config.limits;
    for (path, value) in [
        ("limits.commands_per_second", limits.commands_per_second as usize),
        ("limits.burst", limits.burst as usize),
        ("limits.rooms", limits.rooms),
        ("limits.in_flight", limits.in_flight as usize),
        ("limits.max_connections", limits.max_connections),
        ("drain.rate", config.drain.rate as usize),
    ] {
        checker.at_least(path, value, 1);
    }
    if config.workers > 1_024 {
        checker.error("workers", "there are more than 1024", "set 0 for one per core");
    }
}

fn check_times(config: &Config, checker: &mut Checker<'_>) {
    let day = Duration::from_secs(86_400);
    let tenth = Duration::from_millis(100);
    for (path, value, least, most) in [
        ("heartbeat.interval", config.heartbeat.interval, tenth, day),
        ("heartbeat.timeout", config.heartbeat.timeout, tenth, day),
        ("expiry.notice", config.expiry.notice, Duration::ZERO, day),
        ("expiry.grace", config.expiry.grace, Duration::ZERO, day),
        ("connection.header_timeout", config.connection.header_timeout, tenth, day),
        ("connection.close_timeout", config.connection.close_timeout, tenth, day),
        ("connection.stall", config.connection.stall, tenth, day),
        ("engine.linger", config.engine.linger, Duration::ZERO, day),
        ("engine.dedupe", config.engine.dedupe, Duration::ZERO, day),
        ("engine.presence_batch", config.engine.presence_batch, Duration::ZERO, day),
        ("engine.message_batch", config.engine.message_batch, Duration::ZERO, tenth),
        ("drain.timeout", config.drain.timeout, Duration::ZERO, day),
        ("auth.leeway", config.auth.leeway, Duration::ZERO, Duration::from_secs(30)),
    ] {
        checker.span_within(path, value, least, most);
    }
}

fn check_sizes(config: &Config, checker: &mut Checker<'_>) {
    const GIB: usize = 1 << 30;
    checker.size_within("limits.max_frame", config.limits.max_frame, 1 << 10, 16 << 20);
    let frame = config.limits.max_frame.0;
    checker.size_within("connection.unsent", config.connection.unsent, 1, GIB);
    // The backend may publish `data` as large as a whole frame of a client.
    let message = frame.saturating_add(MAX_ENVELOPE);
    for (path, value) in [
        ("connection.outbox", config.connection.outbox),
        ("connection.recovery", config.connection.recovery),
        ("engine.inbox", config.engine.inbox),
    ] {
        if value.0 < message {
            let (frame, least) = (Size(frame), Size(message));
            checker.error(
                path,
                format!("{value} does not hold one message of `limits.max_frame`, {frame}"),
                format!("set at least {least}"),
            );
        }
    }
}

fn check_listeners(config: &Config, checker: &mut Checker<'_>) {
    let (listen, admin) = (config.listen, config.admin.listen);
    if listen == admin && listen.port() != 0 {
        checker.error(
            "admin.listen",
            format!("{admin} is also where clients connect"),
            "give the operators another port",
        );
    }
    if !admin.ip().is_loopback() {
        checker.warn(
            "admin.listen",
            format!("{admin} can be reached from other machines, and asks nobody for a key"),
            "listen on 127.0.0.1, or see that only operators reach this address",
        );
    }
}

fn rooms(config: &Config, checker: &mut Checker<'_>) -> Vec<RoomKind> {
    let mut kinds: Vec<RoomKind> = Vec::new();
    for (index, room) in config.room.iter().enumerate() {
        let path = format!("room[{index}]");
        check_room(room, &path, config.limits.max_frame, checker);
        let pattern = match room.pattern.as_deref().map(Pattern::new) {
            None => {
                let help = "add pattern = \"chat:*\", or \"*\" for all other rooms";
                checker.error_at_key(&path, "`pattern` is missing", help);
                continue;
            }
            Some(Err(error)) => {
                checker.error(&format!("{path}.pattern"), error.to_string(), PATTERN_HELP);
                continue;
            }
            Some(Ok(pattern)) => pattern,
        };
        let hides = |kind: &&RoomKind| kind.pattern == Pattern::any() || kind.pattern == pattern;
        if let Some(earlier) = kinds.iter().find(hides) {
            let text = format!("no room gets here: `{}` before it takes them", earlier.pattern);
            checker.warn(&format!("{path}.pattern"), text, "move this table before the other");
        }
        kinds.push(room.kind(pattern));
    }
    kinds
}

const PATTERN_HELP: &str = "a pattern is a room name in which `*` stands for any run of characters";

fn check_room(room: &super::room::Room, path: &str, frame: Size, checker: &mut Checker<'_>) {
    checker.at_least(&format!("{path}.max_members"), room.max_members, 1);
    checker.size_within(&format!("{path}.max_message"), room.max_message, 1, frame.0);
    if room.presence_full_up_to == 0 {
        let help = "set presence = \"count\" to tell only how many there are";
        checker.error(&format!("{path}.presence_full_up_to"), "0 is too small", help);
    }
    if room.history.size > 0 && room.history.bytes.0 < room.max_message.0 {
        checker.error(
            &format!("{path}.history.bytes"),
            format!("{} does not hold one message of `max_message`", room.history.bytes),
            format!("set at least {}, or history.size = 0", room.max_message),
        );
    }
}

fn grants(path: &str, table: &GrantTable, checker: &mut Checker<'_>) -> Grants {
    let mut grants = Grants::none();
    for (text, actions) in table {
        let path = format!("{path}.{text}");
        let pattern = match Pattern::new(text) {
            Ok(pattern) => pattern,
            Err(error) => {
                checker.error_at_key(&path, error.to_string(), PATTERN_HELP);
                continue;
            }
        };
        let mut allowed = Vec::new();
        for name in &actions.0 {
            match Action::from_name(name) {
                Some(action) => allowed.push(action),
                None => unknown_action(&path, name, checker),
            }
        }
        grants = grants.allow(pattern, &allowed);
    }
    grants
}

fn unknown_action(path: &str, name: &str, checker: &mut Checker<'_>) {
    let names = || Action::ALL.iter().map(|action| action.name());
    let help = match super::nearest::nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the actions are {}", names().collect::<Vec<_>>().join(", ")),
    };
    checker.error(path, format!("`{name}` is no action"), help);
}

const ORIGINS: &str = "http.allowed_origins";

fn origins(config: &Config, checker: &mut Checker<'_>) -> Origins {
    let mut origins = Origins::default();
    for (index, origin) in config.http.allowed_origins.0.iter().enumerate() {
        if let Err(error) = origins.add(origin) {
            let path = format!("{ORIGINS}[{index}]");
            let help = format!("{error}; leave the list empty to allow any page");
            checker.error(&path, format!("`{origin}` is no origin"), help);
        }
    }
    origins
}

fn check_cookie(config: &Config, origins: &Origins, checker: &mut Checker<'_>) {
    let Some(cookie) = &config.auth.cookie else { return };
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if cookie.is_empty() || !cookie.bytes().all(token) {
        checker.error("auth.cookie", "this is no name of a cookie", "use letters, digits, - and _");
    }
    // A list that is itself wrong was reported already.
    let reported = checker.report.problems().iter().any(|p| p.path.starts_with(ORIGINS));
    if origins.is_any() && !reported {
        checker.error(
            "auth.cookie",
            "a cookie comes along from any web page, so it needs `http.allowed_origins`",
            "set http.allowed_origins = [\"https://your.page.example\"]",
        );
    }
}
