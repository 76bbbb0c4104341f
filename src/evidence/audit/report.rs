//! What an audit says: a list of checks, each with its place, and for each fault what it means.
//!
//! Invariants: the root of trust stands first, since without it nothing else says whose log this is; every code of a
//! fault has a meaning in [`MEANINGS`], and `docs/audit.md` has the same table.
//!
//! Deliberately absent: who is to blame. A fault says what does not fit together.

use serde_json::{Value, json};

use crate::evidence::verdict::{Outcome, Overall};
use crate::tlog::Head;
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
    /// For people: what was found.
    pub detail: Words,
}

impl AuditCheck {
    /// What it means, for a fault and for what could not be checked.
    pub fn meaning(&self) -> Option<&'static Words> {
        if matches!(self.result, Outcome::Pass | Outcome::NotRequired) {
            return None;
        }
        let of_check = |code: &str| MEANINGS.iter().find(|(check, known, _)| *check == self.check && *known == code);
        of_check(self.code).or_else(|| of_check(ANY)).map(|(_, _, words)| words)
    }
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Over all checks.
    pub overall: Overall,
    /// Every check; for a kind that failed, every failure, at most [`super::MAX_FAILURES`].
    pub checks: Vec<AuditCheck>,
    /// What was folded.
    pub head: Head,
}

/// The checks, in the order in which they stand.
pub const ORDER: [&str; 12] = [
    "trust",
    "schema",
    "entries",
    "stored",
    "sent",
    "accesses",
    "checkpoint",
    "cosignatures",
    "policy",
    "heads",
    "tiles",
    "receipts",
];

/// Stands for every other code of a check: the reasons of the rules have their own page.
pub const ANY: &str = "*";

const fn means(check: &'static str, code: &'static str, en: &'static str, ru: &'static str) -> Meaning {
    (check, code, Words::fixed(en, ru))
}

/// A check, a code, and what it means.
pub type Meaning = (&'static str, &'static str, Words);

