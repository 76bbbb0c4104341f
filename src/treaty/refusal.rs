//! Every reason for which the ledger turns a record away.
//!
//! A [`Refusal`] has a code that never changes, and names the provision it rests on: a numbered section of
//! `docs/rules.md`, which is version 1 of the rules that the terms put in force. The ledger refuses only what is not
//! authentic, not authorised, or impossible. What is late, unwelcome or contested is recorded and shown.
//!
//! Deliberately absent: faults of form (a text that is not a note, or not our JSON, never becomes a record; see
//! [`super::record::Malformed`]), and status codes of HTTP.

use crate::words::Words;

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident $code:literal $provision:literal $en:literal $ru:literal;)*) => {
        /// A reason to turn a record away.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refusal { $($(#[doc = $doc])+ $name,)* }

        impl Refusal {
            /// Every reason.
            pub const ALL: &[Refusal] = &[$(Refusal::$name,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Refusal::$name => $code,)* }
            }

            /// The provision that it rests on: a section of `docs/rules.md`.
            pub const fn provision(self) -> &'static str {
                match self { $(Refusal::$name => $provision,)* }
            }

            /// What to tell the sender.
            pub const fn words(self) -> Words {
                match self { $(Refusal::$name => Words::fixed($en, $ru),)* }
            }
        }
    };
}

