//! The audit of a whole log: every signature, every rule, every hash, again.
//!
//! An [`Auditor`] is fed the entries in order and folds them with the same [`Replica`] as the server, with every
//! signature checked under the key that was good at its index. Then it is shown what else there is: the checkpoint, the
//! heads that were committed, the tiles. [`Auditor::finish`] answers a list of checks.
//!
//! Invariants: the first entry that cannot be taken up ends the fold, since nothing certain follows; whatever is shown
//! afterwards is compared with what could be folded, and the report fails.
//!
//! Deliberately absent: where the bytes come from.

use serde_json::{Value, json};

use super::trust::Trust;
use super::verdict::{Outcome, Overall};
use crate::replica::{ReplayError, Replica};
use crate::tlog::Head;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::tiles::{TileKind, TilePath, hash_tile};
use crate::treaty::admit::Signatures;
use crate::words::{Lang, Words};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheck {
    /// The name of the check.
    pub check: &'static str,
    /// Where: an entry, a file, a size.
    pub place: Option<String>,
    /// The outcome.
    pub result: Outcome,
    /// A stable code.
    pub code: &'static str,
    /// For people: what was found, and what it means.
    pub detail: Words,
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Over all checks.
    pub overall: Overall,
    /// Every check; for a kind that failed, every failure, at most [`MAX_FAILURES`].
    pub checks: Vec<AuditCheck>,
    /// What was folded.
    pub head: Head,
}

/// Failures of one kind that are listed.
pub const MAX_FAILURES: usize = 20;

/// Goes through a log.
#[derive(Debug, Default)]
pub struct Auditor {
    replica: Replica,
    trust: Option<Trust>,
    checks: Vec<AuditCheck>,
    broken: bool,
    tiles: u64,
    heads: u64,
}

impl Auditor {
    /// An auditor that begins with a root of trust; without one, nothing is decided.
    pub fn new(trust: Option<Trust>) -> Auditor {
        Auditor { trust, ..Auditor::default() }
    }

    /// How many entries were folded.
    pub fn size(&self) -> u64 {
        self.replica.tree().size()
    }

    fn add(&mut self, check: &'static str, place: Option<String>, result: Outcome, code: &'static str, detail: Words) {
        let failures = self.checks.iter().filter(|c| c.check == check && c.result == Outcome::Fail).count();
        if result != Outcome::Fail || failures < MAX_FAILURES {
            self.checks.push(AuditCheck { check, place, result, code, detail });
        }
    }

    /// Takes up the next entry. After the first that cannot be, nothing more is taken.
    pub fn entry(&mut self, bytes: &[u8]) -> bool {
        if self.broken {
            return false;
        }
        let index = self.size();
        match self.replica.replay(bytes, Signatures::Check) {
            Ok(entry) => {
                if index == 0 {
                    self.begins(&entry.signed.record.origin, entry.signed.digest);
                }
                true
            }
            Err(error) => {
                self.broken = true;
                let (code, ru) = reason(&error);
                let detail = Words::new(format!("{error}. Nothing after it can be relied on."), ru);
                self.add("entries", Some(format!("entry {index}")), Outcome::Fail, code, detail);
                false
            }
        }
    }

    fn begins(&mut self, origin: &str, terms: crate::hash::Hash) {
        let found = Trust { origin: origin.to_owned(), terms };
        let (result, code) = match &self.trust {
            None => (Outcome::CouldNotCheck, "no_root_of_trust"),
            Some(trust) if *trust == found => (Outcome::Pass, "root_of_trust"),
            Some(_) => (Outcome::Fail, "other_ledger"),
        };
        let detail = match code {
            "other_ledger" => Words::new(
                format!("This is another ledger than the one you trust: it says {found}."),
                format!("Это другой реестр, не тот, которому вы доверяете: {found}."),
            ),
            "no_root_of_trust" => Words::new(
                format!("No root of trust was given. The log says of itself: {found}."),
                format!("Корень доверия не указан. Журнал сообщает о себе: {found}."),
            ),
            _ => Words::new(found.to_string(), found.to_string()),
        };
        self.add("trust", None, result, code, detail);
    }

    /// Compares the newest signed checkpoint with what was folded. Entries beyond it are not covered by it.
    pub fn checkpoint(&mut self, note: &[u8]) {
        let Some(terms) = self.replica.register().terms().cloned() else { return };
        match Checkpoint::open(note, &terms.origin, &terms.log) {
            Err(error) => {
                let detail = Words::new(
                    format!("The checkpoint is not signed by the log: {error}."),
                    format!("Контрольная точка не подписана журналом: {error}."),
                );
                self.add("checkpoint", None, Outcome::Fail, "checkpoint_not_signed", detail);
            }
            Ok(checkpoint) => {
                self.head("checkpoint", Head { size: checkpoint.size, root: checkpoint.root });
            }
        }
    }

    /// Compares a head that was once committed with what was folded.
    pub fn committed(&mut self, head: Head) {
        self.heads += 1;
        if self.replica.tree().root_at(head.size) != Some(head.root) && !self.broken {
            self.head("heads", head);
        }
    }

