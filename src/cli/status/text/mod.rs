//! A status as people read it: a page of plain text, at most [`WIDTH`] characters wide.
//!
//! Invariants: a pure function of the answer and the language; states, kinds and statuses keep their words in every
//! language; every column is counted in characters, so that Cyrillic stands as straight as Latin.
//!
//! Deliberately absent: any computation, and any colour.

use serde_json::Value;

use crate::treaty::obligation::State;
use crate::words::Lang;

/// The greatest width of a line, in characters.
pub const WIDTH: usize = 100;
/// The views, in the order of the columns.
const VIEWS: [&str; 3] = ["US", "RU", "UNDISPUTED"];

/// The page for an answer with all views.
pub fn table(answer: &Value, lang: Lang) -> String {
    let mut page = Page { answer, lang, text: String::new() };
    page.head();
    page.pair();
    page.obligations();
    page.clocks();
    page.claims();
    page.counts();
    page.absence();
    page.words();
    page.text
}

/// A page that is being written.
struct Page<'a> {
    answer: &'a Value,
    lang: Lang,
    text: String,
}

impl<'a> Page<'a> {
    fn say(&self, en: &'static str, ru: &'static str) -> &'static str {
        match self.lang {
            Lang::En => en,
            Lang::Ru => ru,
        }
    }

    /// A line; what is too long for it goes on in the next one, between words.
    fn line(&mut self, line: &str) {
        let indent = line.chars().take_while(|c| *c == ' ').count();
        let mut rest = line.trim_end().to_owned();
        while rest.chars().count() > WIDTH {
            let end = rest.char_indices().nth(WIDTH).map_or(rest.len(), |(at, _)| at);
            let cut = rest.get(..end).and_then(|fits| fits.rfind(' ')).filter(|cut| *cut > indent).unwrap_or(end);
            let (fits, more) = rest.split_at(cut);
            self.text.push_str(fits.trim_end());
            self.text.push('\n');
            rest = format!("{}{}", " ".repeat(indent + 2), more.trim_start());
        }
        self.text.push_str(&rest);
        self.text.push('\n');
    }

    fn title(&mut self, en: &'static str, ru: &'static str) {
        self.text.push('\n');
        let title = self.say(en, ru);
        self.line(title);
    }

    fn view(&self, view: &str) -> &'a Value {
        &self.answer["views"][view]
    }

    fn rows(&self, view: &str, name: &str) -> &'a [Value] {
        self.view(view)[name].as_array().map_or(&[], Vec::as_slice)
    }

    fn shared(&self, name: &str) -> &'a [Value] {
        self.answer[name].as_array().map_or(&[], Vec::as_slice)
    }

    fn head(&mut self) {
        let of = |name: &str| text(&self.answer[name]).to_owned();
        let (as_of, known_at, period) = (of("as_of"), of("known_at"), of("period"));
        let line = match self.lang {
            Lang::En => format!("As of {as_of}, as known at {known_at}, for {period}"),
            Lang::Ru => format!("На {as_of}, по известному на {known_at}, за {period} год"),
        };
        self.line(&line);
        if let Some(root) = self.answer["checkpoint"]["root"].as_str() {
            let size = &self.answer["checkpoint"]["size"];
            let line = format!("{} {size} {root}", self.say("Checkpoint", "Контрольная точка"));
            self.line(&line);
        }
    }

    fn pair(&mut self) {
        self.text.push('\n');
        let grades = self.say("grades", "оценки");
        for view in VIEWS {
            let answer = self.view(view);
            let (status, sides) = (text(&answer["pair"]["status"]), &answer["sides"]);
            let (us, ru) = (text(&sides["US"]["grade"]), text(&sides["RU"]["grade"]));
            let line = format!("{}{}{grades}: US {us}, RU {ru}", cell(view, 12), cell(status, 38));
            self.line(&line);
        }
    }

    /// One row an obligation, one column a view.
    fn obligations(&mut self) {
        let period = text(&self.answer["period"]);
        let rows = self.merged();
        let as_of = text(&self.answer["as_of"]);
        let waits = |row: &Merged<'_>, state: &str| state == "DORMANT" && text(&row.any["due_at"]) > as_of;
        let is_open = |row: &Merged<'_>| {
            row.states().any(|state| !State::from_word(state).is_some_and(State::is_final) || waits(row, state))
        };
        let (open, settled): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_open);
        let of_period = |row: &Merged<'_>| row.any["graded"] == true && text(&row.any["period"]) == period;
        let settled: Vec<_> = settled.into_iter().filter(of_period).collect();
        self.title("Not settled", "Не завершено");
        self.matrix(&open);
        self.title("Settled, and graded", "Завершено и оценивается");
        self.matrix(&settled);
        let note = self.say(
            "- not graded   ! disputed   a row: kind, slot, who owes whom, due, state in each view",
            "- не оценивается   ! оспаривается   строка: вид, место, кто кому, срок, состояние в каждой точке зрения",
        );
        self.line(note);
    }

    /// Every obligation that exists in some view, in the order of the answer.
    fn merged(&self) -> Vec<Merged<'a>> {
        let mut rows: Vec<Merged<'a>> = Vec::new();
        for (column, view) in VIEWS.into_iter().enumerate() {
            for row in self.rows(view, "obligations") {
                match rows.iter_mut().find(|merged| merged.any["id"] == row["id"]) {
                    Some(merged) => merged.views[column] = Some(row),
                    None => {
                        let mut views = [None; 3];
                        views[column] = Some(row);
                        rows.push(Merged { any: row, views });
                    }
                }
            }
        }
        rows
    }

    fn matrix(&mut self, rows: &[Merged<'_>]) {
        if rows.is_empty() {
            let nothing = self.say("  nothing", "  ничего");
            return self.line(nothing);
        }
        let head = format!("  {}{}{}{}", cell("", 43), cell("US", 18), cell("RU", 18), "UNDISPUTED");
        self.line(&head);
        for row in rows {
            let line = row.line();
            self.line(&line);
        }
    }

    fn clocks(&mut self) {
        self.title("Open clocks", "Идущие сроки");
        let next = self.rows("UNDISPUTED", "next");
        for clock in next {
            let left = self.left(clock["seconds_left"].as_i64().unwrap_or_default());
            let line = format!("  {}  {}{left}", text(&clock["due_at"]), cell(&short(text(&clock["obligation"])), 40));
            self.line(&line);
        }
        self.nothing(next.is_empty());
    }

    fn nothing(&mut self, is_empty: bool) {
        if is_empty {
            let nothing = self.say("  nothing", "  ничего");
            self.line(nothing);
        }
    }

    /// Time left, in days, hours and minutes.
    fn left(&self, seconds: i64) -> String {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match self.lang {
            Lang::En => format!("{days} d {hours:02} h {minutes:02} min left"),
            Lang::Ru => format!("осталось {days} сут {hours:02} ч {minutes:02} мин"),
        }
    }

    fn claims(&mut self) {
        self.title("Live claims", "Действующие заявления");
        let claims = self.rows("UNDISPUTED", "standing");
        for claim in claims {
            let slots: Vec<&str> = claim["slots"].as_array().into_iter().flatten().map(text).collect();
            let by = claim["answered_by"].as_str().map_or_else(String::new, |by| format!(" · {}", short(by)));
            let line = format!(
                "  {}{}{}{}{}{by}",
                cell(text(&claim["party"]), 4),
                cell(text(&claim["kind"]), 16),
                cell(&slots.join(" "), 12),
                cell(&short(text(&claim["claim"])), 16),
                text(&claim["answer"]),
            );
            self.line(&line);
            for cite in claim["cites"].as_array().into_iter().flatten() {
                let cites = self.say("cites", "ссылается на");
                let line = format!("    {cites} {}: {}", short(text(&cite["obligation"])), text(&cite["state"]));
                self.line(&line);
            }
        }
        self.nothing(claims.is_empty());
    }

    fn counts(&mut self) {
        self.title("Visits: quota, used, reserved, left", "Визиты: квота, использовано, занято, осталось");
        let period = text(&self.answer["period"]);
        for quota in self.shared("quota").iter().filter(|quota| text(&quota["period"]) == period) {
            let of = |name: &str| quota[name].as_u64().unwrap_or_default();
            let (all, used) = (of("distributed"), of("used"));
            let line = format!(
                "  {}{all:>4}{used:>4}{:>4}{:>4}",
                cell(text(&quota["slot"]), 4),
                of("reserved"),
                of("remaining")
            );
            self.line(&line);
        }
        let sides = |value: &Value| format!("US {}, RU {}", value["US"], value["RU"]);
        let denials = self.say("Denials", "Отказы");
        let line = format!("  {denials}: {}", sides(&self.answer["denials"]));
        self.line(&line);
        let completed = self.say("Visits carried out", "Состоявшиеся визиты");
        let line = format!("  {completed}: {}", sides(&self.answer["exercise"]["completed"]));
        self.line(&line);
    }

    fn absence(&mut self) {
        self.title("Findings of absence", "Выводы об отсутствии");
        let found = self.shared("absence");
        for finding in found {
            let (since, until) = (text(&finding["since"]), text(&finding["valid_until"]));
            let ended = finding["invalidated_by"].as_str();
            let ended =
                ended.map_or_else(String::new, |by| format!(" · {} {}", self.say("ended by", "прервано"), short(by)));
            let line = format!("  {}{since} – {until}{ended}", cell(text(&finding["slot"]), 4));
            self.line(&line);
        }
        self.nothing(found.is_empty());
        if let Some(oldest) = self.answer["ambiguity"]["oldest"].as_str() {
            let (label, at) =
                (self.say("Oldest ambiguity", "Старейшая неясность"), &self.answer["ambiguity"]["raised_at"]);
            let line = format!("  {label}: {}, {}", short(oldest), text(at));
            self.line(&line);
        }
    }

    /// The sentences, where the answer has them.
    fn words(&mut self) {
        let lang = self.say("en", "ru");
        let sentences = VIEWS.map(|view| self.view(view)["words"][lang].as_str());
        for sentence in sentences.into_iter().flatten() {
            self.text.push('\n');
            self.line(sentence);
        }
    }
}