refusals! {
    /// Sign the text with the key of each signer that the record names.
    SignatureMissing "signature_missing" "2.1" "A signer that the record names has not signed." "Подписант, названный в записи, её не подписал.";
    /// Remove the line: the record does not name its signer.
    SignatureSurplus "signature_surplus" "2.1" "A line is signed by a key that the record does not name." "Есть подпись ключом, который в записи не назван.";
    /// Remove the second line.
    SignatureDoubled "signature_doubled" "2.1" "The same signer has signed twice." "Один и тот же подписант подписал дважды.";
    /// Sign exactly the bytes that are sent.
    SignatureInvalid "signature_invalid" "2.2" "A signature does not match the text." "Подпись не соответствует тексту.";
    /// Remove the ledger's own line: only the ledger adds it.
    ClerkLinePresent "clerk_line_present" "2.3" "A submitted record may not carry the ledger's countersignature." "Подаваемая запись не может содержать контрподпись реестра.";
    /// Register the key first, or sign with a registered one.
    KeyUnknown "key_unknown" "3.1" "No such key was registered before this record." "Такой ключ до этой записи не зарегистрирован.";
    /// Sign with another key.
    KeyRevoked "key_revoked" "3.2" "The key was revoked before this record." "Ключ отозван до этой записи.";
    /// Choose another name: a key name is used once, for ever.
    KeyNameTaken "key_name_taken" "3.3" "A key name is used once, for ever." "Имя ключа используется один раз и навсегда.";
    /// Make a new key: a public key serves one name and one role.
    KeyReused "key_reused" "3.4" "This public key already stands in the ledger under a name." "Этот открытый ключ уже значится в реестре под другим именем.";
    /// Make the name, role and type of the verifier key agree.
    KeyMismatch "key_mismatch" "3.5" "The verifier key does not agree with the name and role given beside it." "Открытый ключ не согласуется с указанными рядом именем и ролью.";
    /// Hosts have a root, a recovery key and a centre.
    RoleNotForHost "role_not_for_host" "3.6" "A host state has no keys of this role." "У принимающего государства нет ключей с такой ролью.";
    /// Name a key that is registered.
    RevocationTargetUnknown "revocation_target_unknown" "3.7" "There is no key of this name to revoke." "Ключа с таким именем, который можно было бы отозвать, нет.";
    /// Nothing to do: it is revoked.
    AlreadyRevoked "already_revoked" "3.7" "The key is revoked already." "Ключ уже отозван.";
    /// Have it signed by those whom the rules name for this kind.
    RoleNotAllowed "role_not_allowed" "4.1" "Records of this kind are signed by others." "Записи этого вида подписывают другие лица.";
    /// Write the party of the first signer.
    PartyMismatch "party_mismatch" "4.2" "The party is not that of the first signer." "Сторона не совпадает со стороной первого подписанта.";
    /// Write the origin of this ledger in line 2, and sign again.
    OriginMismatch "origin_mismatch" "1.1" "The record names another ledger." "Запись относится к другому реестру.";
    /// Take the anchor from a checkpoint of this ledger; if you hold a signed one that disagrees, post it as evidence.
    AnchorUnknown "anchor_unknown" "1.2" "The anchor is not this ledger's root at that size. If you hold a signed checkpoint that says so, keep it: it is evidence." "Якорь не является корнем этого реестра при таком размере. Если у вас есть подписанная контрольная точка с этим корнем, сохраните её: это доказательство.";
    /// Refer to records that are in the log.
    RefUnknown "ref_unknown" "1.3" "A reference names no record of this ledger." "Ссылка не указывает ни на одну запись этого реестра.";
    /// A fact has happened when it is reported.
    FactInFuture "fact_in_future" "1.4" "A fact cannot take effect after the ledger received it." "Факт не может наступить позже его получения реестром.";
    /// Use a slot that the terms have.
    SlotUnknown "slot_unknown" "5.1" "The terms in force have no such slot." "В действующих условиях такого места нет.";
    /// Wait for the designation.
    SlotNotDesignated "slot_not_designated" "5.2" "No site is designated for this slot." "Для этого места объект не назначен.";
    /// Nothing to withdraw.
    NothingToWithdraw "nothing_to_withdraw" "5.3" "There is nothing in force to withdraw." "Нет действующей записи, которую можно было бы отозвать.";
    /// The slot has no host state.
    SlotWithoutHost "slot_without_host" "5.4" "This slot has no host other than the inspected Party." "У этого места нет принимающего государства, отличного от инспектируемой стороны.";
    /// Name the visit in the first reference.
    VisitNotNamed "visit_not_named" "5.5" "A consent to one visit names that visit in its first reference." "Согласие на отдельное посещение указывает это посещение в первой ссылке.";
    /// Give the conditions, and only with the action `condition`.
    ConditionsMismatch "conditions_mismatch" "5.6" "Conditions stand in a conditional consent, and only there." "Условия указываются в условном согласии и только в нём.";
    /// Use each id or uid once.
    ItemRepeated "item_repeated" "6.1" "The same launcher or item stands twice." "Одна и та же пусковая установка или единица указана дважды.";
    /// Use a cell that the launcher has.
    CellUnknown "cell_unknown" "6.2" "The launcher has no such cell." "У пусковой установки нет такой ячейки.";
    /// Declare the slot first.
    NothingDeclared "nothing_declared" "6.3" "There is no declaration of this slot that could change." "Нет заявления по этому месту, которое могло бы измениться.";
    /// Name the visit: the digest of its intent goes first among the references.
    VisitUnknown "visit_unknown" "5.7" "What is named here is not the intent of a visit." "Здесь указано не намерение провести посещение.";
    /// Refer to the record that is answered.
    TargetMissing "target_missing" "5.8" "The references do not name the record that this one is about." "Среди ссылок нет записи, к которой относится эта запись.";
    /// Name inspectors that the list has.
    InspectorUnknown "inspector_unknown" "5.9" "The list that is objected to does not have this inspector." "В списке, против которого заявлено возражение, такого инспектора нет.";
    /// Give every version of a diagram a number of its own.
    DiagramVersion "diagram_version" "5.10" "A diagram carries the version after the newest one." "Схема несёт номер версии, следующий за последним.";
    /// Give the new arrival of a visit, or a new date; not both.
    PostponementDate "postponement_date" "5.11" "A postponement gives either a new arrival, and names the request, or a new date." "Отсрочка указывает либо новое время прибытия, называя запрос, либо новый срок.";
    /// Inspect at most as many as there are.
    CoverageImpossible "coverage_impossible" "6.4" "The coverage says neither nothing nor k of N with k not above N." "Охват должен быть либо не указан, либо указан как k из N, где k не больше N.";
    /// List each photograph, item and ambiguity once.
    ReportRepeats "report_repeats" "6.5" "The same photograph, item or ambiguity stands twice." "Одна и та же фотография, единица или неясность указана дважды.";
    /// Use the declaration of the visited slot.
    DeclarationOther "declaration_other" "6.6" "The report does not rest on a declaration of the visited slot." "Отчёт опирается не на заявление о посещённом месте.";
    /// Put the times in order.
    TimesDisordered "times_disordered" "6.7" "An inspection starts, ends and is reported on in this order, and not in the future." "Инспекция начинается, заканчивается и отражается в отчёте именно в этом порядке и не в будущем.";
    /// List the photograph, too.
    PhotographMissing "photograph_missing" "6.8" "An ambiguity names a photograph that the report does not list." "Неясность ссылается на фотографию, которой нет в отчёте.";
    /// Give comments with comments, a reason with a refusal to sign, and nothing with neither.
    ReceiptIncomplete "receipt_incomplete" "6.9" "A receipt with comments has comments, a declined one has a reason, and no other has either." "К квитанции с замечаниями прилагаются замечания, к отказу – причина, к прочим – ничего.";
    /// Correct the original, and only what can be corrected.
    CorrectionTarget "correction_target" "8.1" "Only a milestone, report, receipt, declaration or data change of this ledger can be corrected, never a correction." "Исправить можно только этап, отчёт, квитанцию, заявление или изменение данных этого реестра, но не исправление.";
    /// Have every side sign that this correction needs.
    CorrectionSigners "correction_signers" "8.2" "Every side that signed the original signs its correction; both Parties do where a time changes, where the record is voided, or where the other side has acknowledged, accepted or contested it." "Исправление подписывают все подписавшие оригинал стороны; обе стороны – если меняется время, если запись аннулируется или если другая сторона её подтвердила, приняла или оспорила.";
    /// Say what changes: a time, a body, or that the record is void.
    CorrectionEmpty "correction_empty" "8.3" "A correction changes the time or gives the body whole, or voids the record and does neither." "Исправление меняет время или приводит тело целиком, либо аннулирует запись и не делает ни того, ни другого.";
    /// Give the body whole, in the form of the original's kind.
    CorrectionBody "correction_body" "8.4" "The body is not one of the original's kind." "Тело не соответствует виду исходной записи.";
    /// An amendment carries the next version.
    TermsVersion "terms_version" "7.1" "An amendment carries the version after the one in force." "Поправка несёт номер версии, следующий за действующим.";
    /// Leave the member out: it stands for good.
    TermsFixed "terms_fixed" "7.2" "This member of the terms cannot be amended." "Этот член условий не может быть изменён поправкой.";
    /// Use the rules that this ledger's programs hold.
    RulesUnknown "rules_unknown" "7.3" "No such version of the rules is known." "Такая версия правил неизвестна.";
    /// Name the last size of the old keys, and with it a new key; no smaller than the log with this amendment.
    LogUntil "log_until" "7.5" "New keys of the ledger come with the last size of the old ones, which is at least that of the log with this amendment." "Новые ключи реестра указываются вместе с последним размером прежних, который не меньше размера журнала с этой поправкой.";
    /// Name slots, kinds and keys that exist.
    TermsInconsistent "terms_inconsistent" "7.4" "The terms contradict themselves." "Условия противоречат сами себе.";
}

