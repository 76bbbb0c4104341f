//! Mirrors of both Parties beside a real ledger, at real addresses: the whole of cosigning.

use std::net::TcpListener;
use std::time::Duration;

use countersign::api::server::{self, Timers};
use countersign::service::clock::Clock;
use countersign::service::cosigned::config::CosignerAt;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::http::{Api, Listening, now};
use super::ledger::{draft, key, signed};
use super::mirror::{Copied, From, Place, mirror_key};
use super::records::terms;

/// Terms under which a record is final once a mirror of each Party has cosigned.
pub fn bilateral() -> String {
    terms(|body: &mut Value| body["quorum"] = json!({ "all": ["US/mirror", "RU/mirror"] }))
}

/// The registration of a mirror's key.
pub fn registration(state: &str) -> String {
    let (root, name) = (format!("{state}/root/1"), format!("{state}/mirror/1"));
    let body = json!({ "vkey": mirror_key(state).verifier().to_string(), "name": name, "role": "mirror" });
    signed(&draft(Kind::KeyRegistration, &[&root, &name], body))
}

/// The revocation of a key.
pub fn revocation(name: &str) -> String {
    let state = name.split('/').next().expect("a state");
    let body = json!({ "name": name, "reason": "superseded" });
    signed(&draft(Kind::KeyRevocation, &[&format!("{state}/root/1")], body))
}

/// An address where nobody listens yet: as long as this lives, nobody else gets its port.
pub struct Reserved(TcpListener);

impl Reserved {
    pub fn new() -> Reserved {
        Reserved(TcpListener::bind("127.0.0.1:0").expect("a port"))
    }

    /// The cosigner of this state, at this address.
    pub fn at(&self, state: &str) -> CosignerAt {
        let url = format!("{state}/mirror/1=http://{}", self.0.local_addr().expect("an address"));
        url.parse().expect("a cosigner")
    }
}

/// A mirror that listens.
pub struct Served {
    /// Its routes, and what it holds.
    pub copied: Copied,
    pub place: Place,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    /// The mirror of a state follows a ledger and listens at its address.
    pub async fn start(reserved: Reserved, from: &From, state: &str) -> Option<Served> {
        let place = Place::new().await?;
        let copied = Copied::start(&place, from, &Clock::scripted(now()), state).await;
        reserved.0.set_nonblocking(true).expect("a listener");
        let listener = tokio::net::TcpListener::from_std(reserved.0).expect("a listener");
        let (stop, stopped) = watch::channel(false);
        let (routes, timers) = (copied.routes.clone(), Timers::default());
        Some(Served { copied, place, stop, task: tokio::spawn(server::serve(listener, routes, timers, stopped)) })
    }

    /// It listens no more.
    pub async fn stop(self) -> Place {
        let _ = self.stop.send(true);
        self.task.await.expect("ends");
        self.place
    }
}

/// A ledger that asks the mirrors of both Parties, with their keys registered; the mirrors do not run yet.
pub struct Beginning {
    pub api: Api,
    pub listening: Listening,
    pub from: From,
    pub us: Reserved,
    pub ru: Reserved,
}

impl Beginning {
    pub async fn with(terms: &str, patience: Duration) -> Option<Beginning> {
        let (us, ru) = (Reserved::new(), Reserved::new());
        let api = Api::cosigned(terms, vec![us.at("US"), ru.at("RU")], patience).await?;
        let listening = api.listen(Timers::default()).await;
        let (url, token) = (format!("http://{}", listening.address), api.party_token().await);
        let from = From { url, token, terms: api.ledger.trust.terms };
        Some(Beginning { api, listening, from, us, ru })
    }
}

/// A ledger with both mirrors at work.
pub struct Bilateral {
    pub api: Api,
    pub listening: Listening,
    /// What the mirrors follow.
    pub from: From,
    pub us: Served,
    pub ru: Served,
    /// Reads everything.
    pub token: String,
}

impl Bilateral {
    pub async fn start() -> Option<Bilateral> {
        Bilateral::with(&bilateral(), Duration::from_secs(2)).await
    }

    pub async fn with(terms: &str, patience: Duration) -> Option<Bilateral> {
        let Beginning { api, listening, from, us, ru } = Beginning::with(terms, patience).await?;
        let us = Served::start(us, &from, "US").await?;
        let ru = Served::start(ru, &from, "RU").await?;
        api.record(&registration("US")).await;
        api.record(&registration("RU")).await;
        let token = api.party_token().await;
        Some(Bilateral { api, listening, from, us, ru, token })
    }

    /// Writes something, and waits until it is cosigned; answers what was answered.
    pub async fn cosigned(&self, note: &str) -> Value {
        post_waiting(&self.api, note).await
    }
}

/// Posts a record and waits for cosignatures.
pub async fn post_waiting(api: &Api, note: &str) -> Value {
    let call = super::http::Call::new("POST", "/v1/records?wait=cosigned");
    let call = call.header("content-type", "text/plain; charset=utf-8").body(note.as_bytes());
    api.send(call).await.expect(201).json()
}

/// The verifier of the log's key.
pub fn log_verifier() -> countersign::note::Verifier {
    key(super::ledger::ORIGIN).verifier().clone()
}
