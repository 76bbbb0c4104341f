//! Which logs are believed, and how many cosigners a checkpoint needs (C2SP tlog-policy).
//!
//! ```text
//! log ledger.example/bilateral+4148963b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4
//! witness us US/mirror/1+…
//! witness ru RU/mirror/1+…
//! group both all us ru
//! quorum both
//! ```
//!
//! A policy is a small text that a person can read aloud and both sides can keep. Each line builds on the lines before
//! it; a checkpoint is good enough if the thing that `quorum` names is met.
//!
//! Invariants:
//! - A name stands for one thing, and is a member of one group at most, so that each witness counts in one way.
//! - Groups name earlier lines only, so there are no circles and nothing here recurses.
//! - There is exactly one quorum, and `quorum none` demands nothing.
//! - A policy that was built and one that was read obey the same rules: reading is building, line by line.
//!
//! Deliberately absent: key types that are not known here (a policy that names one is refused, since it could not be
//! judged), text that is not UTF-8 (names are compared byte for byte, as the standard says), and fetching from a URL.

use std::fmt;

use super::checkpoint::decimal;
use crate::note::{KeyError, KeyKind, Verifier};

/// The greatest size of a policy in bytes.
pub const MAX_BYTES: usize = 1 << 17;

/// The word that stands for no quorum and can name nothing else.
const NONE: &str = "none";

/// A log that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the name is its origin.
    pub key: Verifier,
    /// Where it is reached.
    pub url: Option<String>,
}

/// A cosigner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name inside the policy.
    pub name: String,
    /// Its key.
    pub key: Verifier,
    /// Where it is reached.
    pub url: Option<String>,
}

/// How many members of a group are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// One of them.
    Any,
    /// Every one.
    All,
    /// At least so many.
    AtLeast(usize),
}

/// A group of witnesses and of earlier groups.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: Threshold,
    /// Positions in `items`, each before this group's own.
    members: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Witness(Box<Witness>),
    Group(Group),
}

impl Item {
    fn name(&self) -> &str {
        match self {
            Item::Witness(witness) => &witness.name,
            Item::Group(group) => &group.name,
        }
    }
}

/// The logs, the cosigners, and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    draft: Draft,
    /// The position of what must be met; nothing for `none`.
    quorum: Option<usize>,
}

/// A policy that has no quorum yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    logs: Vec<PolicyLog>,
    items: Vec<Item>,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Send less.
    #[error("a policy has at most {MAX_BYTES} bytes")]
    TooLarge,
    /// End every line with a line feed.
    #[error("the last line has no line feed")]
    NoFinalLineFeed,
    /// Leave out control characters other than tab and line feed.
    #[error("a control character")]
    ControlCharacter,
    /// Begin the line with `log`, `witness`, `group` or `quorum`.
    #[error("`{0}` begins no line of a policy")]
    UnknownWord(String),
    /// Write as many words as the line needs.
    #[error("the line has too few or too many words")]
    Words,
    /// Use a key that is known here.
    #[error("not a key: {0}")]
    Key(#[from] KeyError),
    /// Logs have keys of type 0x01, witnesses of type 0x04.
    #[error("the key is of the wrong type for this line")]
    KeyKind,
    /// Name each public key once among the logs, and once among the witnesses.
    #[error("the public key stands on an earlier line")]
    KeyRepeated,
    /// Choose another name; `none` is taken.
    #[error("`{0}` cannot be the name of a witness or group, or is taken")]
    Name(String),
    /// Define the name on an earlier line.
    #[error("`{0}` is not defined on an earlier line")]
    NotDefined(String),
    /// Put each name into one group only.
    #[error("`{0}` is a member of a group already")]
    MemberTwice(String),
    /// Write `any`, `all`, or a number from 1 to the number of members.
    #[error("the threshold is not `any`, `all`, or a number from 1 to the number of members")]
    Threshold,
    /// Write exactly one quorum line.
    #[error("a second quorum")]
    SecondQuorum,
    /// Write exactly one quorum line.
    #[error("no quorum")]
    NoQuorum,
}

