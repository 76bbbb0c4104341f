//! What may stand beside the tiles of a log that is audited, as files or as what a ledger answers: its heads, its policy,
//! and where its record of accesses stands.
//!
//! Invariants: a file or a page is never read beyond the size that it can have. What is not there is not missed; what is
//! there and cannot be read is a fault.
//!
//! Deliberately absent: what makes up the log itself ([`super::audit_folder`]).

use super::audit_folder::{Files, Unread};
use super::audit_held;
use super::progress::Progress;
use crate::evidence::audit::Auditor;
use crate::hash::Hash;
use crate::note::MAX_BYTES as MAX_NOTE;
use crate::tlog::chain::PAGE as LINKS;
use crate::tlog::checkpoint::decimal;
use crate::tlog::policy::MAX_BYTES as MAX_POLICY;

/// The longest line of a file of heads: a size and a root.
const HEAD_LINE: usize = 20 + 1 + 44 + 1;
/// The greatest list of heads that is read.
const MAX_HEADS: usize = 256 << 20;
/// The longest line of a page of links: a hash.
const LINK_LINE: usize = 44 + 1;
/// The heads that a ledger's page has at most.
const PAGE: usize = 4_096;

/// A file that need not be there; `check` is the one that fails where it is no such file.
fn beside(
    files: &Files<'_>,
    name: &str,
    most: usize,
    check: &'static str,
    auditor: &mut Auditor,
) -> anyhow::Result<Option<Vec<u8>>> {
    match files(name, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Unread::Absent) => Ok(None),
        Err(Unread::Wrong(why)) => {
            auditor.missing(check, name, &why);
            Ok(None)
        }
        Err(Unread::Failed(error)) => Err(error),
    }
}

/// Every head that was committed, of a log with so many entries: as a file, or page by page.
pub fn heads(files: &Files<'_>, size: u64, auditor: &mut Auditor) -> anyhow::Result<()> {
    let most = MAX_HEADS.min(HEAD_LINE.saturating_mul(usize::try_from(size).unwrap_or(usize::MAX)));
    if let Some(bytes) = beside(files, "heads", most, "heads", auditor)? {
        audit_held::heads(&bytes, auditor);
        return Ok(());
    }
    let mut after = 0;
    while after < size && auditor.worth_a_look("heads") {
        let page = beside(files, &format!("v1/log/heads?after={after}"), HEAD_LINE * PAGE, "heads", auditor)?;
        let Some(page) = page.filter(|page| !page.is_empty()) else { break };
        // Whoever names no greater size at the end of a page would be asked for it for ever.
        let Some(last) = last_size(&page).filter(|last| *last > after) else {
            auditor.head_malformed(&format!("the page after size {after}"));
            break;
        };
        audit_held::heads(&page, auditor);
        after = last;
    }
    Ok(())
}

fn last_size(page: &[u8]) -> Option<u64> {
    let last = std::str::from_utf8(page).ok()?.strip_suffix('\n')?.rsplit('\n').next()?;
    decimal(last.split_once(' ')?.0)
}

/// The policy, as a file or as the ledger answers it.
pub fn policy(files: &Files<'_>, auditor: &mut Auditor) -> anyhow::Result<()> {
    for name in ["policy", "v1/log/policy"] {
        if let Some(bytes) = beside(files, name, MAX_POLICY, "policy", auditor)? {
            auditor.policy("policy", &bytes);
            break;
        }
    }
    Ok(())
}

/// Where a ledger says that its record of accesses stands.
const ACCESSES: &str = "v1/log/accesses";

/// Asks where the record of accesses stands, before the entries that name who signs that.
pub fn accesses_said(files: &Files<'_>, auditor: &mut Auditor) -> anyhow::Result<Option<Vec<u8>>> {
    let said = beside(files, ACCESSES, MAX_NOTE, "accesses", auditor)?;
    if let Some(note) = &said {
        auditor.holds_accesses(ACCESSES, note);
    }
    Ok(said)
}

