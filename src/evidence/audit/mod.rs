//! The audit of a whole log: every signature, every rule, every hash, again.
//!
//! An [`Auditor`] is fed the entries in order and folds them with the same [`Replica`] as the server, with every
//! signature checked under the key that was good at its index. Then it is shown what else there is: checkpoints with
//! their cosignatures, the heads that were committed, tiles, receipts that somebody holds, the columns of a database.
//! [`Auditor::finish`] answers a list of checks.
//!
//! Invariants: the first entry that cannot be taken up ends the fold, since nothing certain follows; whatever is shown
//! afterwards is compared with what could be folded, and the report fails.
//!
//! Deliberately absent: where the bytes come from.

mod accesses;
mod report;
mod sent;
mod shown;
mod stored;

pub use report::{ANY, AuditCheck, MEANINGS, Meaning, ORDER, Report};
pub use stored::Row;

use super::support::succeeds;
use super::trust::Trust;
use super::verdict::Outcome;
use crate::hash::Hash;
use crate::replica::{ReplayError, Replica};
use crate::tlog::Head;
use crate::tlog::tiles::{TileKind, TilePath, hash_tile};
use crate::treaty::admit::Signatures;
use crate::words::Words;

/// Failures of one kind that are listed.
pub const MAX_FAILURES: usize = 20;

/// Goes through a log.
#[derive(Debug, Default)]
pub struct Auditor {
    replica: Replica,
    trust: Option<Trust>,
    checks: Vec<AuditCheck>,
    broken: bool,
    counts: Counts,
    accesses: accesses::Accesses,
}

/// How much was compared and fits.
#[derive(Debug, Default)]
struct Counts {
    heads: u64,
    tiles: u64,
    receipts: u64,
    rows: u64,
    cosignatures: u64,
    /// The index of the next entry whose sending is to be told.
    sent: u64,
}

impl Auditor {
    /// An auditor that begins with a root of trust; without one, nothing is decided.
    pub fn new(trust: Option<Trust>) -> Auditor {
        Auditor { trust, replica: Replica::for_rules(), ..Auditor::default() }
    }

    /// How many entries were folded.
    pub fn size(&self) -> u64 {
        self.replica.tree().size()
    }

    /// Whether an entry could not be taken up: nothing more is.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// What is to be said before everything else: the root of trust is wrong or missing.
    pub fn distrust(&self) -> Option<&AuditCheck> {
        self.checks.iter().find(|check| check.check == "trust" && check.result != Outcome::Pass)
    }

    fn add(&mut self, check: &'static str, place: Option<String>, result: Outcome, code: &'static str, detail: Words) {
        let failures = self.checks.iter().filter(|c| c.check == check && c.result == Outcome::Fail).count();
        if result != Outcome::Fail || failures < MAX_FAILURES {
            let added = AuditCheck { check, place, result, code, detail };
            debug_assert!(result != Outcome::Fail || added.meaning().is_some(), "{check}/{code} has no meaning");
            self.checks.push(added);
        }
    }

    fn fail(&mut self, check: &'static str, place: &str, code: &'static str, detail: Words) {
        self.add(check, Some(place.to_owned()), Outcome::Fail, code, detail);
    }

    fn failed(&self, check: &str) -> bool {
        self.checks.iter().any(|c| c.check == check && c.result == Outcome::Fail)
    }

    /// Takes up the next entry. After the first that cannot be, nothing more is taken.
    pub fn entry(&mut self, bytes: &[u8]) -> bool {
        self.entries(&[bytes])
    }

    /// Takes up the next entries, on every core there is; some hundreds at a time keep them busy.
    pub fn entries(&mut self, entries: &[&[u8]]) -> bool {
        if self.broken {
            return false;
        }
        let index = self.size();
        let mut first = None;
        let error = self.replica.replay_each(entries, Signatures::Check, |entry| {
            if index == 0 && first.is_none() {
                first = Some((entry.signed.record.origin.clone(), entry.signed.digest));
            }
        });
        if let Some((origin, terms)) = first {
            self.begins(&origin, terms);
        }
        let Some(error) = error else { return true };
        self.broken = true;
        if self.size() == 0 {
            self.no_beginning();
        }
        let (code, ru) = reason(&error);
        let detail = Words::new(
            format!("{error}. Nothing after it can be relied on."),
            format!("{ru} Полагаться на то, что за ней, нельзя."),
        );
        self.fail("entries", &format!("entry {}", self.size()), code, detail);
        false
    }

    fn begins(&mut self, origin: &str, terms: Hash) {
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
        if let Some(before) = self.replica.register().terms().and_then(|terms| terms.succeeds.as_ref()) {
            let words = succeeds(before);
            self.add("trust", Some("entry 0".into()), Outcome::Pass, "succeeds", words);
        }
    }

    /// There is no entry 0 that could be compared with the root of trust.
    fn no_beginning(&mut self) {
        if self.checks.iter().any(|check| check.check == "trust") {
            return;
        }
        let result = if self.trust.is_some() { Outcome::Fail } else { Outcome::CouldNotCheck };
        let detail = Words::fixed(
            "Entry 0, the ledger's first terms, cannot be read.",
            "Запись 0, первые условия, не читается.",
        );
        self.add("trust", None, result, "first_terms_unreadable", detail);
    }

    /// Compares a head that was once committed with what was folded.
    pub fn committed(&mut self, head: Head) {
        self.counts.heads += 1;
        if self.replica.tree().root_at(head.size) != Some(head.root) && (!self.broken || head.size <= self.size()) {
            self.head("heads", format!("size {}", head.size), head);
        }
    }