/// A fault, and the line that it is on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {fault}")]
pub struct PolicyError {
    /// Counted from 1; the line after the last where something is missing.
    pub line: u32,
    /// What is wrong.
    pub fault: PolicyFault,
}

impl Draft {
    /// Adds a log.
    pub fn log(&mut self, key: Verifier, url: Option<&str>) -> Result<(), PolicyFault> {
        if key.kind() != KeyKind::Ed25519 {
            return Err(PolicyFault::KeyKind);
        }
        if self.logs.iter().any(|earlier| earlier.key.public() == key.public()) {
            return Err(PolicyFault::KeyRepeated);
        }
        self.logs.push(PolicyLog { key, url: url.map(word).transpose()? });
        Ok(())
    }

    /// Adds a witness under a new name.
    pub fn witness(&mut self, name: &str, key: Verifier, url: Option<&str>) -> Result<(), PolicyFault> {
        let name = self.new_name(name)?;
        if key.kind() != KeyKind::Cosignature {
            return Err(PolicyFault::KeyKind);
        }
        if witnesses(&self.items).any(|earlier| earlier.key.public() == key.public()) {
            return Err(PolicyFault::KeyRepeated);
        }
        let witness = Witness { name, key, url: url.map(word).transpose()? };
        self.items.push(Item::Witness(Box::new(witness)));
        Ok(())
    }

    /// Adds a group of earlier witnesses and groups under a new name.
    pub fn group(&mut self, name: &str, threshold: Threshold, members: &[&str]) -> Result<(), PolicyFault> {
        let name = self.new_name(name)?;
        let possible = match threshold {
            Threshold::AtLeast(least) => (1..=members.len()).contains(&least),
            Threshold::Any | Threshold::All => !members.is_empty(),
        };
        if !possible {
            return Err(PolicyFault::Threshold);
        }
        let mut positions = Vec::with_capacity(members.len());
        for member in members {
            let position = self.position(member)?;
            if positions.contains(&position) || self.is_member(position) {
                return Err(PolicyFault::MemberTwice((*member).to_owned()));
            }
            positions.push(position);
        }
        self.items.push(Item::Group(Group { name, threshold, members: positions }));
        Ok(())
    }

    /// The policy that demands `name`, a witness or a group, or nothing for `none`.
    pub fn quorum(self, name: &str) -> Result<Policy, PolicyFault> {
        let quorum = self.quorum_position(name)?;
        Ok(Policy { draft: self, quorum })
    }

    fn quorum_position(&self, name: &str) -> Result<Option<usize>, PolicyFault> {
        if name == NONE { Ok(None) } else { self.position(name).map(Some) }
    }

    fn new_name(&self, name: &str) -> Result<String, PolicyFault> {
        let taken = name == NONE || self.items.iter().any(|item| item.name() == name);
        if taken { Err(PolicyFault::Name(name.to_owned())) } else { word(name) }
    }

    fn position(&self, name: &str) -> Result<usize, PolicyFault> {
        let found = self.items.iter().position(|item| item.name() == name);
        found.ok_or_else(|| PolicyFault::NotDefined(name.to_owned()))
    }

    fn is_member(&self, position: usize) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Group(group) if group.members.contains(&position)))
    }
}

/// A text that can stand as one word of a line.
fn word(text: &str) -> Result<String, PolicyFault> {
    let good = !text.is_empty() && text.bytes().all(|b| b > b' ' && b != 0x7f);
    if good { Ok(text.to_owned()) } else { Err(PolicyFault::Name(text.to_owned())) }
}

fn witnesses(items: &[Item]) -> impl Iterator<Item = &Witness> {
    items.iter().filter_map(|item| match item {
        Item::Witness(witness) => Some(&**witness),
        Item::Group(_) => None,
    })
}

