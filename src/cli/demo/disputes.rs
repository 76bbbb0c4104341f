//! What the two sides of a demonstration dispute in their first year, and how each quarrel ends.
//!
//! Every status that a pair can have occurs on some day, in some view; `docs/reciprocity.md` says what each means. No
//! default is left standing but the last one, which nobody has answered.
//!
//! Deliberately absent: who is right.

use serde_json::{Value, json};

use super::story::{DAY, HOUR, Story, text};
use super::visit::{Visit, Visited, intent};
use crate::hash::Hash;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;

/// A body that gives only a reason.
fn because(en: &str, ru: &str) -> Value {
    json!({ "reason": text(en, ru) })
}

/// Both sides move an arrival.
fn postponed(story: &mut Story<'_>, at: &str, intent: Hash, to: &str) -> anyhow::Result<Hash> {
    let eta = story.time(to)?.to_string();
    story.jointly(at, Kind::Postponement, &[intent], json!({ "eta": eta }))
}

/// March: snow closes the airfield in Romania. Nobody doubts it; the visit takes place a week later.
pub fn snow(story: &mut Story<'_>, visit: &Visit, declaration: Hash) -> anyhow::Result<Visited> {
    let asked = visit.ask(story, 2 * DAY, None)?;
    let reason = because("A blizzard has closed the airfield and the road", "Метель закрыла аэродром и дорогу");
    let claim = story.notify("03-02T12:00", Kind::ForceMajeure, Party::Us, &[asked], reason)?;
    story.answer("03-02T16:00", Kind::Acceptance, Party::Ru, &[claim], json!({}))?;
    postponed(story, "03-04T10:00", asked, "03-09T09:00")?;
    let open = because("The airfield is open", "Аэродром открыт");
    story.notify("03-05T09:00", Kind::Lift, Party::Us, &[claim], open)?;
    visit.carry_out(story, asked, declaration)
}

/// Later in March: procedures at home are said to be incomplete. The other side does not take that for force majeure.
pub fn procedures(story: &mut Story<'_>, visit: &Visit, declaration: Hash) -> anyhow::Result<Visited> {
    let asked = visit.ask(story, 2 * DAY, None)?;
    let reason = because(
        "The procedures that ensure the legal implementation are incomplete",
        "Процедуры, обеспечивающие правовую реализацию, не завершены",
    );
    let claim = story.notify("03-23T10:00", Kind::ForceMajeure, Party::Ru, &[asked], reason)?;
    let mut no = because(
        "Procedures of a state are within its own control",
        "Процедуры государства находятся под его собственным контролем",
    );
    no["action"] = "claim".into();
    story.answer("03-23T18:00", Kind::Contest, Party::Us, &[claim], no)?;
    postponed(story, "03-27T12:00", asked, "03-31T06:00")?;
    let complete = because("The procedures are complete", "Процедуры завершены");
    story.notify("03-28T09:00", Kind::Lift, Party::Ru, &[claim], complete)?;
    visit.carry_out(story, asked, declaration)
}

/// May: an urgent question is not answered, a visit is withheld for it, and the answer comes after all.
pub fn no_answer(story: &mut Story<'_>) -> anyhow::Result<()> {
    let question = json!({
        "urgency": "urgent", "slot": "B1",
        "text": text(
            "Where is the eighth item that is declared in store 1?",
            "Где находится восьмое изделие, заявленное в хранилище 1?",
        ),
    });
    let question = story.notify("05-06T09:00", Kind::ClarificationRequest, Party::Us, &[], question)?;
    story.on("05-10T08:00")?;
    let eta = story.time("05-12T08:00")?;
    let asked =
        story.notify("05-10T08:00", Kind::Intent, Party::Ru, &[], intent("A1", eta, &["RU-I-01", "RU-I-02"]))?;
    story.later(4 * HOUR)?;
    let consent = json!({ "scope": "visit", "slot": "A1", "action": "give" });
    story.centre(Kind::HostConsent, Party::Ro, &[asked], consent)?;
    let measure = json!({
        "cites": [format!("CLARIFY:{question}:B1")],
        "reason": text("The question of 6 May is not answered", "На вопрос от 6 мая нет ответа"),
        "lifting_condition": text("An answer to it", "Ответ на него"),
    });
    let measure = story.notify("05-11T09:00", Kind::Countermeasure, Party::Us, &[asked], measure)?;
    let mut no = because("A visit is not owed in exchange for an answer", "Визит не является платой за ответ");
    no["action"] = "claim".into();
    story.answer("05-11T15:00", Kind::Contest, Party::Ru, &[measure], no)?;
    let reply = json!({ "text": text(
        "It is away for maintenance; a data change follows",
        "Оно находится на обслуживании; уведомление последует",
    ) });
    let reply = story.answer("05-14T10:00", Kind::ClarificationReply, Party::Ru, &[question], reply)?;
    story.answer("05-14T16:00", Kind::Acceptance, Party::Us, &[reply], json!({}))?;
    let met = because("The condition is met", "Условие выполнено");
    story.notify("05-15T09:00", Kind::Lift, Party::Us, &[measure], met)?;
    let later = because("A new request will be made in July", "Новый запрос будет направлен в июле");
    story.notify("05-15T14:00", Kind::Cancellation, Party::Ru, &[asked], later)?;
    Ok(())
}

