//! A token that expires on a live socket: the warning, the grace, the end.

use crate::support::client::Client;
use crate::support::{setup, token, within};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A token of Ann's for so many seconds from now; the server lets it in a while after its end.
fn expiring_in(seconds: f64) -> String {
    let claims = json!({
        "sub": "ann", "name": "Ann", "exp": token::now() + seconds, "rooms": token::everything(),
    });
    token::token(claims)
}

/// Asks until the token's time is over; the refusal.
async fn until_refused(client: &mut Client) -> Value {
    within(async {
        loop {
            let page = json!({"type": "history", "id": 7, "room": "tea", "limit": 1});
            let answer = client.ask(page).await;
            if answer["type"] == "error" {
                return answer;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_client_is_warned_and_goes_on_with_a_fresh_token_in_the_grace() {
    let text = "[expiry]\nnotice = \"10m\"\ngrace = \"1h\"\n[limits]\nburst = 1000000\n";
    let server = setup(text).start().await;
    let mut ann = server.native_as(&expiring_in(1.0)).await;
    let expiring = ann.hear_type("expiring").await;
    assert!(expiring["in_ms"].as_u64().unwrap() <= 1_000, "{expiring}");
    ann.join("tea").await;
    let refused = until_refused(&mut ann).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("token_expired"), &json!(true)));
    assert_eq!((&refused["id"], &refused["room"]), (&json!(7), &json!("tea")));
    for said in [
        json!({"type": "publish", "id": 7, "room": "tea", "data": 1}),
        json!({"type": "leave", "id": 7, "room": "tea"}),
        json!({"type": "join", "id": 7, "room": "milk"}),
    ] {
        assert_eq!(ann.ask(said).await["code"], "token_expired");
    }
    let stale = token::token(json!({"sub": "ann", "exp": token::now() - 60.0}));
    let answer = ann.ask(json!({"type": "refresh", "id": 8, "token": stale})).await;
    assert_eq!(answer["code"], "unauthorized");
    ann.must_be_well().await;
    let mut other = server.member_of("tea").await;
    other.publish("tea", json!("heard in the grace")).await;
    assert_eq!(ann.hear_data().await, "heard in the grace");
    let answer = ann.ask(json!({"type": "refresh", "id": 9, "token": expiring_in(7_200.0)})).await;
    assert_eq!(answer["type"], "refreshed");
    let left = answer["expires_in_ms"].as_u64().unwrap();
    assert!((7_100_000..=7_200_000).contains(&left), "{left}");
    ann.publish("tea", json!("here again")).await;
    assert_eq!(ann.hear_data().await, "here again");
    // The fresh token is warned of in its turn.
    ann.ask(json!({"type": "refresh", "id": 9, "token": expiring_in(2.0)})).await;
    ann.hear_type("expiring").await;
    drop((ann, other));
    server.end().await;
}

/// The close frame, before which nothing but `expiring` may come.
async fn close_after_warnings(client: &mut Client) -> (u16, String) {
    within(async {
        loop {
            match client.next().await.unwrap() {
                Message::Close(Some(close)) => {
                    return (close.code.into(), close.reason.to_string());
                }
                other => assert!(other.to_text().unwrap().contains("expiring"), "{other}"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn after_the_grace_every_dialect_is_closed_with_4004() {
    let server = setup("[expiry]\nnotice = \"10m\"\ngrace = \"300ms\"\n").start().await;
    let mut native = server.native_as(&expiring_in(0.3)).await;
    let mut guide = Vec::new();
    for path in ["/ws", "/ws/secure", "/ws/chat/tea", "/ws/reliable"] {
        guide.push(server.connect(&format!("{path}?token={}", expiring_in(0.3))).await);
    }
    let mut witness = server.member_of("milk").await;
    assert_eq!(close_after_warnings(&mut native).await, (4004, "token expired".into()));
    for mut client in guide {
        assert_eq!(client.hear_close().await, (4004, "token expired".into()));
    }
    witness.must_be_well().await;
    witness.leave().await;
    drop(native);
    server.end().await;
}
