//! A real ledger behind the real routes, and a client that looks twice at every answer.
//!
//! Most tests drive the router itself, without sockets. The clock stands still unless a test moves it.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use countersign::api::server::Timers;
use countersign::api::{self, Peer};
use countersign::hash::{Hash, hex};
use countersign::replica::LedgerKeys;
use countersign::service::clock::Clock;
use countersign::service::cosigned::config::{CosignerAt, CosigningSettings};
use countersign::service::gate::GateSettings;
use countersign::service::heads::HeadsError;
use countersign::service::ledger::{Ledger, OpenError, Settings};
use countersign::store::cluster::ClusterRole;
use countersign::store::token::Reading;
use countersign::treaty::party::Party;
use countersign::treaty::time::Instant;
use http_body_util::BodyExt as _;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tower::ServiceExt as _;

use super::ledger::{ledger_keys, registration};
use super::postgres::{TestDatabase, database};
use super::records::terms;

/// The second at which the ledgers of these tests receive their records.
pub fn now() -> Instant {
    Instant::parse("2026-03-01T12:00:00Z").expect("a time")
}

/// A ledger and its routes.
pub struct Api {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// Its routes.
    pub routes: Router,
    /// Its clock.
    pub clock: Clock,
    /// Its database.
    pub database: TestDatabase,
    /// Who cosigns.
    pub cosigning: CosigningSettings,
    /// The folder of its files.
    pub folder: tempfile::TempDir,
}

/// What the ledger in this folder is opened with.
fn settings(
    database: &TestDatabase,
    folder: &Path,
    clock: &Clock,
    cosigning: &CosigningSettings,
    keys: LedgerKeys,
) -> Settings {
    let (store, heads) = (database.options(ClusterRole::Runtime), folder.join("heads"));
    let gate = GateSettings::new(folder.join("evidence"));
    Settings { store, heads, keys, clock: clock.clone(), gate, cosigning: cosigning.clone() }
}

impl Api {
    /// A ledger of a public demonstration, with one centre for each state (entries 1 to 4).
    pub async fn start() -> Option<Api> {
        Api::with_terms(&terms(|_| {})).await
    }

    /// The same under these terms.
    pub async fn with_terms(note: &str) -> Option<Api> {
        Api::cosigned(note, Vec::new(), Duration::from_secs(2)).await
    }

    /// The same, with these cosigners. Nobody waits for them longer than `patience`.
    pub async fn cosigned(note: &str, cosigners: Vec<CosignerAt>, patience: Duration) -> Option<Api> {
        let database = database().await?;
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::scripted(now());
        let cosigning = CosigningSettings {
            every: Duration::from_millis(50),
            within: Duration::from_millis(1_200),
            patience,
            ..CosigningSettings::with(cosigners)
        };
        let settings = || settings(&database, folder.path(), &clock, &cosigning, ledger_keys());
        Ledger::create(&settings(), note.as_bytes()).await.expect("a log");
        let (ledger, _) = Ledger::open(settings()).await.expect("a ledger");
        let routes = api::routes(Arc::clone(&ledger), Timers::default());
        let api = Api { ledger, routes, clock, database, cosigning, folder };
        for state in ["US", "RU", "RO", "PL"] {
            api.record(&registration(&format!("{state}/centre/1"))).await;
        }
        Some(api)
    }

    /// The same ledger, opened anew from its database and its file of heads.
    pub async fn restart(self) -> Api {
        self.close().open(ledger_keys).await
    }

    /// Lets go of the ledger.
    pub fn close(self) -> Closed {
        let Api { clock, database, cosigning, folder, .. } = self;
        Closed { clock, database, cosigning, folder }
    }

    /// The same ledger, opened anew, where it may not start.
    pub async fn open_again(self) -> Result<Api, OpenError> {
        let closed = self.close();
        let ledger = closed.try_open(ledger_keys).await?;
        Ok(closed.with(ledger))
    }

    /// What it was opened with.
    pub fn settings(&self) -> Settings {
        settings(&self.database, self.folder.path(), &self.clock, &self.cosigning, ledger_keys())
    }

