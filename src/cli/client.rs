//! The command line's own HTTP client: one agent, one token, answers as they are.
//!
//! Invariants: an answer is read under a cap, unless it goes straight into a file; a problem (RFC 9457) becomes an error that says what the ledger said, a
//! fault a line.
//!
//! Deliberately absent: retries. Sending a record again is always safe, and is the caller's decision.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The greatest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

/// A ledger, reached over HTTP.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

/// Why there is no answer.
pub enum GetError {
    /// It is larger than it can be.
    TooLarge,
    /// It did not come.
    Failed(anyhow::Error),
}

/// What a ledger answered.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// A client for the ledger at `url`.
    pub fn new(url: &str, token: Option<&str>) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .user_agent("countersign")
            .build();
        Client { agent: config.into(), url: url.trim_end_matches('/').to_owned(), token: token.map(str::to_owned) }
    }

    fn bearer(&self) -> Option<String> {
        self.token.as_ref().map(|token| format!("Bearer {token}"))
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer);
        }
        self.answer(request.call())
    }

    /// Asks for a path whose answer can have at most so many bytes. A problem may have some more.
    pub fn get_at_most(&self, path: &str, most: u64) -> Result<Answer, GetError> {
        const PROBLEM: u64 = 64 << 10;
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer);
        }
        let failed =
            |error: ureq::Error| GetError::Failed(anyhow::Error::new(error).context("the log does not answer"));
        let mut answer = request.call().map_err(failed)?;
        let status = answer.status().as_u16();
        let most = if answer.status().is_success() { most } else { PROBLEM };
        // One byte more than it can have tells an answer that is too large from one that is whole.
        match answer.body_mut().with_config().limit(most + 1).read_to_vec() {
            Ok(body) if body.len() as u64 > most => Err(GetError::TooLarge),
            Ok(body) => Ok(Answer { status, body }),
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(GetError::TooLarge),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes what a path answers, however large it is and however long it takes.
    pub fn download(&self, path: &str, into: &mut impl std::io::Write) -> anyhow::Result<()> {
        let mut request = self.agent.get(format!("{}{path}", self.url)).config().timeout_global(None).build();
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer);
        }
        let mut answer = request.call().with_context(|| format!("the ledger at {} does not answer", self.url))?;
        if !answer.status().is_success() {
            return self.answer(Ok(answer))?.success().map(drop);
        }
        std::io::copy(&mut answer.body_mut().as_reader(), into).context("the answer did not arrive whole")?;
        Ok(())
    }

    /// Sends a body to a path.
    pub fn post(&self, path: &str, media_type: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let mut request = self.agent.post(format!("{}{path}", self.url)).header("content-type", media_type);
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer);
        }
        self.answer(request.send(body))
    }

    fn answer(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Answer> {
        let mut answer = answer.with_context(|| format!("the ledger at {} does not answer", self.url))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        Ok(Answer { status, body: body.context("the answer did not arrive whole")? })
    }

    /// Asks for a path and answers the body of a success.
    pub fn fetch(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.get(path)?.success()
    }

    /// Asks for JSON.
    pub fn fetch_json(&self, path: &str) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.fetch(path)?).context("the answer is not JSON")
    }
}

impl Answer {
    /// The body of a success; the problem of anything else.
    pub fn success(self) -> anyhow::Result<Vec<u8>> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        bail!("{}", self.problem())
    }

    /// What the ledger said, a fault a line.
    fn problem(&self) -> String {
        let Ok(problem) = serde_json::from_slice::<Value>(&self.body) else {
            return format!("the ledger answered {} without saying why", self.status);
        };
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let mut said = format!("{} [{} {}]", text(&problem, "detail"), self.status, text(&problem, "code"));
        for error in problem["errors"].as_array().into_iter().flatten() {
            let place = match error["line"].as_u64() {
                Some(line) => format!("line {line}"),
                None => text(error, "pointer"),
            };
            said.push_str(&format!("\n  {place}: {} [{}]", text(error, "detail"), text(error, "code")));
        }
        said
    }
}
