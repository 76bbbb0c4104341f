//! The examples of an operation: a call that succeeds, and two that do not.
//!
//! They are written as lines for a shell, with `$LEDGER` for the address of the server, `$TOKEN` for a token, and
//! `$VISIT` for the digest of an intent. The tests run them as they stand.
//!
//! Deliberately absent: what is answered, which depends on the ledger.

use super::{Access, Method, Operation};

/// The examples.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// An address that is there.
    pub path: &'static str,
    /// Two ways to get it wrong.
    pub mistakes: [Mistake; 2],
}

/// A way to get a call wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A parameter that is not known.
    Parameter,
    /// A parameter with a value that cannot be asked about.
    Value(&'static str),
    /// A method that the address does not know.
    Method,
    /// No token where one is needed.
    NoToken,
    /// A token that is not in force.
    BadToken,
    /// An address at which nothing is.
    Absent(&'static str),
    /// What is sent has no media type that is taken.
    MediaType,
    /// What is sent is not what it should be; the code of the problem.
    Malformed(&'static str),
}

impl Mistake {
    /// The status and the code of the answer.
    pub const fn answer(self) -> (u16, &'static str) {
        match self {
            Mistake::Parameter => (400, "parameters"),
            Mistake::Value(_) => (422, "parameters"),
            Mistake::Method => (405, "method_not_allowed"),
            Mistake::NoToken | Mistake::BadToken => (401, "token_required"),
            Mistake::Absent(_) => (404, "not_found"),
            Mistake::MediaType => (415, "media_type"),
            Mistake::Malformed(code) => (400, code),
        }
    }

    /// What is wrong, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Mistake::Parameter => "a parameter that is not known",
            Mistake::Value(_) => "a parameter with a value that cannot be asked about",
            Mistake::Method => "a method that this address does not know",
            Mistake::NoToken => "no token",
            Mistake::BadToken => "a token that is not in force",
            Mistake::Absent(_) => "nothing there, or nothing that you may see",
            Mistake::MediaType => "another media type",
            Mistake::Malformed(_) => "something else than what is taken",
        }
    }
}

impl Operation {
    /// The line that succeeds.
    pub fn curl(&self) -> String {
        self.line(None)
    }

    /// The line that fails in this way.
    pub fn curl_wrong(&self, mistake: Mistake) -> String {
        self.line(Some(mistake))
    }

    fn line(&self, mistake: Option<Mistake>) -> String {
        let mut line = "curl".to_owned();
        let mut path = self.example.path.to_owned();
        let mut token = self.access.needs_token() || self.access == Access::Told;
        match mistake {
            Some(Mistake::Parameter) => path.push_str(if path.contains('?') { "&surplus=1" } else { "?surplus=1" }),
            Some(Mistake::Value(pair)) => {
                path.truncate(path.find('?').unwrap_or(path.len()));
                path.push_str(&format!("?{pair}"));
            }
            Some(Mistake::Method) => line.push_str(" -X DELETE"),
            Some(Mistake::NoToken) => token = false,
            Some(Mistake::BadToken) => {
                token = false;
                line.push_str(" -H \"Authorization: Bearer cs_0\"");
            }
            Some(Mistake::Absent(other)) => other.clone_into(&mut path),
            Some(Mistake::MediaType | Mistake::Malformed(_)) | None => {}
        }
        if token {
            line.push_str(" -H \"Authorization: Bearer $TOKEN\"");
        }
        if let (Method::Post, Some(sent)) = (self.method, self.sent) {
            let media_type = if mistake == Some(Mistake::MediaType) { "application/xml" } else { sent.media_type() };
            line.push_str(&format!(" -H \"Content-Type: {media_type}\""));
            match mistake {
                Some(Mistake::Malformed(_)) => line.push_str(" --data-binary \"nothing\""),
                Some(Mistake::Method) => {}
                _ => line.push_str(&format!(" --data-binary @{}", sent.file())),
            }
        }
        format!("{line} \"$LEDGER{path}\"")
    }
}