    /// The file of heads.
    pub fn heads(&self) -> std::path::PathBuf {
        self.folder.path().join("heads")
    }

    /// Where checkpoints that contradict the ledger are kept.
    pub fn evidence(&self) -> std::path::PathBuf {
        self.folder.path().join("evidence")
    }

    /// Serves the ledger on a port of the loopback.
    pub async fn listen(&self, timers: Timers) -> Listening {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let routes = api::routes(Arc::clone(&self.ledger), timers);
        Listening { address, stop, task: tokio::spawn(api::server::serve(listener, routes, timers, stopped)) }
    }

    /// Sends a request to the routes.
    pub async fn send(&self, call: Call) -> Answer {
        call.send(self.routes.clone()).await
    }

    /// Reads with a token.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Call::get(path).token(token)).await
    }

    /// Posts a note.
    pub async fn post(&self, note: &str) -> Answer {
        self.send(Call::note(note)).await
    }

    /// Posts a note that must become a new entry.
    pub async fn record(&self, note: &str) -> Value {
        self.post(note).await.expect(201).json()
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.ledger.now().size()
    }

    /// A token in force.
    pub async fn token(&self, party: &str, role: Reading) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let label = format!("{party}-{role}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let token = format!("cs_{}", hex(Hash::of(label.as_bytes()).as_bytes()));
        let party = Party::from_word(party).expect("a state");
        let hash = Hash::of(token.as_bytes());
        self.ledger.reader.create_token(&hash, &label, party, role).await.expect("a token");
        token
    }

    /// The token of a Party's own people.
    pub async fn party_token(&self) -> String {
        self.token("US", Reading::Party).await
    }

    /// Takes the lock of the head row, so that nothing can be written until it is given back.
    pub async fn hold(&self) -> PgConnection {
        let mut holder = self.database.connect(ClusterRole::Superuser).await;
        sqlx::raw_sql("BEGIN; SELECT size FROM countersign.head FOR UPDATE").execute(&mut holder).await.expect("held");
        holder
    }

    /// Waits until a batch waits for the lock: whatever was sent before is on its way.
    pub async fn batch_waits(&self, holder: &mut PgConnection) {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'countersign sequencer' AND wait_event_type = 'Lock'";
        for _ in 0..500 {
            let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut *holder).await.expect("an answer");
            if count > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no batch came");
    }

    /// Gives the lock back.
    pub async fn release(&self, mut holder: PgConnection) {
        sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.expect("given back");
        holder.close().await.expect("closed");
    }
}

/// A ledger that is not open.
pub struct Closed {
    clock: Clock,
    database: TestDatabase,
    cosigning: CosigningSettings,
    folder: tempfile::TempDir,
}

impl Closed {
    /// Tries to open it with these keys.
    pub async fn try_open(&self, keys: impl Fn() -> LedgerKeys) -> Result<Arc<Ledger>, OpenError> {
        for _ in 0..500 {
            let settings = settings(&self.database, self.folder.path(), &self.clock, &self.cosigning, keys());
            match Ledger::open(settings).await {
                // The old sequencer still holds the file.
                Err(OpenError::Heads(HeadsError::InUse { .. })) => tokio::time::sleep(Duration::from_millis(10)).await,
                opened => return opened.map(|(ledger, _)| ledger),
            }
        }
        panic!("the ledger does not open again");
    }

    /// Opens it with these keys.
    pub async fn open(self, keys: impl Fn() -> LedgerKeys) -> Api {
        let ledger = self.try_open(keys).await.unwrap_or_else(|error| panic!("{error}"));
        self.with(ledger)
    }

    fn with(self, ledger: Arc<Ledger>) -> Api {
        let routes = api::routes(Arc::clone(&ledger), Timers::default());
        let Closed { clock, database, cosigning, folder } = self;
        Api { ledger, routes, clock, database, cosigning, folder }
    }
}

/// A server that listens on a port of its own.
pub struct Listening {
    /// Where.
    pub address: std::net::SocketAddr,
    /// Ends it.
    pub stop: tokio::sync::watch::Sender<bool>,
    /// Runs until then.
    pub task: tokio::task::JoinHandle<()>,
}

