//! What operators and load balancers ask: `/health`, `/ready`, `/metrics`.

use super::reply;
use crate::metrics::Metrics;
use hyper::{Response, StatusCode};
use roomcast_transport::{Body, NotNow, Sockets};
use serde_json::json;

/// The process answers.
pub(super) fn health() -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// New connections are welcome.
pub(super) fn ready(sockets: &Sockets) -> Response<Body> {
    if sockets.is_draining() {
        return reply::not_now(NotNow::Draining);
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
