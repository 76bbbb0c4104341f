//! A mirror beside a test: its own database, its own folder, its routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use countersign::api;
use countersign::api::server::Timers;
use countersign::hash::{Hash, hex};
use countersign::mirror::Mirror;
use countersign::mirror::follow::LookError;
use countersign::mirror::load::{self, LoadError, Settings};
use countersign::mirror::origin::Origin;
use countersign::note::{KeyKind, Note, Signer, Verifier};
use countersign::service::clock::Clock;
use countersign::service::copy::{CopySettings, Mirrored};
use countersign::service::ledger::Ledger;
use countersign::service::window::Window;
use countersign::store::cluster::ClusterRole;
use countersign::store::token::Reading;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::cosignature::cosigners;
use countersign::tlog::witness::write_request;
use countersign::treaty::party::Party;
use countersign::witness::http;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::http::{Answer, Call};
use super::ledger::{ORIGIN, key};
use super::operator::{Operator, Shown};
use super::postgres::{TestDatabase, database};

/// Where a mirror keeps what it has.
pub struct Place {
    pub database: TestDatabase,
    pub folder: tempfile::TempDir,
}

impl Place {
    pub async fn new() -> Option<Place> {
        Some(Place { database: database().await?, folder: tempfile::tempdir().expect("a folder") })
    }

    /// The names of the files of evidence.
    pub fn evidence(&self) -> Vec<String> {
        let Ok(items) = std::fs::read_dir(self.folder.path().join("evidence")) else { return Vec::new() };
        let mut names: Vec<String> =
            items.map(|item| item.expect("readable").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }
}

/// What a mirror follows.
#[derive(Clone)]
pub struct From {
    pub url: String,
    pub token: String,
    /// The digest of entry 0.
    pub terms: Hash,
}

impl From {
    /// The operator of the tests, who asks for no token.
    pub fn operator(operator: &Operator) -> From {
        From { url: operator.url.clone(), token: "cs_none".into(), terms: operator.terms }
    }
}

/// A mirror that runs.
pub struct Copied {
    pub mirror: Arc<Mirror>,
    pub ledger: Arc<Ledger>,
    pub routes: Router,
    pub key: Verifier,
    pub window: Arc<Window>,
    pub clock: Clock,
}

/// The key of this mirror; always the same.
pub fn mirror_key(state: &str) -> Signer {
    let name = format!("{state}/mirror/1");
    Signer::from_seed(&name, KeyKind::Cosignature, *Hash::of(name.as_bytes()).as_bytes()).expect("a key")
}

/// Opens a follower.
pub async fn open(
    place: &Place,
    from: &From,
    clock: &Clock,
) -> Result<countersign::mirror::follow::Follower, LoadError> {
    load::open(Settings {
        origin: Origin::new(&from.url, &from.token),
        trust: countersign::evidence::trust::Trust { origin: ORIGIN.into(), terms: from.terms },
        store: place.database.options(ClusterRole::Runtime),
        folder: place.folder.path().to_owned(),
        clock: clock.clone(),
    })
    .await
}

impl Copied {
    /// A mirror of this state, after its first look.
    pub async fn start(place: &Place, from: &From, clock: &Clock, state: &str) -> Copied {
        let mut follower = open(place, from, clock).await.expect("a mirror");
        let looked = follower.look().await;
        let Ok(mirror) = Mirror::new(follower) else { panic!("there is nothing to show: {looked:?}") };
        let remembers = place.folder.path().join("cosigned");
        let begin = !remembers.exists();
        let cosigner = mirror.cosigner(mirror_key(state), &remembers, begin).expect("a cosigner");
        let window = key(&format!("{state}/window/1"));
        let window = Window::start(&place.folder.path().join("lodged"), window, ORIGIN, &from.url).expect("a window");
        let window = Arc::new(window);
        let ledger = Ledger::of_copy(CopySettings {
            store: place.database.options(ClusterRole::Runtime),
            trust: countersign::evidence::trust::Trust { origin: ORIGIN.into(), terms: from.terms },
            seal: Arc::clone(&mirror.seal),
            published: Arc::clone(&mirror.published),
            cosigned: Arc::clone(&mirror.cosigned),
            clock: clock.clone(),
            copy: Mirrored { standing: Arc::clone(&mirror.standing), window: Some(Arc::clone(&window)) },
        });
        let timers = Timers::default();
        let routes = api::routes(Arc::clone(&ledger), timers).merge(http::routes(Arc::new(cosigner), timers.body));
        let key = mirror_key(state).verifier().clone();
        Copied { mirror, ledger, routes, key, window, clock: clock.clone() }
    }

    pub async fn look(&self) -> Result<u64, LookError> {
        self.mirror.look().await
    }

    pub fn size(&self) -> u64 {
        self.mirror.published.load().size()
    }

    pub async fn send(&self, call: Call) -> Answer {
        call.send(self.routes.clone()).await
    }

    /// A token of the mirror's own.
    pub async fn token(&self, party: &str) -> String {
        let token = format!("cs_{}", hex(Hash::of(format!("mirror {party}").as_bytes()).as_bytes()));
        let state = Party::from_word(party).expect("a state");
        let role = if state.is_party() { Reading::Party } else { Reading::Host };
        self.ledger.reader.create_token(&Hash::of(token.as_bytes()), party, state, role).await.expect("a token");
        token
    }

    /// Asks for a cosignature; answers the status and the body.
    pub async fn ask(&self, request: String) -> (u16, String) {
        let request = Request::post("/add-checkpoint").body(Body::from(request)).expect("a request");
        let answer = self.routes.clone().oneshot(request).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    /// Asks for a cosignature of the checkpoint over everything that is shown, from this size on.
    pub async fn ask_for(&self, shown: &Shown, old: u64) -> (u16, String) {
        let (tree, size) = (shown.tree(), shown.tree().size());
        let proof = tree.prove_consistency(old, size).expect("sizes in order");
        self.ask(write_request(old, &proof, &shown.signed(size))).await
    }

    /// The time of a good cosignature of this mirror that was answered to a request for this checkpoint.
    pub fn cosigned(&self, checkpoint: &str, answer: &(u16, String)) -> u64 {
        assert_eq!(answer.0, 200, "{}", answer.1);
        let note = format!("{checkpoint}{}", answer.1);
        let note = Note::parse(note.as_bytes()).expect("a note");
        Checkpoint::parse(note.text()).expect("a checkpoint");
        let known = [self.key.clone()];
        let found = cosigners(&note, &known).expect("good lines");
        let [(_, time)] = *found.as_slice() else { panic!("no line by the mirror") };
        time
    }
}