    /// Compares a head with what was folded, and says what was found. Whether it is the entries' root.
    fn head(&mut self, check: &'static str, place: String, head: Head) -> bool {
        let size = self.size();
        let (result, code, detail) = match self.replica.tree().root_at(head.size) {
            Some(root) if root == head.root => (
                Outcome::Pass,
                "root_agrees",
                Words::new(
                    format!("It is the root over the first {} entries.", head.size),
                    format!("Это корень первых записей числом {}.", head.size),
                ),
            ),
            Some(root) => (
                Outcome::Fail,
                "root_differs",
                Words::new(
                    format!("The first {} entries have the root {root}; it says {}.", head.size, head.root),
                    format!("Корень первых {} записей {root}; указан {}.", head.size, head.root),
                ),
            ),
            None if self.broken => (
                Outcome::CouldNotCheck,
                "not_reached",
                Words::fixed(
                    "Could not be checked: the entries could not be followed so far.",
                    "Проверить нельзя: записи не удалось проследить до этого места.",
                ),
            ),
            None => (
                Outcome::Fail,
                "entries_missing",
                Words::new(
                    format!("It is over {} entries, and only {size} are here.", head.size),
                    format!("Он над {} записями, а здесь их только {size}.", head.size),
                ),
            ),
        };
        self.add(check, Some(place), result, code, detail);
        result == Outcome::Pass
    }

    /// Compares a hash tile with what was folded, at the size of the checkpoint. Whether more tiles are worth a look.
    pub fn tile(&mut self, path: TilePath, size: u64, bytes: &[u8]) -> bool {
        self.counts.tiles += 1;
        if matches!(path.kind(), TileKind::Entries) {
            return true; // entries were folded themselves
        }
        if hash_tile(self.replica.tree(), size, path).as_deref() == Ok(bytes) {
            return true;
        }
        let detail = Words::fixed("The tile is not what the entries add up to.", "Плитка не соответствует записям.");
        self.fail("tiles", &path.to_string(), "tile_differs", detail);
        self.worth_a_look("tiles")
    }

    /// Whether another failure of this kind would still be listed.
    pub fn worth_a_look(&self, check: &str) -> bool {
        self.checks.iter().filter(|c| c.check == check && c.result == Outcome::Fail).count() < MAX_FAILURES
    }

    /// Notes that something which should be there is missing or cannot be read. Missing entries end the fold.
    pub fn missing(&mut self, check: &'static str, place: &str, why: &str) {
        if check == "entries" {
            self.broken = true;
            if self.size() == 0 {
                self.no_beginning();
            }
        }
        let detail = Words::new(format!("It cannot be read: {why}."), format!("Невозможно прочитать: {why}."));
        self.fail(check, place, "missing", detail);
    }

    /// Notes that something was not looked at because of an earlier fault.
    pub fn not_reached(&mut self, check: &'static str) {
        let detail = Words::fixed("Was not looked at.", "Не проверялось.");
        self.add(check, None, Outcome::CouldNotCheck, "not_reached", detail);
    }

    /// Notes that what a database is made of is not what this program makes.
    pub fn schema(&mut self, faults: &[String]) {
        for fault in faults {
            self.fail("schema", "database", "schema_altered", Words::new(fault.clone(), fault.clone()));
        }
        if faults.is_empty() {
            let detail = Words::fixed(
                "Tables, columns, constraints, triggers, functions and grants are the program's.",
                "Таблицы, столбцы, ограничения, триггеры, функции и права — те, что создаёт программа.",
            );
            self.add("schema", None, Outcome::Pass, "schema_known", detail);
        }
    }

    /// Draws the report.
    pub fn finish(mut self) -> Report {
        let size = self.size();
        if !self.broken {
            if size == 0 {
                self.no_beginning();
            }
            let (result, code) = if size == 0 { (Outcome::Fail, "empty") } else { (Outcome::Pass, "replayed") };
            let detail = Words::new(
                format!("{size} entries: every signature, every rule, every countersignature."),
                format!("Записей: {size}; проверены все подписи, все правила, все контрподписи."),
            );
            self.add("entries", None, result, code, detail);
        }
        let counts = std::mem::take(&mut self.counts);
        for (check, count, code, en, ru) in [
            ("stored", counts.rows, "columns_agree", "rows say what their entries say", "строк соответствует записям"),
            (
                "cosignatures",
                counts.cosignatures,
                "cosignatures_good",
                "stored cosignatures are good",
                "хранимых соподписей верны",
            ),
            ("heads", counts.heads, "heads_agree", "committed heads agree", "зафиксированных корней сходится"),
            ("tiles", counts.tiles, "tiles_agree", "tiles agree", "плиток сходится"),
            ("receipts", counts.receipts, "receipts_agree", "receipts hold", "квитанций сходится"),
        ] {
            if count > 0 && !self.broken && !self.failed(check) {
                let detail = Words::new(format!("{count} {en}."), format!("{count} {ru}."));
                self.add(check, None, Outcome::Pass, code, detail);
            }
        }
        Report::over(self.checks, self.replica.head())
    }
}

fn reason(error: &ReplayError) -> (&'static str, String) {
    match error {
        ReplayError::Malformed { index, malformed } => {
            (malformed.code, format!("Запись {index} имеет неверную форму."))
        }
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