    fn head(&mut self, check: &'static str, head: Head) {
        let place = Some(format!("size {}", head.size));
        match self.replica.tree().root_at(head.size) {
            Some(root) if root == head.root => {
                let detail = Words::new(
                    format!("It is the root over the first {} entries.", head.size),
                    format!("Это корень первых записей числом {}.", head.size),
                );
                self.add(check, place, Outcome::Pass, "root_agrees", detail);
            }
            Some(root) => {
                let detail = Words::new(
                    format!(
                        "The entries have the root {root}, and {} was signed. History was changed, or there are two. Keep both.",
                        head.root
                    ),
                    format!(
                        "Корень записей {root}, а подписан {}. История изменена, либо их две. Сохраните обе.",
                        head.root
                    ),
                );
                self.add(check, place, Outcome::Fail, "root_differs", detail);
            }
            None if self.broken => {
                let detail = Words::fixed(
                    "Could not be checked: the entries could not be followed so far.",
                    "Проверить нельзя: записи не удалось проследить до этого места.",
                );
                self.add(check, place, Outcome::CouldNotCheck, "not_reached", detail);
            }
            None => {
                let detail = Words::new(
                    format!(
                        "Size {} was signed, and only {} entries are here. Entries are missing.",
                        head.size,
                        self.size()
                    ),
                    format!(
                        "Подписан размер {}, а записей здесь только {}. Записи отсутствуют.",
                        head.size,
                        self.size()
                    ),
                );
                self.add(check, place, Outcome::Fail, "entries_missing", detail);
            }
        }
    }

    /// Compares a hash tile with what was folded, at the size of the checkpoint.
    pub fn tile(&mut self, path: TilePath, size: u64, bytes: &[u8]) {
        self.tiles += 1;
        if matches!(path.kind(), TileKind::Entries) || self.broken {
            return; // entries were folded themselves, and without all of them there is nothing to compare with
        }
        if hash_tile(self.replica.tree(), size, path).as_deref() != Ok(bytes) {
            let detail = Words::fixed(
                "The tile is not what the entries add up to. Proofs made from it would fail.",
                "Плитка не соответствует записям. Доказательства по ней не сойдутся.",
            );
            self.add("tiles", Some(path.to_string()), Outcome::Fail, "tile_differs", detail);
        }
    }

    /// Notes that something which should be there is missing or cannot be read.
    pub fn missing(&mut self, check: &'static str, place: &str, why: &str) {
        let detail = Words::new(format!("It cannot be read: {why}."), format!("Невозможно прочитать: {why}."));
        self.add(check, Some(place.to_owned()), Outcome::Fail, "missing", detail);
    }

    /// Draws the report.
    pub fn finish(mut self) -> Report {
        let failed =
            |auditor: &Auditor, check| auditor.checks.iter().any(|c| c.check == check && c.result == Outcome::Fail);
        let size = self.size();
        if !failed(&self, "entries") {
            let (result, code) = if size == 0 { (Outcome::Fail, "empty") } else { (Outcome::Pass, "replayed") };
            let detail = Words::new(
                format!("{size} entries: every signature, every rule, every countersignature."),
                format!("Записей: {size}; проверены все подписи, все правила, все контрподписи."),
            );
            self.add("entries", None, result, code, detail);
        }
        for (check, count, code, en, ru) in [
            ("heads", self.heads, "heads_agree", "committed heads agree", "зафиксированных корней сходится"),
            ("tiles", self.tiles, "tiles_agree", "tiles agree", "плиток сходится"),
        ] {
            if count > 0 && !self.broken && !failed(&self, check) {
                let detail = Words::new(format!("{count} {en}."), format!("{count} {ru}."));
                self.add(check, None, Outcome::Pass, code, detail);
            }
        }
        let order = ["trust", "entries", "checkpoint", "heads", "tiles"];
        self.checks.sort_by_key(|c| order.iter().position(|name| *name == c.check)); // stable
        let has = |result| self.checks.iter().any(|c| c.result == result);
        let overall = if has(Outcome::Fail) {
            Overall::NotVerified
        } else if has(Outcome::CouldNotCheck) {
            Overall::CannotDecide
        } else {
            Overall::Verified
        };
        Report { overall, checks: self.checks, head: self.replica.head() }
    }
}

fn reason(error: &ReplayError) -> (&'static str, String) {
    match error {
        ReplayError::Malformed { index, .. } => ("malformed", format!("Запись {index} имеет неверную форму.")),
        ReplayError::Refused { index, refused } => {
            let code = refused.first().map_or("refused", |refused| refused.refusal.code());
            (code, format!("Запись {index} не допускается правилами: {code}."))
        }
        ReplayError::Beginning(_) => ("beginning", "Запись 0 не начинает реестр.".to_owned()),
        ReplayError::TimeWentBack { index } => {
            ("time_went_back", format!("Запись {index} получена раньше предыдущей."))
        }
        ReplayError::Repeated { index, earlier } => ("repeated", format!("Запись {index} повторяет запись {earlier}.")),
        ReplayError::NotCountersigned { index } => {
            ("not_countersigned", format!("У записи {index} нет верной контрподписи."))
        }
        ReplayError::RulesUnknown(rules) => ("rules_unknown", format!("Версия правил {rules} неизвестна.")),
    }
}

impl Report {
    /// The report as JSON, with sentences in `lang`.
    pub fn to_json(&self, lang: Lang) -> Value {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|c| {
                let mut value = json!({ "check": c.check });
                if let Some(place) = &c.place {
                    value["place"] = place.as_str().into();
                }
                value["result"] = json!(c.result);
                value["code"] = c.code.into();
                value["detail"] = c.detail.in_lang(lang).into();
                value
            })
            .collect();
        json!({
            "verdict": self.overall,
            "size": self.head.size,
            "root": self.head.root.to_string(),
            "checks": checks,
        })
    }
}
