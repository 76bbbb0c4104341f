//! The newest entries as an Atom feed (RFC 4287), for readers of news.
//!
//! Invariants: an entry's id is its digest (RFC 6920), so a reader who moves to another address of the same ledger
//! sees nothing twice; whatever stands in a text is escaped.
//!
//! Deliberately absent: bodies. What an adversary wrote is not handed to a program that may show it as HTML.

use std::fmt::Write as _;

use super::docs::escape;
use crate::evidence::trust::Trust;
use crate::hash::Hash;
use crate::service::feed::Line;

/// Entries of the feed at most.
pub const ENTRIES: u64 = 50;

/// The feed of a ledger, from its newest entries, newest first.
pub fn write(trust: &Trust, lines: &[Line]) -> String {
    let (origin, id) = (escape(&trust.origin), name(&trust.terms));
    let updated = lines.first().map_or("1970-01-01T00:00:00Z", |line| &line.received_at);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <id>{id}?ct=application/atom+xml</id>\n<title>{origin}</title>\n<author><name>{origin}</name></author>\n\
         <updated>{updated}</updated>\n<link rel=\"self\" href=\"/v1/events.atom\"/>\n"
    );
    for line in lines {
        entry(&mut text, line);
    }
    text.push_str("</feed>\n");
    text
}

fn entry(text: &mut String, line: &Line) {
    let id = line.digest.parse().map_or_else(|_| escape(&line.digest), |digest| name(&digest));
    let (index, kind, party) = (line.index, escape(line.kind), escape(line.party));
    let (at, digest) = (escape(&line.received_at), escape(&line.digest));
    let place = line.slot.as_ref().map_or_else(String::new, |slot| format!(", {}", escape(slot)));
    let flags = serde_json::to_string(&line.flags).unwrap_or_default();
    let _ = writeln!(
        text,
        "<entry><id>{id}</id><title>{index}: {kind} by {party}{place}</title><updated>{at}</updated>\
         <published>{at}</published><category term=\"{kind}\"/><link rel=\"alternate\" type=\"application/json\" \
         href=\"/v1/records/{digest}\"/><summary>flags: {}</summary></entry>",
        escape(&flags)
    );
}

/// The name of what has this hash (RFC 6920).
fn name(hash: &Hash) -> String {
    let base64 = hash.to_base64().replace('+', "-").replace('/', "_");
    format!("ni:///sha-256;{}", base64.trim_end_matches('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_text_stays_text() {
        let trust = Trust { origin: "a<b>&\"c".into(), terms: Hash::of(b"x") };
        let line = Line {
            index: 0,
            digest: "]]><x/>".into(),
            kind: "intent",
            party: "US",
            slot: Some("<A1>".into()),
            visit: None,
            received_at: "2026-01-01T00:00:00Z".into(),
            flags: vec!["<late>".into()],
        };
        let text = write(&trust, &[line]);
        for raw in ["a<b>", "]]>", "<A1>", "<late>", "&\"c"] {
            assert!(!text.contains(raw), "{raw}: {text}");
        }
        assert!(text.contains("<title>a&lt;b&gt;&amp;&quot;c</title>"), "{text}");
    }
}