impl Policy {
    /// Reads a policy; the first fault is answered with its line.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        let at = |line: u32, fault: PolicyFault| PolicyError { line, fault };
        if text.len() > MAX_BYTES {
            return Err(at(1, PolicyFault::TooLarge));
        }
        let mut reading = Reading::default();
        let mut line = 1;
        for content in text.split_inclusive('\n') {
            reading.line(content).map_err(|fault| at(line, fault))?;
            line += 1;
        }
        let quorum = reading.quorum.ok_or(at(line, PolicyFault::NoQuorum))?;
        Ok(Policy { draft: reading.draft, quorum })
    }

    /// The logs that are believed, in the order of their lines.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.draft.logs
    }

    /// The witnesses, in the order of their lines.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        witnesses(&self.draft.items)
    }

    /// Whether the quorum is met by those witnesses that have cosigned.
    pub fn is_met(&self, has_cosigned: impl Fn(&Witness) -> bool) -> bool {
        let Some(quorum) = self.quorum else { return true };
        let mut met: Vec<bool> = Vec::with_capacity(self.draft.items.len());
        for item in &self.draft.items {
            let is_met = match item {
                Item::Witness(witness) => has_cosigned(witness),
                Item::Group(group) => {
                    let have = group.members.iter().filter(|&&member| met.get(member) == Some(&true)).count();
                    have >= group.needs()
                }
            };
            met.push(is_met);
        }
        met.get(quorum) == Some(&true)
    }

    /// Whether the quorum is met by the keys whose cosignatures were verified.
    pub fn is_met_by(&self, keys: &[&Verifier]) -> bool {
        self.is_met(|witness| keys.contains(&&witness.key))
    }
}

impl Group {
    fn needs(&self) -> usize {
        match self.threshold {
            Threshold::Any => 1,
            Threshold::All => self.members.len(),
            Threshold::AtLeast(least) => least,
        }
    }
}

/// A policy while its lines are read.
#[derive(Default)]
struct Reading {
    draft: Draft,
    quorum: Option<Option<usize>>,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), PolicyFault> {
        let content = line.strip_suffix('\n').ok_or(PolicyFault::NoFinalLineFeed)?;
        if content.bytes().any(|b| (b < b' ' && b != b'\t') || b == 0x7f) {
            return Err(PolicyFault::ControlCharacter);
        }
        let words: Vec<&str> = content.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match *words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.draft.log(Verifier::parse(key)?, None),
            ["log", key, url] => self.draft.log(Verifier::parse(key)?, Some(url)),
            ["witness", name, key] => self.draft.witness(name, Verifier::parse(key)?, None),
            ["witness", name, key, url] => self.draft.witness(name, Verifier::parse(key)?, Some(url)),
            ["group", name, threshold, ref members @ ..] => {
                self.draft.group(name, Threshold::parse(threshold).ok_or(PolicyFault::Threshold)?, members)
            }
            ["quorum", _] if self.quorum.is_some() => Err(PolicyFault::SecondQuorum),
            ["quorum", name] => {
                self.quorum = Some(self.draft.quorum_position(name)?);
                Ok(())
            }
            ["log" | "witness" | "group" | "quorum", ..] => Err(PolicyFault::Words),
            [first, ..] => Err(PolicyFault::UnknownWord(first.to_owned())),
        }
    }
}

impl Threshold {
    fn parse(text: &str) -> Option<Threshold> {
        match text {
            "any" => Some(Threshold::Any),
            "all" => Some(Threshold::All),
            number => decimal(number).and_then(|least| usize::try_from(least).ok()).map(Threshold::AtLeast),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Threshold::Any => f.write_str("any"),
            Threshold::All => f.write_str("all"),
            Threshold::AtLeast(least) => write!(f, "{least}"),
        }
    }
}

/// Writes the policy: logs, then witnesses and groups in their order, then the quorum.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let behind = |url: &Option<String>| url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
        let name = |position: usize| self.draft.items.get(position).map_or(NONE, Item::name);
        for log in &self.draft.logs {
            writeln!(f, "log {}{}", log.key, behind(&log.url))?;
        }
        for item in &self.draft.items {
            match item {
                Item::Witness(witness) => {
                    writeln!(f, "witness {} {}{}", witness.name, witness.key, behind(&witness.url))?;
                }
                Item::Group(group) => {
                    write!(f, "group {} {}", group.name, group.threshold)?;
                    for &member in &group.members {
                        write!(f, " {}", name(member))?;
                    }
                    f.write_str("\n")?;
                }
            }
        }
        writeln!(f, "quorum {}", self.quorum.map_or(NONE, name))
    }
}
