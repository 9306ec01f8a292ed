//! The link to other nodes: where its address comes from, and what is refused.

use super::*;
use crate::config::file;
use crate::config::settings::Redis;
use roomcast_fanout::{Config as Fanout, RedisUrl};

fn link(text: &str, vars: &[(&str, &str)]) -> Option<Redis> {
    settings(text, vars).redis
}

fn host(text: &str, vars: &[(&str, &str)]) -> String {
    link(text, vars).unwrap().fanout.url.to_string()
}

/// The first problem: its path, and what is said of it.
fn problem(text: &str, vars: &[(&str, &str)]) -> (String, String) {
    let report = load(&sources(&File::new(text), vars)).unwrap_err();
    let first = &report.problems()[0];
    (first.path.clone(), first.text.clone())
}

#[test]
fn without_an_address_the_node_is_alone() {
    assert_eq!(link("", &[]), None);
    assert_eq!(link("", &[("REDIS_URL", ""), ("ROOMCAST_REDIS_URL", "")]), None);
}

#[test]
fn the_address_comes_from_the_file_then_the_platform_then_our_own_variables() {
    let file = "redis.url = \"redis://file\"\n";
    let platform = ("REDIS_URL", "redis://platform");
    assert_eq!(host(file, &[]), "redis://file");
    assert_eq!(host(file, &[platform]), "redis://platform");
    assert_eq!(host(file, &[platform, ("ROOMCAST_REDIS_URL", "rediss://own")]), "rediss://own");
    let own = File::new("redis-cluster://in-a-file:7000\n");
    let named = format!("redis.url_file = {:?}\n", own.0);
    assert_eq!(host(&named, &[]), "redis-cluster://in-a-file:7000");
    assert_eq!(host(&named, &[platform]), "redis://platform");
    let own_file = ("ROOMCAST_REDIS_URL_FILE", own.0.to_str().unwrap());
    assert_eq!(host(file, &[platform, own_file]), "redis-cluster://in-a-file:7000");
    let both = [("ROOMCAST_REDIS_URL", "redis://own"), own_file];
    assert_eq!(problem("", &both).0, "redis.url_file");
}

#[test]
fn the_defaults_are_those_of_the_fan_out() {
    let link = link("redis.url = \"redis://a\"", &[]).unwrap();
    assert_eq!(link.fanout, Fanout::new(RedisUrl::new("redis://a").unwrap()));
    assert_eq!((link.required, link.wait), (true, Duration::from_secs(10)));
    assert_eq!(file::Redis::default().prefix, None);
}

#[test]
fn what_cannot_be_is_refused_and_no_password_is_shown() {
    for (text, path, says) in [
        ("url = \"\"", "redis.url", "must begin with one of redis, rediss"),
        ("url = \"http://ann:hush@a\"", "redis.url", "must begin with one of redis, rediss"),
        ("url = \"redis://ann:hush@a:port\"", "redis.url", "no address of Redis"),
        ("url = \"redis://ann:a/hush@a\"", "redis.url", "must be the number of a database"),
        ("url = 5", "redis.url", "must be a string"),
        ("prefix = \"{shop}:\"", "redis.prefix", "braces"),
        ("prefix = \"a\\u0000\"", "redis.prefix", "control character"),
        ("prefix = \"room:\"", "redis.prefix", "`room:` comes behind"),
        ("timeout = \"0s\"", "redis.timeout", "out of bounds"),
        ("ping = \"1ms\"", "redis.ping", "out of bounds"),
        ("ping = \"3s\"", "redis.lease", "10s is less than four times"),
        ("lease = \"1s\"", "redis.lease", "1s is less than four times"),
        ("wait = \"1s\"", "redis.wait", "1s is less than `redis.timeout`"),
        ("queue = \"64KiB\"", "redis.queue", "64KiB does not hold one message"),
    ] {
        let url = if text.starts_with("url") { "" } else { "url = \"redis://:hush@a\"\n" };
        let text = format!("[redis]\n{url}{text}\n");
        let report = load(&sources(&File::new(&text), &[])).unwrap_err();
        let found = report.problems().iter().find(|problem| problem.path == path);
        assert!(found.is_some_and(|problem| problem.text.contains(says)), "{text}{report}");
        assert!(!report.to_string().contains("hush"), "{report}");
    }
}

#[test]
fn what_is_said_of_redis_without_its_address_only_warns() {
    let text = "[redis]\nlease = \"1m\"\nrequired = false\n";
    let loaded = load(&sources(&File::new(text), &[("ROOMCAST_REDIS_PREFIX", "shop:")])).unwrap();
    let paths: Vec<_> = loaded.report.problems().iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["redis.lease", "redis.required", "redis.prefix"]);
    assert_eq!((loaded.settings.redis, loaded.report.errors()), (None, 0));
}

#[test]
fn settings_show_no_password() {
    let text = "redis.url = \"redis://ann:hush@a/2\"";
    let loaded = load(&sources(&File::new(text), &[])).unwrap();
    let shown = format!("{loaded:?}{}", serde_json::to_string(&loaded.config).unwrap());
    assert!(!shown.contains("hush") && shown.contains("redis://a/2"), "{shown}");
}