/// Follows the record of accesses up to where the ledger's clerk says that it stands, if it does.
pub fn accesses(files: &Files<'_>, said: Option<&[u8]>, auditor: &mut Auditor) -> anyhow::Result<()> {
    let Some(note) = said else {
        auditor.readers(false);
        return Ok(());
    };
    let said = auditor.accesses_said(note).unwrap_or_default(); // what the clerk did not sign is not followed
    let mut progress = Progress::new("events", said);
    while auditor.access_count() < said {
        let name = format!("{ACCESSES}/links?after={}", auditor.access_count());
        let page = beside(files, &name, LINK_LINE * LINKS, "accesses", auditor)?.unwrap_or_default();
        let lines = page.strip_suffix(b"\n").unwrap_or(&page).split(|&byte| byte == b'\n');
        let links = lines.map(|line| Hash::from_base64(std::str::from_utf8(line).ok()?).ok());
        let links: Vec<Hash> = links.map_while(|link| link).collect();
        // A page that is not whole comes only at the end; what was promised and did not come is missed below.
        let is_whole = links.len() == LINKS || auditor.access_count() + links.len() as u64 >= said;
        if !is_whole || !auditor.access_links(&links) {
            break;
        }
        progress.at(auditor.access_count());
    }
    progress.end();
    auditor.readers(true);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::tlog::EMPTY_ROOT;

    /// Goes through the heads of a log with so many entries, whose pages are these; answers what was asked for.
    fn asked(size: u64, pages: &[(&str, &str)]) -> Vec<String> {
        let asked = Mutex::new(Vec::new());
        let files = |name: &str, most: usize| {
            asked.lock().expect("nobody panicked").push(name.to_owned());
            assert!(asked.lock().expect("nobody panicked").len() < 9, "it would ask for ever");
            let page = pages.iter().find(|(of, _)| *of == name).ok_or(Unread::Absent)?.1;
            assert!(page.len() <= most);
            Ok(page.as_bytes().to_vec())
        };
        heads(&files, size, &mut Auditor::default()).expect("nothing fails");
        asked.into_inner().expect("nobody panicked")
    }

    fn lines(sizes: &[u64]) -> String {
        sizes.iter().map(|size| format!("{size} {}\n", EMPTY_ROOT.to_base64())).collect()
    }

    #[test]
    fn heads_are_followed_page_by_page_and_never_for_ever() {
        let name = |after: u64| format!("v1/log/heads?after={after}");
        let (first, second) = (lines(&[1, 4]), lines(&[6, 9]));
        let pages = [(&*name(0), &*first), (&*name(4), &*second)];
        assert_eq!(asked(9, &pages), ["heads".to_owned(), name(0), name(4)], "the last page is of the whole log");
        assert_eq!(asked(12, &pages), ["heads".to_owned(), name(0), name(4), name(9)], "there may be more");
        assert_eq!(asked(9, &[("heads", &first)]), ["heads"], "a file is whole");
        // A page that leads back, or whose end is no head, is the last one.
        let back = lines(&[3, 2]);
        assert_eq!(asked(9, &[(&name(0), &first), (&name(4), &back)]), ["heads".to_owned(), name(0), name(4)]);
        assert_eq!(asked(9, &[(&name(0), &first), (&name(4), "7 x")]), ["heads".to_owned(), name(0), name(4)]);
    }

    #[test]
    fn links_of_what_the_clerk_did_not_sign_are_not_asked_for() {
        let files = |name: &str, _: usize| {
            match name {
            "v1/log/accesses" => Ok(b"countersign/accesses/v1\nx\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\xe2\x80\x94 x AAAAAAA=\n".to_vec()),
            _ => panic!("asked for {name}"),
        }
        };
        let mut auditor = Auditor::default();
        let said = accesses_said(&files, &mut auditor).expect("nothing fails");
        accesses(&files, said.as_deref(), &mut auditor).expect("nothing fails");
        assert_eq!(auditor.access_count(), 0);
    }
}