/// What each fault means.
pub const MEANINGS: &[Meaning] = &[
    means(
        "trust",
        "other_ledger",
        "Nothing here concerns the ledger that you trust, however well it fits together.",
        "Ничто здесь не относится к реестру, которому вы доверяете, как бы складно оно ни было.",
    ),
    means(
        "trust",
        "no_root_of_trust",
        "The log can be consistent with itself and still be somebody else's: give --trust.",
        "Журнал может быть непротиворечив и всё же чужим: укажите --trust.",
    ),
    means(
        "trust",
        "first_terms_unreadable",
        "The keys of everything else stand in entry 0; without it nothing can be verified.",
        "Ключи всего остального стоят в записи 0; без неё ничего проверить нельзя.",
    ),
    means(
        "schema",
        "schema_altered",
        "Somebody changed the database by hand: it may drop or alter what is written to it.",
        "База данных изменена вручную: она может терять или менять записываемое.",
    ),
    means("entries", "empty", "There is no log here.", "Журнала здесь нет."),
    means(
        "entries",
        "missing",
        "Entries are lost or withheld; what follows them cannot be verified.",
        "Записи утрачены или скрыты; то, что за ними, проверить нельзя.",
    ),
    means(
        "entries",
        "not_a_bundle",
        "The file was changed or cut; its entries cannot be told apart.",
        "Файл изменён или обрезан; его записи невозможно разделить.",
    ),
    means(
        "entries",
        ANY,
        "An entry was changed, or was never admissible: this log is not what its keys signed.",
        "Запись изменена или была недопустима: журнал не тот, что подписан ключами.",
    ),
    means(
        "stored",
        "row_missing",
        "A row is gone, doubled or out of place: rows were written or removed behind the ledger's back.",
        "Строка исчезла, повторена или не на месте: строки менялись в обход реестра.",
    ),
    means(
        "stored",
        "column_differs",
        "A column no longer says what the entry says: people's own queries give wrong answers.",
        "Столбец не соответствует записи: собственные запросы дают неверные ответы.",
    ),
    means(
        "stored",
        "head_row_differs",
        "The ledger would go on from another place than the entries: it was rolled back or written to by hand.",
        "Реестр продолжил бы не с того места, где записи: его откатили или правили вручную.",
    ),
    means(
        "sent",
        "event_missing",
        "Each entry was committed together with the row that says who sent it: that row was removed or moved since.",
        "Каждая запись внесена вместе со строкой о том, кто её прислал: эту строку с тех пор удалили или переставили.",
    ),
    means(
        "sent",
        "event_of_nothing",
        "Somebody wrote by hand into the list of who sent what, or the entry that it speaks of is gone.",
        "В список присланного что-то внесено вручную, либо записи, о которой идёт речь, больше нет.",
    ),
    means("sent", "not_reached", "An earlier fault stands in the way.", "Мешает более ранняя ошибка."),
    means(
        "accesses",
        "missing",
        "The file cannot be one of these: it was changed, or withheld in part.",
        "Файл не может быть таким: он изменён или отдан не полностью.",
    ),
    means(
        "accesses",
        "event_missing",
        "Who read something, or made or revoked a token, was recorded there: the event was removed or moved since.",
        "Там было записано, кто читал или что сделано с токеном: событие с тех пор удалено или переставлено.",
    ),
    means(
        "accesses",
        "event_altered",
        "Events of reading were changed, moved or removed behind the ledger's back; which of them, nobody can tell.",
        "События чтения изменены, переставлены или удалены в обход реестра; какие именно, сказать нельзя.",
    ),
    means(
        "accesses",
        "events_missing",
        "The ledger signed more events of reading than there are now: some were removed. Keep what it signed.",
        "Реестр подписал больше событий чтения, чем есть теперь: часть удалена. Сохраните подписанное.",
    ),
    means(
        "accesses",
        "events_differ",
        "The record of who read what was made anew after the ledger signed it. Keep what it signed.",
        "Список обращений переделан после того, как реестр его подписал. Сохраните подписанное.",
    ),
    means(
        "accesses",
        "not_shown",
        "Ask the ledger with a token that reads everything, or its database as the runtime role.",
        "Спросите реестр с токеном, читающим всё, или базу данных в роли runtime.",
    ),
    means(
        "accesses",
        "accesses_not_signed",
        "The file was changed, or made by somebody else.",
        "Файл изменён или сделан кем-то другим.",
    ),
    means("accesses", "not_reached", "An earlier fault stands in the way.", "Мешает более ранняя ошибка."),
    means(
        "checkpoint",
        "checkpoint_malformed",
        "The file was changed, or is not of such a log.",
        "Файл изменён или не относится к такому журналу.",
    ),
    means(
        "checkpoint",
        "checkpoint_not_signed",
        "Nobody vouches for size and root: the file was changed, or made by somebody else.",
        "За размер и корень никто не ручается: файл изменён или сделан кем-то другим.",
    ),
    means(
        "checkpoint",
        "root_differs",
        "History was changed after it was signed, or the log signed two histories. Keep both: they prove it.",
        "История изменена после подписания, либо журнал подписал две. Сохраните обе: они это доказывают.",
    ),
    means(
        "checkpoint",
        "entries_missing",
        "The log signed more entries than are here: some were dropped, or this copy is not whole.",
        "Подписано больше записей, чем есть здесь: часть исключена, либо копия неполна.",
    ),
    means(
        "checkpoint",
        "no_checkpoint",
        "That no entry is missing at the end is shown only by what the log signed: give --checkpoint or --receipt.",
        "Что в конце ничего не пропало, показывает лишь подписанное журналом: укажите --checkpoint или --receipt.",
    ),
    means("checkpoint", "not_reached", "An earlier fault stands in the way.", "Мешает более ранняя ошибка."),
    means(
        "cosignatures",
        "cosignature_bad",
        "The line was changed, or somebody pretends that a cosigner saw this head.",
        "Строка изменена, либо кто-то выдаёт эту голову за виденную соподписантом.",
    ),
    means(
        "cosignatures",
        "cosigner_not_good",
        "The line proves nothing: the cosigner's key was not registered yet, or was revoked.",
        "Строка ничего не доказывает: ключ ещё не был зарегистрирован или уже отозван.",
    ),
    means(
        "policy",
        "missing",
        "The file cannot be one of these: it was changed, or withheld in part.",
        "Файл не может быть таким: он изменён или отдан не полностью.",
    ),
    means(
        "policy",
        "policy_differs",
        "Whoever verifies by this policy demands other keys than the terms do.",
        "Кто проверяет по этой политике, требует не тех ключей, что условия.",
    ),
    means(
        "policy",
        "quorum_not_met",
        "No record is final yet: those whom the terms name have not all cosigned this head.",
        "Окончательных записей ещё нет: названные в условиях подписали эту голову не все.",
    ),
    means(
        "heads",
        "missing",
        "The file cannot be one of these: it was changed, or withheld in part.",
        "Файл не может быть таким: он изменён или отдан не полностью.",
    ),
    means(
        "heads",
        "root_differs",
        "A head that was once committed is not of these entries: history was changed or rolled back.",
        "Когда-то зафиксированный корень не от этих записей: история изменена или откачена.",
    ),
    means(
        "heads",
        "entries_missing",
        "The ledger once had more entries than are here: it was rolled back, or this copy is older.",
        "Когда-то записей было больше, чем здесь: реестр откатили, либо копия старее.",
    ),
    means("heads", "head_malformed", "The list of heads was changed.", "Список корней изменён."),
    means("heads", "not_reached", "An earlier fault stands in the way.", "Мешает более ранняя ошибка."),
    means(
        "tiles",
        "tile_differs",
        "Proofs that others make from this tile will not verify.",
        "Доказательства, сделанные по этой плитке, не сойдутся.",
    ),
    means("tiles", "missing", "Proofs cannot be made from these files.", "По этим файлам доказательств не сделать."),
    means("tiles", "not_reached", "An earlier fault stands in the way.", "Мешает более ранняя ошибка."),
    means(
        "receipts",
        "receipt_malformed",
        "The file is neither a receipt nor a bundle.",
        "Файл не квитанция и не пакет.",
    ),
    means(
        "receipts",
        "receipt_not_signed",
        "This log did not give out the receipt, or it was changed since.",
        "Квитанция выдана не этим журналом или с тех пор изменена.",
    ),
    means(
        "receipts",
        "receipt_differs",
        "The log signed this receipt for another entry than the one that is here now. Keep the receipt: it proves it.",
        "Квитанция подписана журналом для другой записи, не той, что здесь. Сохраните её: она это доказывает.",
    ),
    means(
        "receipts",
        "receipt_beyond",
        "The log signed more than is here: the record was dropped, or this copy is older than the receipt.",
        "Подписано больше, чем есть здесь: запись исключена, либо копия старее квитанции.",
    ),
    means("receipts", "not_reached", "An earlier fault stands in the way.", "Мешает более ранняя ошибка."),
];