impl Refusal {
    /// Whether the record was authentic: the reason lies in what it says, not in its lines and keys.
    pub const fn is_of_content(self) -> bool {
        !matches!(
            self,
            Refusal::SignatureMissing
                | Refusal::SignatureSurplus
                | Refusal::SignatureDoubled
                | Refusal::SignatureInvalid
                | Refusal::ClerkLinePresent
                | Refusal::KeyUnknown
                | Refusal::KeyRevoked
        )
    }
}

/// A refusal, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The reason.
    pub refusal: Refusal,
    /// An RFC 6901 pointer into the record's JSON; empty where the fault lies outside it.
    pub pointer: String,
    /// What was found: a name, a number, a word. Empty where there is nothing to add.
    pub got: String,
}

impl Refused {
    /// A refusal about the value at `pointer`.
    pub fn new(refusal: Refusal, pointer: impl Into<String>, got: impl Into<String>) -> Refused {
        Refused { refusal, pointer: pointer.into(), got: got.into() }
    }

    /// The sentence for people, with what was found.
    pub fn words(&self) -> Words {
        let words = self.refusal.words();
        if self.got.is_empty() {
            return words;
        }
        Words::new(format!("{} ({})", words.en, self.got), format!("{} ({})", words.ru, self.got))
    }
}