/// An obligation, as it stands in each view.
struct Merged<'a> {
    any: &'a Value,
    views: [Option<&'a Value>; 3],
}

impl<'a> Merged<'a> {
    fn states(&self) -> impl Iterator<Item = &'a str> {
        self.views.into_iter().flatten().map(|row| text(&row["state"]))
    }

    fn line(&self) -> String {
        let row = self.any;
        let graded = if row["graded"] == true { " " } else { "-" };
        let due = text(&row["due_at"]).get(..16).unwrap_or_default().replace('T', " ");
        let from = format!("{}→{}", text(&row["obligor"]), text(&row["holder"]));
        let slot = row["slot"].as_str().unwrap_or("-");
        let [us, ru, both] = self.views.map(state);
        format!(
            "  {graded}{}{}{}{}{}{}{both}",
            cell(text(&row["kind"]), 12),
            cell(slot, 4),
            cell(&from, 9),
            cell(&due, 17),
            cell(&us, 18),
            cell(&ru, 18)
        )
    }
}

/// A state, with a mark where it is disputed; a dash where the obligation does not exist in the view.
fn state(row: Option<&Value>) -> String {
    let Some(row) = row else { return "–".to_owned() };
    let disputed = if row["flags"]["disputed"] == true { " !" } else { "" };
    format!("{}{disputed}", text(&row["state"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text in a column of so many characters, the last of which stay free.
fn cell(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length < width {
        return format!("{text}{}", " ".repeat(width - length));
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    format!("{kept}… ")
}

/// A name with its digests cut to eight digits.
fn short(name: &str) -> String {
    let mut parts = name.split("sha256:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        shown.push_str(part.get(..digits.min(8)).unwrap_or_default());
        shown.push_str(part.get(digits..).unwrap_or_default());
    }
    shown
}

#[cfg(test)]
mod tests;
