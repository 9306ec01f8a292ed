//! Real Redis servers, hurt and healed.

use anyhow::Result;
use roomcast_testbed::{Cluster, Redis, RedisOptions, Reply};
use rustix::process::{Pid, test_kill_process};

fn lives(pid: u32) -> bool {
    test_kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap()).is_ok()
}

#[test]
fn two_servers_have_ports_of_their_own_and_are_gone_when_dropped() -> Result<()> {
    let one = Redis::start(&RedisOptions::default())?;
    let other = Redis::start(&RedisOptions::default())?;
    assert_ne!(one.port(), other.port());
    one.command(&["SET", "tea", "green"])?;
    assert_eq!(other.command(&["GET", "tea"])?, Reply::Nil);
    assert_eq!(one.command(&["DBSIZE"])?.number(), Some(1));
    let pids = [one.pid(), other.pid()];
    drop((one, other));
    assert!(!pids.into_iter().any(lives));
    Ok(())
}

#[test]
fn a_killed_server_has_its_data_again_or_not() -> Result<()> {
    let mut redis = Redis::start(&RedisOptions { append_only: true, ..RedisOptions::default() })?;
    let port = redis.port();
    redis.command(&["SET", "tea", "green"])?;
    redis.kill()?;
    assert!(redis.command(&["PING"]).is_err());
    redis.restart(true)?;
    assert_eq!(redis.command(&["GET", "tea"])?.text(), Some("green"));
    redis.restart(false)?;
    assert_eq!(redis.command(&["GET", "tea"])?, Reply::Nil);
    assert_eq!(redis.port(), port);
    Ok(())
}

#[test]
fn a_stopped_server_answers_when_it_goes_on() -> Result<()> {
    let mut redis = Redis::start(&RedisOptions::default())?;
    let mut connection = redis.connect()?;
    redis.stop()?;
    connection.send(&["PING"])?;
    redis.resume()?;
    assert_eq!(connection.reply()?.text(), Some("PONG"));
    redis.stop()?;
    let pid = redis.pid();
    drop(redis);
    assert!(!lives(pid), "it was stopped when it was dropped");
    Ok(())
}

#[test]
fn passwords_and_users_are_asked_for() -> Result<()> {
    for user in [None, Some("ann".to_owned())] {
        let password = Some("green".to_owned());
        let options = RedisOptions { password, user, ..RedisOptions::default() };
        let redis = Redis::start(&options)?;
        assert_eq!(redis.command(&["PING"])?.text(), Some("PONG"));
        let login = options.user.as_deref().unwrap_or_default();
        assert_eq!(redis.url(), format!("redis://{login}:green@127.0.0.1:{}", redis.port()));
        let mut stranger =
            roomcast_testbed::Connection::open(redis.port(), std::time::Duration::from_secs(20))?;
        let refused = stranger.ask(&["PING"])?;
        assert!(matches!(&refused, Reply::Error(error) if error.starts_with("NOAUTH")));
    }
    Ok(())
}

#[test]
fn a_subscriber_hears_and_is_thrown_out() -> Result<()> {
    let redis = Redis::start(&RedisOptions::default())?;
    let mut subscriber = redis.connect()?;
    subscriber.ask(&["SUBSCRIBE", "tea"])?;
    assert_eq!(redis.command(&["PUBLISH", "tea", "grün"])?.number(), Some(1));
    let push = subscriber.reply()?;
    let words: Option<Vec<_>> = push.list().map(|l| l.iter().filter_map(Reply::text).collect());
    assert_eq!(words.as_deref(), Some(&["message", "tea", "grün"][..]));
    assert_eq!(redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"])?.number(), Some(1));
    assert!(subscriber.reply().is_err());
    Ok(())
}

#[test]
fn what_redis_refuses_is_an_error() -> Result<()> {
    let redis = Redis::start(&RedisOptions::default())?;
    let error = redis.command(&["GRT", "tea"]).unwrap_err().to_string();
    assert!(error.starts_with("GRT tea: ERR unknown command"), "{error}");
    let arguments = vec!["--no-such-thing".to_owned(), "yes".to_owned()];
    let wrong = RedisOptions { arguments, ..RedisOptions::default() };
    let error = format!("{:#}", Redis::start(&wrong).unwrap_err());
    assert!(error.contains("redis-server ended"), "{error}");
    Ok(())
}

#[test]
fn three_servers_are_one_cluster() -> Result<()> {
    let cluster = Cluster::start()?;
    assert_eq!(cluster.urls().len(), 3);
    let mut moved = 0;
    for server in cluster.servers() {
        match server.command(&["SET", "tea", "green"]) {
            Ok(_) => {}
            Err(error) => moved += usize::from(error.to_string().contains("MOVED")),
        }
    }
    assert_eq!(moved, 2, "one of three owns a key");
    Ok(())
}
