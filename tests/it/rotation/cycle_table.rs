//! The stories of [`super::cycle`]: what happens to a key, and what becomes of it.
//!
//! At the beginning each state has `root/1` and `recovery/1`, the Parties a centre, a leader and an escort, the hosts a centre.

/// A sentence, and its steps.
pub const STORIES: &[(&str, &str)] = &[
    // Registration.
    (
        "A root admits a key of its authority, and the key signs.",
        "US/root/1 registers US/centre/2 => ok; US/centre/2 signs => ok",
    ),
    ("A key that nobody registered signs nothing.", "US/centre/2 signs => key_unknown"),
    ("A host's root admits a centre.", "RO/root/1 registers RO/centre/2 => ok"),
    ("A host has no leader.", "RO/root/1 registers RO/leader/1 => role_not_for_host"),
    ("A host has no mirror.", "PL/root/1 registers PL/mirror/1 => role_not_for_host"),
    (
        "Another authority's root admits nobody.",
        "RU/root/1 registers US/centre/2 => role_not_allowed; US/centre/2 signs => key_unknown",
    ),
    ("A host's root admits nobody of a Party.", "RO/root/1 registers RU/leader/2 => role_not_allowed"),
    ("A centre admits nobody.", "US/centre/1 registers US/leader/2 => role_not_allowed"),
    ("A recovery key admits no centre.", "US/recovery/1 registers US/centre/2 => role_not_allowed"),
    (
        "A mirror's key admits nobody.",
        "US/root/1 registers US/mirror/1 => ok; US/mirror/1 registers US/centre/2 => role_not_allowed",
    ),
    ("The new key signs its registration, too.", "US/root/1 registers US/centre/2 alone => role_not_allowed"),
    ("A new key does not admit itself.", "US/centre/2 registers US/centre/2 => role_not_allowed"),
    ("A root does not admit itself.", "US/root/2 registers US/root/2 => role_not_allowed"),
    ("A name is used once.", "US/root/1 registers US/centre/1 with another => key_name_taken"),
    ("The same key is not registered twice.", "US/root/1 registers US/centre/1 => key_name_taken"),
    (
        "A public key stands under one name of an authority.",
        "US/root/1 registers US/centre/2 with US/centre/1 => key_reused",
    ),
    (
        "A public key stands under one name of all authorities.",
        "RU/root/1 registers RU/centre/2 with US/centre/1 => key_reused",
    ),
    ("A root's key serves in no other role.", "US/root/1 registers US/centre/2 with US/root/1 => key_reused"),
    ("A recovery key serves in no other role.", "US/root/1 registers US/centre/2 with US/recovery/1 => key_reused"),
    ("The log's key is nobody's.", "US/root/1 registers US/centre/2 with log-1 => key_reused"),
    ("The clerk's key is nobody's.", "RU/root/1 registers RU/leader/2 with clerk-1 => key_reused"),
    ("The role beside a key is that of its name.", "US/root/1 registers US/centre/2 as leader => key_mismatch"),
    (
        "A mirror's key is one for cosigning.",
        "US/root/1 registers US/mirror/1 typed 01 => key_mismatch; US/root/1 registers US/mirror/1 => ok",
    ),
    (
        "A witness's key is one for cosigning.",
        "RU/root/1 registers RU/witness/1 typed 01 => key_mismatch; RU/root/1 registers RU/witness/1 => ok",
    ),
    (
        "A mirror's key signs no records.",
        "US/root/1 registers US/mirror/1 => ok; US/mirror/1 signs => role_not_allowed",
    ),
    ("A leader's key signs no designation.", "US/leader/1 signs => role_not_allowed"),
    ("A key signs under its own secret only.", "impostor of US/centre/1 signs => key_unknown; US/centre/1 signs => ok"),
    // Revocation.
    (
        "A root ends a key, and it signs nothing more.",
        "US/root/1 revokes US/centre/1 => ok; US/centre/1 signs => key_revoked",
    ),
    ("What a key signed before its end stands.", "US/centre/1 signs => ok; US/root/1 revokes US/centre/1 => ok"),
    (
        "A record that is known stays known after the end of its key.",
        "US/centre/1 signs => ok; US/root/1 revokes US/centre/1 => ok; again => known; US/centre/1 signs => key_revoked",
    ),
    (
        "A suspicion about the past changes nothing of it.",
        "US/centre/1 signs => ok; US/root/1 revokes US/centre/1 from 2020-01-01T00:00:00Z => ok; US/centre/1 signs => key_revoked",
    ),
    ("A key ends once.", "US/root/1 revokes US/centre/1 => ok; US/root/1 revokes US/centre/1 => already_revoked"),
    ("Only a key that there is can end.", "US/root/1 revokes US/centre/9 => revocation_target_unknown"),
    ("Another authority ends no key.", "RU/root/1 revokes US/centre/1 => role_not_allowed; US/centre/1 signs => ok"),
    ("A centre does not end itself.", "US/centre/1 revokes US/centre/1 => role_not_allowed"),
    ("A recovery key ends no centre.", "US/recovery/1 revokes US/centre/1 => role_not_allowed"),
    (
        "A name is not used again after its end.",
        "US/root/1 revokes US/centre/1 => ok; US/root/1 registers US/centre/1 with another => key_name_taken",
    ),
    (
        "A public key is not used again after its end.",
        "US/root/1 revokes US/centre/1 => ok; US/root/1 registers US/centre/2 with US/centre/1 => key_reused",
    ),
    (
        "Another key takes the place of one that ended.",
        "US/root/1 revokes US/centre/1 => ok; US/root/1 registers US/centre/2 => ok; US/centre/2 signs => ok",
    ),
    (
        "An end touches no other key.",
        "US/root/1 registers US/centre/2 => ok; US/root/1 revokes US/centre/2 => ok; US/centre/1 signs => ok",
    ),
    // One batch.
    (
        "In one batch an end comes before what the key signed.",
        "US/centre/1 signs + US/root/1 revokes US/centre/1 => key_revoked + ok",
    ),
    (
        "In one batch a key is registered before it signs.",
        "US/root/1 registers US/centre/2 + US/centre/2 signs => ok + ok",
    ),
    (
        "In one batch a key does not sign before it is registered.",
        "US/centre/2 signs + US/root/1 registers US/centre/2 => key_unknown + ok",
    ),
    (
        "In one batch a key cannot end before it is registered.",
        "US/root/1 registers US/centre/2 + US/root/1 revokes US/centre/2 => ok + revocation_target_unknown",
    ),
    (
        "In one batch the end of a root comes before what it admits.",
        "US/root/1 registers US/centre/2 + US/recovery/1 revokes US/root/1 => key_revoked + ok",
    ),
    (
        "In one batch of two ends of a key the first counts.",
        "US/root/1 revokes US/centre/1 + US/root/1 revokes US/centre/1 => ok + already_revoked",
    ),
    (
        "In one batch of two keys of a name the first counts.",
        "US/root/1 registers US/centre/2 + US/root/1 registers US/centre/2 with another => ok + key_name_taken",
    ),
    // Roots.
    (
        "The recovery key admits a new root, and the old one acts no more.",
        "US/recovery/1 registers US/root/2 => ok; US/root/1 registers US/centre/2 => role_not_allowed; US/root/2 registers US/centre/2 => ok; US/centre/2 signs => ok",
    ),
    (
        "A root admits its own successor.",
        "RU/root/1 registers RU/root/2 => ok; RU/root/1 revokes RU/centre/1 => role_not_allowed; RU/root/2 revokes RU/centre/1 => ok",
    ),
    (
        "A host's root is replaced like a Party's.",
        "PL/recovery/1 registers PL/root/2 => ok; PL/root/1 registers PL/centre/2 => role_not_allowed; PL/root/2 registers PL/centre/2 => ok",
    ),
    (
        "Another state's recovery key replaces no root.",
        "RU/recovery/1 registers US/root/2 => role_not_allowed; US/root/1 registers US/centre/2 => ok",
    ),
    ("What the old root admitted goes on.", "US/recovery/1 registers US/root/2 => ok; US/centre/1 signs => ok"),
    (
        "A new root ends what the old one admitted.",
        "US/recovery/1 registers US/root/2 => ok; US/root/2 revokes US/centre/1 => ok; US/centre/1 signs => key_revoked",
    ),
    (
        "The recovery key ends a stolen root, and nobody acts in its place until there is another.",
        "US/recovery/1 revokes US/root/1 => ok; US/root/1 registers US/centre/2 => key_revoked; US/recovery/1 registers US/root/2 => ok; US/root/2 registers US/centre/2 => ok",
    ),
    (
        "A root ends itself, and the recovery key admits the next.",
        "US/root/1 revokes US/root/1 => ok; US/recovery/1 registers US/root/2 => ok; US/root/2 registers US/centre/2 => ok",
    ),
    (
        "When the newest root ends, the one before does not come back.",
        "US/recovery/1 registers US/root/2 => ok; US/recovery/1 revokes US/root/2 => ok; US/root/1 registers US/centre/2 => role_not_allowed",
    ),
    (
        "A root that ended admits no successor.",
        "US/recovery/1 revokes US/root/1 => ok; US/root/1 registers US/root/2 => key_revoked",
    ),
    (
        "The root admits another recovery key, and the first acts no more.",
        "US/root/1 registers US/recovery/2 => ok; US/recovery/1 registers US/root/2 => role_not_allowed; US/recovery/2 registers US/root/2 => ok",
    ),
    ("A recovery key admits no recovery key.", "US/recovery/1 registers US/recovery/2 => role_not_allowed"),
    (
        "The root ends a stolen recovery key.",
        "US/root/1 revokes US/recovery/1 => ok; US/recovery/1 registers US/root/2 => key_revoked",
    ),
    ("A recovery key does not end itself.", "US/recovery/1 revokes US/recovery/1 => role_not_allowed"),
    ("A new root has a new public key.", "US/recovery/1 registers US/root/2 with US/root/1 => key_reused"),
    (
        "A root is replaced twice.",
        "US/recovery/1 registers US/root/2 => ok; US/root/2 registers US/root/3 => ok; US/root/2 registers US/centre/2 => role_not_allowed; US/root/3 registers US/centre/2 => ok",
    ),
    // Mirrors and the quorum.
    (
        "A mirror's key is replaced.",
        "US/root/1 registers US/mirror/1 => ok; US/root/1 revokes US/mirror/1 => ok; US/root/1 registers US/mirror/2 => ok",
    ),
    (
        "A mirror's key does not come back under another name.",
        "US/root/1 registers US/mirror/1 => ok; US/root/1 registers US/mirror/2 with US/mirror/1 => key_reused",
    ),
    (
        "A window's key signs no records.",
        "US/root/1 registers US/window/1 => ok; US/window/1 signs => role_not_allowed",
    ),
    ("Both roots change the quorum.", "US/root/1,RU/root/1 amend quorum => ok; RU/root/1,US/root/1 amend quorum => ok"),
    ("One root changes nothing of the terms.", "US/root/1 amend quorum => role_not_allowed"),
    (
        "A recovery key does not stand for a root in an amendment.",
        "US/root/1,RU/recovery/1 amend quorum => role_not_allowed",
    ),
    (
        "A host's root does not stand for a Party's in an amendment.",
        "US/root/1,RO/root/1 amend quorum => role_not_allowed",
    ),
    (
        "A root that was replaced amends nothing.",
        "US/recovery/1 registers US/root/2 => ok; US/root/1,RU/root/1 amend quorum => role_not_allowed; US/root/2,RU/root/1 amend quorum => ok",
    ),
    (
        "A root that ended amends nothing.",
        "RU/recovery/1 revokes RU/root/1 => ok; US/root/1,RU/root/1 amend quorum => key_revoked",
    ),
    // The ledger's own keys.
    (
        "Both roots change the log's and the clerk's key, and the ledger goes on.",
        "US/root/1,RU/root/1 amend log-2 clerk-2 until 1 => ok; US/centre/1 signs => ok; RU/centre/1 signs => ok",
    ),
    (
        "The log's key changes alone.",
        "US/root/1,RU/root/1 amend log-2 until 2 => ok; US/centre/1 signs => ok; US/centre/1 signs => ok",
    ),
    (
        "The clerk's key changes alone.",
        "US/root/1,RU/root/1 amend clerk-2 until 2 => ok; US/centre/1 signs => ok; US/centre/1 signs => ok",
    ),
    (
        "The keys change within a batch.",
        "US/root/1,RU/root/1 amend log-2 clerk-2 until 2 + US/centre/1 signs + US/centre/1 signs + US/centre/1 signs => ok + ok + ok + ok",
    ),
    (
        "The keys change a second time.",
        "US/root/1,RU/root/1 amend log-2 clerk-2 until 1 => ok; US/root/1,RU/root/1 amend log-3 clerk-3 until 1 => ok; US/centre/1 signs => ok",
    ),
    (
        "A change that has not begun is replaced.",
        "US/root/1,RU/root/1 amend log-2 clerk-2 until 500 => ok; US/root/1,RU/root/1 amend log-3 clerk-3 until 1 => ok; US/centre/1 signs => ok",
    ),
    (
        "One root alone does not change the ledger's keys.",
        "US/root/1 amend log-2 until 1 => role_not_allowed; RU/root/1 amend clerk-2 until 1 => role_not_allowed",
    ),
    (
        "A size that may be signed already does not change its key.",
        "US/root/1,RU/root/1 amend log-2 until 0 => log_until; US/root/1,RU/root/1 amend clerk-2 until -3 => log_until",
    ),
    (
        "A new key comes with the last size of the old one.",
        "US/root/1,RU/root/1 amend log-2 => log_until; US/root/1,RU/root/1 amend clerk-2 => log_until",
    ),
    ("A last size comes with a new key.", "US/root/1,RU/root/1 amend until 5 => log_until"),
    (
        "A former log key does not come back.",
        "US/root/1,RU/root/1 amend log-2 until 1 => ok; US/root/1,RU/root/1 amend log-1 until 1 => key_reused",
    ),
    (
        "A former clerk key does not come back.",
        "US/root/1,RU/root/1 amend clerk-2 until 1 => ok; US/root/1,RU/root/1 amend clerk-1 until 1 => key_reused",
    ),
    (
        "A key that never began does not come back either.",
        "US/root/1,RU/root/1 amend log-2 until 90 => ok; US/root/1,RU/root/1 amend log-3 until 1 => ok; US/root/1,RU/root/1 amend log-2 until 1 => key_reused",
    ),
    ("Nobody's key becomes the log's.", "US/root/1,RU/root/1 amend US/centre/1 until 1 => key_reused"),
    (
        "The key of a centre that ended does not become the log's.",
        "US/root/1 revokes US/centre/1 => ok; US/root/1,RU/root/1 amend US/centre/1 until 1 => key_reused",
    ),
    (
        "A former log key is nobody's.",
        "US/root/1,RU/root/1 amend log-2 until 1 => ok; US/root/1 registers US/centre/2 with log-1 => key_reused",
    ),
    (
        "A log key that has not begun is nobody's.",
        "US/root/1,RU/root/1 amend log-2 until 90 => ok; US/root/1 registers US/centre/2 with log-2 => key_reused",
    ),
    (
        "A clerk's new key is nobody's.",
        "US/root/1,RU/root/1 amend clerk-2 until 1 => ok; RU/root/1 registers RU/escort/2 with clerk-2 => key_reused",
    ),
    (
        "New roots change the ledger's keys.",
        "US/recovery/1 registers US/root/2 => ok; RU/recovery/1 registers RU/root/2 => ok; US/root/2,RU/root/2 amend log-2 clerk-2 until 1 => ok; US/centre/1 signs => ok",
    ),
    (
        "In one batch a change of keys waits for no root that ends in it.",
        "US/root/1,RU/root/1 amend log-2 until 5 + US/recovery/1 revokes US/root/1 => key_revoked + ok",
    ),
];