/// July: access stands open, and the team does not come. The request is withdrawn; another one follows.
pub fn nobody_came(story: &mut Story<'_>) -> anyhow::Result<()> {
    let eta = story.time("07-14T08:00")?;
    let asked =
        story.notify("07-12T08:00", Kind::Intent, Party::Ru, &[], intent("A1", eta, &["RU-I-01", "RU-I-03"]))?;
    story.later(4 * HOUR)?;
    let consent = json!({ "scope": "visit", "slot": "A1", "action": "give" });
    story.centre(Kind::HostConsent, Party::Ro, &[asked], consent)?;
    let reason =
        because("The escort waited at the point of entry for a day", "Сопровождающие ждали в пункте въезда сутки");
    let offered = story.notify("07-15T12:00", Kind::AccessOffered, Party::Us, &[asked], reason)?;
    story.answer("07-16T09:00", Kind::Acceptance, Party::Ru, &[offered], json!({}))?;
    let unfit = because("The aircraft was not fit to fly", "Самолёт был неисправен");
    story.notify("07-18T09:00", Kind::Cancellation, Party::Ru, &[asked], unfit)?;
    Ok(())
}

/// August: one paper, two readings. While the capitals exchange notes, the base lets the team in without prejudice to
/// the claim; what leader and escort signed there comes by courier, four days later.
pub fn two_readings(story: &mut Story<'_>, visit: &Visit, declaration: Hash) -> anyhow::Result<Visited> {
    let mut exempt = because(
        "Flights and visas do not give both sides the same conditions; the bases are temporarily exempt",
        "Условия полётов и виз для сторон неравны; базы временно изъяты из-под инспекций",
    );
    exempt["slots"] = json!(["B1", "B2"]);
    let exempt = story.notify("08-08T10:00", Kind::Exemption, Party::Ru, &[], exempt)?;
    let asked = visit.ask(story, 2 * DAY, None)?;
    let mut no = because("The clause does not cover this", "Данное положение на это не распространяется");
    no["action"] = "claim".into();
    story.answer("08-11T09:00", Kind::Contest, Party::Us, &[exempt], no)?;
    story.open_bag();
    let visited = visit.carry_out(story, asked, declaration)?;
    story.on("08-16T09:00")?;
    story.deliver()?;
    let settled = json!({ "action": "withdraw", "reason": text("The visit took place", "Визит состоялся") });
    story.answer("08-25T10:00", Kind::Contest, Party::Us, &[exempt], settled)?;
    let flights = because("Flights are agreed", "Вопрос о полётах согласован");
    story.notify("09-01T10:00", Kind::Lift, Party::Ru, &[exempt], flights)?;
    Ok(visited)
}

/// September: one side suspends, then the other. They meet, and lift one after the other.
pub fn suspended(story: &mut Story<'_>) -> anyhow::Result<()> {
    let reason = because("The conditions of the agreement have changed", "Условия соглашения изменились");
    let first = story.notify("09-24T10:00", Kind::Suspension, Party::Ru, &[], reason)?;
    let reason = because("As long as the other side does", "На то же время, что и другая сторона");
    let second = story.notify("09-29T10:00", Kind::Suspension, Party::Us, &[], reason)?;
    let meet = json!({ "text": text("On the way back to visits", "О возвращении к визитам") });
    let meet = story.notify("10-01T10:00", Kind::ConsultationRequest, Party::Us, &[], meet)?;
    let agreed = text("Both lift; visits go on step by step", "Обе стороны отменяют; визиты возобновляются поэтапно");
    story.jointly("10-07T15:00", Kind::JointStatement, &[meet], json!({ "text": agreed }))?;
    let as_agreed = || because("As agreed on 7 October", "Как согласовано 7 октября");
    story.notify("10-08T09:00", Kind::Lift, Party::Ru, &[first], as_agreed())?;
    story.notify("10-09T09:00", Kind::Lift, Party::Us, &[second], as_agreed())?;
    Ok(())
}

/// October: a visit that both move by five days, and one in return that waits for it.
pub fn step_by_step(story: &mut Story<'_>, visits: [&Visit; 2], declared: [Hash; 2]) -> anyhow::Result<()> {
    let [first, second] = visits;
    let asked = first.ask(story, 2 * DAY, None)?;
    postponed(story, "10-13T14:00", asked, "10-20T05:00")?;
    let in_return = second.ask(story, 4 * DAY, Some(asked))?;
    first.carry_out(story, asked, declared[0])?;
    second.carry_out(story, in_return, declared[1])?;
    Ok(())
}

/// November: a question that stays without an answer.
pub fn open_question(story: &mut Story<'_>) -> anyhow::Result<()> {
    let question = json!({
        "urgency": "routine", "slot": "A1",
        "text": text(
            "Which software was loaded into the launchers on 8 June?",
            "Какое программное обеспечение загружено в пусковые установки 8 июня?",
        ),
    });
    story.notify("11-04T09:00", Kind::ClarificationRequest, Party::Ru, &[], question)?;
    Ok(())
}