/// One request.
#[derive(Clone)]
pub struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    peer: IpAddr,
}

impl Call {
    /// Any request.
    pub fn new(method: &'static str, path: &str) -> Call {
        let peer = IpAddr::from([192, 0, 2, 1]);
        Call { method, path: path.to_owned(), headers: Vec::new(), body: Vec::new(), peer }
    }

    /// A GET.
    pub fn get(path: &str) -> Call {
        Call::new("GET", path)
    }

    /// A POST of a note, as one should be sent.
    pub fn note(note: &str) -> Call {
        Call::new("POST", "/v1/records").header("content-type", "text/plain; charset=utf-8").body(note.as_bytes())
    }

    /// With a token.
    pub fn token(self, token: &str) -> Call {
        let value = format!("Bearer {token}");
        self.header("authorization", &value)
    }

    /// With a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Call {
        self.headers.push((name, value.as_bytes().to_vec()));
        self
    }

    /// With a body.
    pub fn body(mut self, body: &[u8]) -> Call {
        body.clone_into(&mut self.body);
        self
    }

    /// From another address.
    pub fn from(mut self, peer: [u8; 4]) -> Call {
        self.peer = IpAddr::from(peer);
        self
    }

    /// Sends it, and looks at what every answer must have.
    pub async fn send(self, routes: Router) -> Answer {
        let body = Body::from(self.body.clone());
        self.send_body(routes, body).await
    }

    /// Sends it with a body that is not known beforehand.
    pub async fn send_body(self, routes: Router, body: Body) -> Answer {
        let mut request = Request::builder().method(self.method).uri(&self.path).extension(Peer(self.peer));
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_slice());
        }
        let response = routes.oneshot(request.body(body).expect("a request")).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        answer.look_twice(&self);
        answer
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// What is true of every answer.
    fn look_twice(&self, call: &Call) {
        let shown = String::from_utf8_lossy(&self.body);
        let at = format!("{} {}: {} {shown}", call.method, call.path, self.status);
        assert!(self.status < 500 || self.status == 503, "{at}");
        assert!(!self.header("request-id").is_empty(), "{at}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{at}");
        assert!(!self.header("cache-control").is_empty(), "{at}");
        for (name, value) in &call.headers {
            if *name == "authorization" && value.len() > 30 {
                let token = String::from_utf8_lossy(&value[7..]).into_owned();
                let headers = format!("{:?}", self.headers);
                assert!(!shown.contains(&token) && !headers.contains(&token), "a token came back: {at}");
            }
        }
        if self.status >= 400 && call.method != "HEAD" {
            self.look_at_problem(&at, call.path.split('?').next().unwrap_or_default());
        }
    }

    /// RFC 9457, with our members, and nothing else.
    fn look_at_problem(&self, at: &str, path: &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{at}");
        assert!(["en", "ru"].contains(&self.header("content-language")), "{at}");
        let problem = self.json();
        let mut names: Vec<&str> = problem.as_object().expect(at).keys().map(String::as_str).collect();
        names.retain(|name| *name != "errors" && (self.status != 422 || *name != "refusal"));
        assert_eq!(names, ["type", "title", "status", "detail", "instance", "code", "request_id"], "{at}");
        assert_eq!(problem["status"], self.status, "{at}");
        assert_eq!(problem["instance"], path, "{at}");
        assert_eq!(problem["request_id"], self.header("request-id"), "{at}");
        let code = problem["code"].as_str().expect(at);
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()), "{at}");
        assert_eq!(problem["type"], format!("/problems/{code}"), "{at}");
        for text in ["title", "detail"] {
            assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "{at}");
        }
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The answer, which must be this problem.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let problem = self.expect(status).json();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Where the errors of a problem point, and their codes: `/body/x code`, or `line 3 code`.
pub fn errors(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().expect("errors");
    let place = |error: &Value| match error.get("line") {
        Some(line) => format!("line {line}"),
        None => error["pointer"].as_str().expect("a pointer").to_owned(),
    };
    errors.iter().map(|error| format!("{} {}", place(error), error["code"].as_str().expect("a code"))).collect()
}
