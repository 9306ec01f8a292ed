//! What operators and load balancers ask: `/health`, `/ready`, `/metrics`.

use super::{Face, reply};
use crate::link::LinkView;
use crate::metrics::Metrics;
use hyper::{Response, StatusCode};
use roomcast_transport::{Body, NotNow, Sockets};
use serde_json::json;

/// The process answers.
pub(super) fn health() -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// New connections are welcome.
pub(super) fn ready(sockets: &Sockets, link: Option<&LinkView>, face: Face) -> Response<Body> {
    if sockets.is_draining() {
        return reply::not_now(NotNow::Draining);
    }
    if let Some(reason) = link.and_then(LinkView::trouble) {
        // What the machines here are called is for operators.
        let message = match face {
            Face::Public => "Redis is away: this node has no link to the others".to_owned(),
            Face::Everything | Face::Admin => format!("Redis is away: {reason}"),
        };
        return reply::away(&message);
    }
    reply::json(StatusCode::OK, &json!({ "status": "ready" }))
}

/// The counters, as Prometheus reads them.
pub(super) fn metrics(metrics: &Metrics) -> Response<Body> {
    match metrics.render() {
        Ok(text) => reply::with_body(
            StatusCode::OK,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            text.into(),
        ),
        Err(error) => {
            tracing::error!(%error, "metrics could not be written");
            reply::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "metrics could not be written",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::RETRY_AFTER;
    use http_body_util::BodyExt as _;
    use roomcast_transport::Transport;

    #[tokio::test]
    async fn a_node_that_needs_redis_says_to_operators_why_it_is_not_ready() {
        let transport = Transport::embedded(roomcast_transport::Config::default());
        let link = LinkView::down("no route to 10.0.0.1", true);
        for (face, shown) in [(Face::Public, false), (Face::Admin, true)] {
            let answer = ready(transport.sockets(), Some(&link), face);
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.headers().contains_key(RETRY_AFTER));
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            assert!(body.contains("Redis is away"), "{body}");
            assert_eq!(body.contains("10.0.0.1"), shown, "{body}");
        }
        let other = LinkView::down("no route to 10.0.0.1", false);
        for link in [None, Some(&other)] {
            assert_eq!(ready(transport.sockets(), link, Face::Public).status(), StatusCode::OK);
        }
    }
}
