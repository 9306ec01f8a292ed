//! The program as operators use it: check, keygen, token, and what `serve` refuses.

mod world;

use world::{Folder, exit_of};

const BROKEN: &str = r#"listen = "0.0.0.0"
wrokers = 2

[heartbeat]
interval = "10ms"
intervall = "1s"
timeout = 30

[limits]
burst = -1
timeout = "3s"

[auth]
cookie = "sid"
secret = 12345678

[auth.anonymous]
"lobby:*" = ["join", "publsh"]

[[auth.key]]
algorithm = "none"

[[auth.key]]
algorithm = "RS256"
secret = "a secret that must not be shown"

[[auth.key]]
algorithm = "HS256"
secret = "hush"

[[room]]
pattern = "*"
slow = "sometimes"
history = { size = 5, ttl = "1 day", byts = 3 }

[[room]]
pattern = "chat:*"

[[room]]
slow = "skip"
"#;

const PROBLEMS: &str = r#"broken.toml:1:10: error listen: invalid socket address syntax
  help: write an IP address and a port, such as "127.0.0.1:7666"
broken.toml:2:1: error wrokers: unknown key
  help: did you mean `workers`?
broken.toml:5:12: error heartbeat.interval: 10ms is out of bounds
  help: set 100ms to 1d
broken.toml:6:1: error heartbeat.intervall: unknown key
  help: did you mean `interval`?
broken.toml:7:11: error heartbeat.timeout: invalid type: integer `30`, expected a duration such as "30s"
  help: write a duration such as "30s", "500ms" or "2m"
broken.toml:10:9: error limits.burst: invalid value: integer `-1`, expected a whole number that is not negative
  help: write a number such as 100, without quotes
broken.toml:11:1: error limits.timeout: unknown key
  help: did you mean `heartbeat.timeout`?
broken.toml:14:10: error auth.cookie: a cookie comes along from any web page, so it needs `http.allowed_origins`
  help: set http.allowed_origins = ["https://your.page.example"]
broken.toml:15:10: error auth.secret: a secret must be a string in quotes
  help: write a string in quotes
broken.toml:18:13: error auth.anonymous.lobby:*: `publsh` is no action
  help: did you mean `publish`?
broken.toml:21:13: error auth.key[0].algorithm: `none` is no algorithm for tokens here
  help: use HS256, RS256, ES256 or EdDSA
broken.toml:23:1: error auth.key[1]: RS256 needs `public_key_file` and nothing else
  help: a secret is only for HS256
broken.toml:29:10: error auth.key[2].secret: the secret has 4 bytes, and HS256 needs at least 32
  help: `roomcast keygen` makes a good one
broken.toml:33:8: error room[0].slow: unknown variant `sometimes`, expected one of `disconnect`, `skip`, `latest`
  help: write one of these words in quotes
broken.toml:34:29: error room[0].history.ttl: a duration is a whole number with a unit, such as "500ms", "30s", "2m", "1h"
  help: write a duration such as "30s", "500ms" or "2m"
broken.toml:34:38: error room[0].history.byts: unknown key
  help: did you mean `bytes`?
broken.toml:37:11: warning room[1].pattern: no room gets here: `*` before it takes them
  help: move this table before the other
broken.toml:39:1: error room[2]: `pattern` is missing
  help: add pattern = "chat:*", or "*" for all other rooms
17 errors
"#;

#[test]
fn check_shows_every_problem_at_its_place_and_no_secret() {
    let folder = Folder::new();
    folder.write("broken.toml", BROKEN);
    let ended = folder.roomcast("check -c broken.toml");
    assert_eq!(ended.stderr, PROBLEMS);
    assert_eq!((ended.code, ended.stdout.as_str()), (78, ""));
    for secret in ["12345678", "must not be shown", "hush"] {
        assert!(!ended.stderr.contains(secret));
    }
}

#[test]
fn check_shows_every_mistake_in_the_grammar() {
    let folder = Folder::new();
    folder.write("roomcast.toml", "workers = \n[limits\n");
    let ended = folder.roomcast("check");
    assert_eq!(
        ended.stderr,
        "roomcast.toml:1:11: error: string values must be quoted, expected literal string\n  \
           help: this is not TOML: see https://toml.io\n\
         roomcast.toml:2:8: error: unclosed table, expected `]`\n  \
           help: this is not TOML: see https://toml.io\n\
         2 errors\n"
    );
    assert_eq!(ended.code, 78);
}

#[test]
fn what_stands_in_the_place_of_a_table_is_not_shown() {
    let folder = Folder::new();
    folder.write("roomcast.toml", "heartbeat = 3\n[auth]\nkey = \"hush\"\n[api]\nkey = [1]\n");
    let ended = folder.roomcast("check");
    let help = "  help: docs/operations.md shows how each key is written";
    assert_eq!(
        ended.stderr,
        format!(
            "roomcast.toml:1:13: error heartbeat: expected a table\n{help}\n\
             roomcast.toml:3:7: error auth.key: expected a list\n{help}\n\
             roomcast.toml:5:8: error api.key[0]: expected a table\n{help}\n\
             3 errors\n"
        )
    );
}

