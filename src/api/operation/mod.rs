//! Every operation that the server knows, as data.
//!
//! One [`table`] says what each operation is called, where it stands, who may call it, what it takes and answers, and
//! one call that succeeds and two that fail. The router is built from it, the handlers take the names of their
//! parameters from it, and the published description ([`super::openapi`]) and the page for people ([`super::docs`]) are
//! written from it, so that none of these can disagree with another. The tests run every example.
//!
//! Deliberately absent: the handlers.

mod example;
mod exports;
mod feed;
mod id;
mod parameter;
mod row;
mod table;

pub use example::{Example, Mistake};
pub use id::Id;
pub use parameter::Parameter;
pub use table::OPERATIONS;

/// The method of an operation. GET includes HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends something.
    Post,
}

impl Method {
    /// The word in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// Who may call an operation: a row of the access matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody. A token is not looked at.
    Open,
    /// Everybody; a token of the record's own state is told more.
    Told,
    /// Every holder of a token, and everybody where the terms say `public_log`.
    Tree,
    /// Every holder of a token; a host is shown its own part.
    Holder,
    /// Both Parties and their auditors; a host only what is its own or lies on its territory.
    Own,
    /// Both Parties and their auditors.
    Everything,
}

/// Who calls: a column of the access matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody known.
    Anonymous,
    /// A host's people.
    Host,
    /// A Party's own people, or its auditors.
    Party,
}

impl Caller {
    /// Every caller.
    pub const ALL: [Caller; 3] = [Caller::Anonymous, Caller::Host, Caller::Party];

    /// The word in the description.
    pub const fn as_str(self) -> &'static str {
        match self {
            Caller::Anonymous => "anonymous",
            Caller::Host => "host",
            Caller::Party => "party_or_auditor",
        }
    }
}

/// Whether a caller may: a cell of the access matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Yes.
    Yes,
    /// No.
    No,
    /// If the terms say `public_log`.
    IfPublic,
    /// What is its own or lies on its territory.
    Own,
}

impl May {
    /// The word in the description.
    pub const fn as_str(self) -> &'static str {
        match self {
            May::Yes => "yes",
            May::No => "no",
            May::IfPublic => "if_public_log",
            May::Own => "own_territory",
        }
    }
}

impl Access {
    /// The cell of the matrix.
    pub const fn may(self, caller: Caller) -> May {
        match (self, caller) {
            (Access::Open | Access::Told, _) | (_, Caller::Party) => May::Yes,
            (Access::Tree, Caller::Anonymous) => May::IfPublic,
            (Access::Tree | Access::Holder, Caller::Host) => May::Yes,
            (Access::Own, Caller::Host) => May::Own,
            _ => May::No,
        }
    }

    /// Whether a token is looked at, and what its holder is answered is recorded.
    pub const fn takes_token(self) -> bool {
        !matches!(self, Access::Open)
    }

    /// Whether nobody is answered without a token, whatever the terms say.
    pub const fn needs_token(self) -> bool {
        matches!(self, Access::Holder | Access::Own | Access::Everything)
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A signed note.
    Note,
    /// A record's JSON object.
    Record,
    /// A bundle.
    Bundle,
    /// What is supposed.
    Supposition,
    /// A signed checkpoint.
    Checkpoint,
}

impl Sent {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Sent::Note | Sent::Checkpoint => "text/plain",
            Sent::Record | Sent::Supposition => "application/json",
            Sent::Bundle => crate::evidence::bundle::MEDIA_TYPE,
        }
    }

    /// The file in the examples.
    pub const fn file(self) -> &'static str {
        match self {
            Sent::Note => "record.note",
            Sent::Record => "record.json",
            Sent::Bundle => "record.bundle",
            Sent::Supposition => "what-if.json",
            Sent::Checkpoint => "checkpoint",
        }
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Text of this media type.
    Text(&'static str),
    /// JSON in the shape of this name.
    Json(&'static str),
    /// A list of things in the shape of this name; a table where one is asked for.
    List(&'static str),
    /// A bundle.
    Bundle,
    /// Bytes.
    Bytes,
    /// Something of this media type that is sent as it is read: without a tag, and cut off where reading fails.
    Stream(&'static str),
}

impl Answered {
    /// The media types that there are, the usual one first.
    pub fn media_types(self) -> Vec<&'static str> {
        match self {
            Answered::Text(media_type) | Answered::Stream(media_type) => vec![media_type],
            Answered::Json(_) => vec!["application/json"],
            Answered::List(_) => vec!["application/json", "text/csv"],
            Answered::Bundle => vec![crate::evidence::bundle::MEDIA_TYPE],
            Answered::Bytes => vec!["application/octet-stream"],
        }
    }
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Which one.
    pub id: Id,
    /// Its name in the description.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The address, with its parameters in braces as the router writes them.
    pub path: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The parameters of its query.
    pub query: &'static [&'static str],
    /// What is sent.
    pub sent: Option<Sent>,
    /// What is answered.
    pub answered: Answered,
    /// A call that succeeds and two that do not.
    pub example: Example,
}

impl Operation {
    /// The status of success.
    pub const fn status(&self) -> u16 {
        if matches!(self.id, Id::Submit) { 201 } else { 200 }
    }

    /// The address as OpenAPI writes it.
    pub fn template(&self) -> String {
        self.path.replace("{*", "{")
    }

    /// The names in the address.
    pub fn names(&self) -> Vec<&'static str> {
        let braced = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        braced.map(|name| name.trim_start_matches('*')).collect()
    }
}