impl Report {
    /// Draws the verdict over all checks.
    pub(super) fn over(mut checks: Vec<AuditCheck>, head: Head) -> Report {
        checks.sort_by_key(|c| ORDER.iter().position(|name| *name == c.check)); // stable
        let has = |result| checks.iter().any(|c| c.result == result);
        let unknown = |c: &AuditCheck| c.check == "trust" && c.result == Outcome::CouldNotCheck;
        let overall = if has(Outcome::Fail) {
            Overall::NotVerified
        } else if checks.iter().any(unknown) {
            Overall::CannotDecide
        } else if has(Outcome::CouldNotCheck) {
            Overall::VerifiedWithRemarks
        } else {
            Overall::Verified
        };
        Report { overall, checks, head }
    }

    /// The report as JSON, with sentences in `lang`.
    pub fn to_json(&self, lang: Lang) -> Value {
        let checks: Vec<Value> = self.checks.iter().map(|check| one(check, lang)).collect();
        json!({
            "verdict": self.overall,
            "size": self.head.size,
            "root": self.head.root.to_string(),
            "checks": checks,
        })
    }
}

fn one(check: &AuditCheck, lang: Lang) -> Value {
    let mut value = json!({ "check": check.check });
    if let Some(place) = &check.place {
        value["place"] = place.as_str().into();
    }
    value["result"] = json!(check.result);
    value["code"] = check.code.into();
    value["detail"] = check.detail.in_lang(lang).into();
    if let Some(meaning) = check.meaning() {
        value["meaning"] = meaning.in_lang(lang).into();
    }
    value
}
