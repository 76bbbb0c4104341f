//! The manifest of an export: what the ledger says that it handed out.
//!
//! It names each file with its rows, bytes and hash, and says of which part of the log they are made. It is text,
//! countersigned by the clerk like an entry, so that whoever is handed a file and its manifest can tell that neither was
//! cut or changed on the way:
//!
//! ```text
//! countersign/manifest/v1
//! ledger.example/bilateral
//! {
//!   "checkpoint": { … },
//!   …
//! }
//! ```
//!
//! Invariants: the object has one spelling. For one size, one filter and one scope only the time differs.
//!
//! Deliberately absent: the rows, and any word on whether what they say is true.

use serde_json::{Value as Json, json};

use crate::hash::Hash;
use crate::json::{self, Value};
use crate::note::clerk::{countersign, verify_countersignature};
use crate::note::{Note, SignError, Signer, Verifier, assemble};
use crate::tlog::Head;
use crate::treaty::time::Instant;

/// The first line of a manifest.
pub const FIRST_LINE: &str = "countersign/manifest/v1";

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its rows: records, or whatever it lists; neither headings nor the last line of an NDJSON file.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: Hash,
}

/// What the ledger says about the files of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The ledger.
    pub origin: String,
    /// The part of the log that the files are made of.
    pub head: Head,
    /// Whose view it is: `everything`, or `host` and the state.
    pub scope: String,
    /// What the rows of records were asked for with, in the order of the parameters.
    pub filter: Vec<(String, String)>,
    /// The version of the columns.
    pub schema_version: u64,
    /// The files.
    pub files: Vec<Listed>,
    /// When it was made.
    pub created_at: Instant,
}

impl Manifest {
    /// The text that is signed.
    fn text(&self) -> String {
        let filter: serde_json::Map<String, Json> =
            self.filter.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let file = |file: &Listed| json!({ "name": file.name, "rows": file.rows, "bytes": file.bytes, "sha256": file.sha256.to_string() });
        let object = json!({
            "checkpoint": { "size": self.head.size, "root": self.head.root.to_string() },
            "known_at": format!("tree:{}", self.head.size),
            "scope": self.scope,
            "filter": filter,
            "schema_version": self.schema_version,
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
            "created_at": self.created_at.to_string(),
        });
        format!("{FIRST_LINE}\n{}\n{object:#}\n", self.origin)
    }

    /// The note, countersigned at the time that it names.
    pub fn sign(&self, clerk: &Signer) -> Result<String, SignError> {
        let text = self.text();
        let line = countersign(clerk, &Hash::of(text.as_bytes()), self.created_at.unsigned())?;
        Ok(assemble(&text, &[line]))
    }

    /// Reads a note and checks that this clerk signed it. Nothing for anything else.
    pub fn open(note: &[u8], clerk: &Verifier) -> Option<Manifest> {
        let note = Note::parse(note).ok()?;
        let [line] = note.lines() else { return None };
        let at = verify_countersignature(clerk, line, &Hash::of(note.text().as_bytes())).ok()?;
        let (origin, object) = note.text().strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.split_once('\n')?;
        let reading = json::read(object);
        let object = Object(reading.value.as_ref().filter(|_| reading.faults.is_empty())?);
        let checkpoint = object.object("checkpoint")?;
        let Value::Object(filter) = object.object("filter")?.0 else { return None };
        let filter = filter.iter().map(|member| Some((member.name.to_string(), text(&member.value)?.to_owned())));
        let Value::Array(files) = object.get("files")? else { return None };
        let file = |value| {
            let file = Object(value);
            let (name, sha256) = (file.text("name")?.to_owned(), file.text("sha256")?.parse().ok()?);
            Some(Listed { name, rows: file.number("rows")?, bytes: file.number("bytes")?, sha256 })
        };
        let said = Manifest {
            origin: origin.to_owned(),
            head: Head { size: checkpoint.number("size")?, root: checkpoint.text("root")?.parse().ok()? },
            scope: object.text("scope")?.to_owned(),
            filter: filter.collect::<Option<_>>()?,
            schema_version: object.number("schema_version")?,
            files: files.iter().map(file).collect::<Option<_>>()?,
            created_at: Instant::parse(object.text("created_at")?)?,
        };
        // One spelling: what was read is what would be written, and it was signed when it says.
        Some(said).filter(|said| said.text() == note.text() && said.created_at.unsigned() == at)
    }
}

/// An object that was read.
struct Object<'v>(&'v Value<'v>);

impl<'v> Object<'v> {
    fn get(&self, name: &str) -> Option<&'v Value<'v>> {
        let Value::Object(members) = self.0 else { return None };
        members.iter().find(|member| member.name == name).map(|member| &member.value)
    }

    fn object(&self, name: &str) -> Option<Object<'v>> {
        self.get(name).map(Object)
    }

    fn text(&self, name: &str) -> Option<&'v str> {
        text(self.get(name)?)
    }

    fn number(&self, name: &str) -> Option<u64> {
        let Value::Int(number) = self.get(name)? else { return None };
        (*number).try_into().ok()
    }
}

fn text<'v>(value: &'v Value<'v>) -> Option<&'v str> {
    let Value::String(text) = value else { return None };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::KeyKind;

    #[test]
    fn a_manifest_is_opened_by_its_clerk_alone_and_not_after_a_change() {
        let clerk = Signer::from_seed("ledger.example/x/clerk", KeyKind::Countersign, [3; 32]).expect("a key");
        let other = Signer::from_seed("ledger.example/x/clerk", KeyKind::Countersign, [4; 32]).expect("a key");
        let file = Listed { name: "records.csv".into(), rows: 3, bytes: 99, sha256: Hash::of(b"x") };
        let said = Manifest {
            origin: "ledger.example/x".into(),
            head: Head { size: 12, root: Hash::of(b"y") },
            scope: "everything".into(),
            filter: vec![("kind".into(), "intent".into())],
            schema_version: 1,
            files: vec![file],
            created_at: Instant::parse("2026-01-02T03:04:05Z").expect("a time"),
        };
        let note = said.sign(&clerk).expect("signs");
        assert_eq!(Manifest::open(note.as_bytes(), clerk.verifier()), Some(said.clone()));
        assert_eq!(Manifest::open(note.as_bytes(), other.verifier()), None);
        for (from, to) in [("\"rows\": 3", "\"rows\": 2"), ("manifest/v1", "manifest/v2"), ("intent", "report")] {
            assert_eq!(Manifest::open(note.replacen(from, to, 1).as_bytes(), clerk.verifier()), None, "{to}");
        }
        // Another spelling, and another time than the line has, are refused even where the clerk signed them.
        let sign = |text: &str, at: Instant| {
            let line = countersign(&clerk, &Hash::of(text.as_bytes()), at.unsigned()).expect("signs");
            assemble(text, &[line])
        };
        let (text, at) = (said.text(), said.created_at);
        assert!(Manifest::open(sign(&text, at).as_bytes(), clerk.verifier()).is_some());
        let spelled = text.replacen("\"rows\": 3", "\"rows\":  3", 1);
        assert_eq!(Manifest::open(sign(&spelled, at).as_bytes(), clerk.verifier()), None);
        let later = Instant::from_seconds(at.seconds() + 1).expect("a time");
        assert_eq!(Manifest::open(sign(&text, later).as_bytes(), clerk.verifier()), None);
    }
}
