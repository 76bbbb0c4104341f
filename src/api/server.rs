//! Connections: hyper's http1 with timers, a bound on their number, and an end that lets requests finish.
//!
//! A half-sent header is cut off after a while, a body after another ([`Timers`]). (A server without these never closes
//! such a connection.)
//!
//! Deliberately absent: TLS, which belongs to a proxy in front, and HTTP/2.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use super::Peer;

/// Connections at once.
const CONNECTIONS: usize = 4_096;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// The head of a request, and the wait for one on an open connection.
    pub header: Duration,
    /// The body of a request.
    pub body: Duration,
    /// Requests that are open when the end is called.
    pub drain: Duration,
    /// Between two signs of life on a stream.
    pub beat: Duration,
}

impl Default for Timers {
    fn default() -> Timers {
        let seconds = Duration::from_secs;
        Timers { header: seconds(10), body: seconds(15), drain: seconds(20), beat: seconds(15) }
    }
}

/// Turns true when the end is called: answers that would last end then.
#[derive(Clone, Debug)]
pub struct Stopping(pub watch::Receiver<bool>);

/// Serves until `stop` turns true, then lets the open requests finish.
pub async fn serve(listener: TcpListener, routes: Router, timers: Timers, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = Peer(peer.ip().to_canonical());
                tokio::spawn(connection(stream, peer, routes.clone(), timers, stop.clone(), place));
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await; // out of descriptors, most likely
            }
        }
    }
    drop(listener); // who comes now is refused at once, and not left waiting for a server that ends
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    if tokio::time::timeout(timers.drain, places.acquire_many(all)).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// Waits for the end. A sender that is gone has called it.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    routes: Router,
    timers: Timers,
    mut stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let stopping = Stopping(stop.clone());
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(stopping.clone());
        routes.clone().oneshot(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(timers.header).max_buf_size(64 * 1024);
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
