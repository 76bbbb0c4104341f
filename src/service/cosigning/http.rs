//! The HTTP client of a round: one request, one answer under a cap, one deadline for both.
//!
//! Invariants: an answer's announced length is looked at before anything is read, and no more than the cap is ever read;
//! nothing is followed to another address.
//!
//! Deliberately absent: what an answer means.

use std::io::Read as _;
use std::time::Duration;

use crate::hash::Hash;
use crate::note::MAX_BYTES;

/// The greatest answer to a request in bytes: many more lines than a cosigner has keys.
const MAX_ANSWER: u64 = 1 << 16;
/// How much is kept of what a cosigner says in its own words, in characters.
const MAX_SAID: usize = 200;

/// A client.
#[derive(Clone)]
pub struct Http {
    agent: ureq::Agent,
}

/// What was answered.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, as it was written.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
pub enum Failed {
    /// Nothing whole came in time.
    Absent(String),
    /// More was sent than may be.
    TooLarge,
}

impl Http {
    /// A client that gives a request and its answer so much time together.
    pub fn new(within: Duration) -> Http {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(within))
            .user_agent("countersign")
            .build();
        Http { agent: config.into() }
    }

    /// Submits a request to a cosigner.
    pub fn submit(&self, url: &str, body: &str) -> Result<Answer, Failed> {
        answer(self.agent.post(format!("{url}/add-checkpoint")).send(body), MAX_ANSWER)
    }

    /// What a cosigner shows below its monitoring prefix as the latest checkpoint of a log, as bytes that nobody has looked
    /// at; nothing where it never saw one, and a reason where there is no telling.
    pub fn latest(&self, prefix: &str, origin: &str) -> Result<Option<Vec<u8>>, String> {
        let digits = Hash::of(origin.as_bytes()).to_hex();
        let url = format!("{}/{digits}/checkpoint", prefix.trim_end_matches('/'));
        match answer(self.agent.get(url).call(), MAX_BYTES as u64) {
            Ok(answer) if answer.status == 200 => Ok(Some(answer.body)),
            Ok(answer) if answer.status == 404 => Ok(None),
            Ok(answer) => Err(format!("it answers {}: {}", answer.status, answer.beginning())),
            Err(Failed::TooLarge) => Err("its answer is too large".into()),
            Err(Failed::Absent(why)) => Err(why),
        }
    }
}

fn answer(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, most: u64) -> Result<Answer, Failed> {
    let mut answer = answer.map_err(|error| Failed::Absent(error.to_string()))?;
    if answer.body().content_length().is_some_and(|length| length > most) {
        return Err(Failed::TooLarge);
    }
    let media_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
    let (status, media_type) = (answer.status().as_u16(), media_type.unwrap_or_default().to_owned());
    let mut body = Vec::new();
    let read = answer.body_mut().as_reader().take(most + 1).read_to_end(&mut body);
    read.map_err(|error| Failed::Absent(error.to_string()))?;
    if body.len() as u64 > most { Err(Failed::TooLarge) } else { Ok(Answer { status, media_type, body }) }
}

impl Answer {
    /// The beginning of what was said, on one line.
    pub fn beginning(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().take(MAX_SAID).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
    }
}