#[test]
fn a_warning_fails_only_a_strict_check() {
    let folder = Folder::new();
    folder.write("roomcast.toml", "[[room]]\npattern = \"*\"\n[[room]]\npattern = \"a\"\n");
    let ended = folder.roomcast("check");
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "roomcast.toml: ok\n"));
    assert!(ended.stderr.starts_with("roomcast.toml:4:11: warning room[1].pattern: "));
    let strict = folder.roomcast("check --strict");
    assert_eq!(strict.code, 78);
    assert!(strict.stderr.starts_with("roomcast.toml:4:11: error room[1].pattern: "));
}

#[test]
fn a_named_file_must_be_there_and_a_default_file_need_not() {
    let folder = Folder::new();
    let ended = folder.roomcast("check -c nowhere.toml");
    assert_eq!(ended.code, 78);
    assert!(ended.stderr.starts_with("nowhere.toml: error: cannot be read: "));
}

#[test]
fn variables_are_checked_like_the_file_and_unknown_ones_only_warn() {
    let folder = Folder::new();
    folder.write("roomcast.toml", "[limits]\nburst = 0\n[heartbeat]\ntimeout = \"1ms\"\n");
    let vars = [("ROOMCAST_LIMITS_BURST", "7"), ("ROOMCAST_HEARTBEAT_TIMEOUT", "1s")];
    assert_eq!(folder.roomcast_with("check", &vars).code, 0);
    let vars = [
        ("ROOMCAST_LIMITS_BURST", "x"),
        ("ROOMCAST_HEARTBEAT_INTERVALL", "1s"),
        ("ROOMCAST_HEARTBEAT_TIMEOUT", "1s"),
    ];
    let ended = folder.roomcast_with("check", &vars);
    assert_eq!(
        ended.stderr,
        "ROOMCAST_HEARTBEAT_INTERVALL: warning: unknown variable\n  \
           help: did you mean `ROOMCAST_HEARTBEAT_INTERVAL`?\n\
         ROOMCAST_LIMITS_BURST: error limits.burst: invalid type: string \"x\", \
           expected a whole number that is not negative\n  \
           help: write a number such as 100, without quotes\n\
         1 error\n"
    );
}

#[test]
fn keys_of_every_algorithm_make_tokens_that_verify() {
    for algorithm in ["HS256", "RS256", "ES256", "EdDSA"] {
        let folder = Folder::new();
        let made = folder
            .roomcast(&format!("keygen --algorithm {algorithm} --kid k1 --out keys --into c.toml"));
        assert_eq!(made.code, 0, "{}", made.stderr);
        assert_eq!(folder.roomcast("check -c c.toml --strict").code, 0);
        let key = match algorithm {
            "HS256" => "-c c.toml".to_owned(),
            _ => format!("--key-file keys/private.pem --algorithm {algorithm} --kid k1"),
        };
        let token = folder.roomcast(&format!(
            "token new --user ann --name Ann --room chat:*=join,publish --ttl 2h {key}"
        ));
        assert_eq!(token.code, 0, "{}", token.stderr);
        let token = token.stdout.trim();
        let verified = folder.roomcast(&format!("token verify {token} -c c.toml"));
        assert_eq!(verified.code, 0, "{}", verified.stderr);
        assert!(verified.stdout.starts_with("user: ann\nname: Ann\nexpires: "));
        assert!(verified.stdout.ends_with("Z\nroom chat:*: join, publish\n"));

        let other = Folder::new();
        other
            .roomcast(&format!("keygen --algorithm {algorithm} --kid k1 --out keys --into c.toml"));
        let refused = other.roomcast(&format!("token verify {token} -c c.toml"));
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.starts_with("refused (signature): "), "{}", refused.stderr);
    }
}

#[test]
fn a_jwks_verifies_too_and_issuer_and_audience_come_from_the_configuration() {
    let folder = Folder::new();
    let made = folder.roomcast("keygen --algorithm ES256 --kid k1 --out keys");
    assert!(made.stdout.starts_with("[[auth.key]]\nkid = \"k1\"\nalgorithm = \"ES256\"\n"));
    folder.write(
        "c.toml",
        "[auth]\njwks_file = \"keys/jwks.json\"\nissuer = \"us\"\naudience = \"rooms\"\n",
    );
    let key = "--key-file keys/private.pem --algorithm ES256 --kid k1";
    let token = folder.roomcast(&format!("token new --user ann {key} -c c.toml")).stdout;
    let verified = folder.roomcast_reading("token verify - -c c.toml", &token);
    assert!(verified.stdout.starts_with("user: ann\nissuer: us\n"), "{}", verified.stderr);
    let bare = folder.roomcast(&format!("token new --user ann {key}")).stdout;
    let refused = folder.roomcast_reading("token verify - -c c.toml", &bare);
    assert_eq!(refused.code, 1);
    assert_eq!(refused.stderr, "refused (issuer): the token's `iss` is not ours\n");
}

