//! How a key is shown.
//!
//! Deliberately absent: secrets; nothing of a key but its public half is ever here.

use serde_json::{Value, json};

use crate::hash::Hash;
use crate::treaty::party::Role;
use crate::treaty::register::Key;

/// One key, with the entry that registered it and the one that revoked it, and the number that follows `last_number`.
pub fn key(key: &Key, last_number: Option<u64>, digest_of: &dyn Fn(u64) -> Option<Hash>) -> Value {
    let at = |index: u64| json!({ "index": index, "digest": digest_of(index).map(|digest| digest.to_string()) });
    let mut value = json!({
        "name": key.name.as_str(),
        "vkey": key.published.to_string(),
        "party": key.name.party().as_str(),
        "role": key.name.role().as_str(),
    });
    if let Some(person) = &key.person {
        value["person"] = person.as_ref().into();
    }
    value["registered"] = at(key.registered);
    if let Some(revoked) = &key.revoked {
        let mut end = at(revoked.index);
        end["reason"] = revoked.reason.as_str().into();
        if let Some(from) = revoked.suspect_from {
            end["suspect_from"] = from.to_string().into();
        }
        value["revoked"] = end;
    }
    if let Some(last) = last_number.filter(|_| signs_records(key.name.role())) {
        value["next_number"] = (last + 1).into();
    }
    value
}

/// Whether keys of a role are the author of records, and so count them.
const fn signs_records(role: Role) -> bool {
    matches!(role, Role::Root | Role::Recovery | Role::Centre | Role::Leader | Role::Escort)
}