#[test]
fn secrets_come_from_variables_and_files() {
    let folder = Folder::new();
    folder.write("secret", "0123456789abcdef0123456789abcdef\n");
    folder.write("roomcast.toml", "[auth]\nsecret = \"short\"\n");
    let file = [("ROOMCAST_AUTH_SECRET_FILE", "secret")];
    let token = folder.roomcast_with("token new --user ann", &file);
    assert_eq!(token.code, 0, "{}", token.stderr);
    let direct = [("ROOMCAST_AUTH_SECRET", "0123456789abcdef0123456789abcdef")];
    let verify = format!("token verify {}", token.stdout.trim());
    assert_eq!(folder.roomcast_with(&verify, &direct).code, 0);
    let signed = folder.roomcast("token new --user bob --secret-file secret");
    let verify = format!("token verify {}", signed.stdout.trim());
    assert_eq!(folder.roomcast_with(&verify, &direct).stdout.lines().next(), Some("user: bob"));
}

#[test]
fn files_of_keys_are_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.roomcast("keygen --algorithm EdDSA --out keys --into c.toml");
    folder.roomcast("keygen --out secrets --into c.toml");
    folder.roomcast("keygen --api-key --out secrets --into c.toml");
    for private in ["keys/private.pem", "secrets/secret", "secrets/api-key", "c.toml"] {
        let mode = std::fs::metadata(folder.path(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    assert_eq!(folder.roomcast("check -c c.toml --strict").code, 0);
    let before = folder.read("keys/private.pem");
    assert_eq!(folder.roomcast("keygen --algorithm EdDSA --out keys").code, 1);
    assert_eq!(folder.read("keys/private.pem"), before);
}

#[test]
fn serve_refuses_to_be_reached_without_keys_and_its_advice_mends_that() {
    for start in [None, Some("[api]\n"), Some("[heartbeat]\ninterval = \"5s\"")] {
        let folder = Folder::new();
        if let Some(text) = start {
            folder.write("roomcast.toml", text);
        }
        let serve = "serve --listen 0.0.0.0:0";
        let refused = folder.roomcast(serve);
        assert_eq!(refused.code, 78);
        assert_eq!(
            refused.stderr,
            "error: 0.0.0.0:0 can be reached from other machines, so `serve` needs a token key \
             and an API key\n  help: run\n    roomcast keygen --into roomcast.toml\n    \
             roomcast keygen --api-key --into roomcast.toml\n"
        );
        for advice in refused.stderr.lines().filter_map(|line| line.strip_prefix("    roomcast ")) {
            let followed = folder.roomcast(advice);
            assert_eq!(followed.code, 0, "{}", followed.stderr);
        }
        let line = folder.first_line_of(&format!("{serve} --workers 1"));
        assert!(line.contains("open files"), "{line}");
    }
}

#[test]
fn serve_asks_only_for_what_is_missing_and_names_the_file_in_use() {
    let folder = Folder::new();
    folder.roomcast("keygen --into my.toml");
    let refused = folder.roomcast("serve -c my.toml --listen [::]:0");
    assert_eq!(refused.code, 78);
    assert!(refused.stderr.ends_with(
        "so `serve` needs an API key\n  help: run\n    roomcast keygen --api-key --into my.toml\n"
    ));
}

#[test]
fn the_port_of_a_platform_is_honoured_and_dev_stays_on_this_machine() {
    let folder = Folder::new();
    let port = [("PORT", "8080")];
    let refused = folder.roomcast_with("serve", &port);
    assert!(refused.stderr.starts_with("error: 0.0.0.0:8080 can be reached"), "{}", refused.stderr);
    let dev = folder.roomcast("dev --listen 0.0.0.0:0");
    assert_eq!(dev.code, 78);
    assert!(dev.stderr.starts_with("error: `dev` lets anyone do anything, and 0.0.0.0:0 can"));
}

#[test]
fn usage_and_version() {
    let folder = Folder::new();
    assert_eq!(exit_of(&folder, "fly"), 2);
    assert_eq!(exit_of(&folder, "token new"), 2);
    assert_eq!(exit_of(&folder, "token new --user ann --room chat=fly"), 2);
    assert_eq!(exit_of(&folder, "keygen --algorithm ES256"), 2);
    assert_eq!(exit_of(&folder, "--help"), 0);
    let version = folder.roomcast("version").stdout;
    assert_eq!(version, format!("roomcast {}\n", env!("CARGO_PKG_VERSION")));
}
