//! Lines of iCalendar (RFC 5545): their ends, their length, and what may stand in a text.
//!
//! Invariants: a line has at most 75 octets before its CRLF and is never folded inside a character; a text can neither
//! end its line nor begin another property.
//!
//! Deliberately absent: properties with parameters, time zones, and everything that is read.

/// Octets of a line at most, without its end.
const WIDTH: usize = 75;

/// A calendar that is being written.
#[derive(Debug, Default)]
pub struct Lines(String);

impl Lines {
    /// A property whose value has a form of its own: a time, an address, a word.
    pub fn put(&mut self, name: &str, value: &str) {
        let mut width = 0;
        for character in format!("{name}:{value}").chars().filter(|character| !character.is_control()) {
            if width + character.len_utf8() > WIDTH {
                self.0.push_str("\r\n ");
                width = 1; // the space belongs to the line
            }
            self.0.push(character);
            width += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// A property whose value is text, which may have several lines.
    pub fn text(&mut self, name: &str, value: &str) {
        let value = value.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n");
        self.put(name, &value);
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// A time of the ledger's one spelling, as a calendar has it: without marks.
pub fn time(instant: &str) -> String {
    instant.replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_at_its_width_and_never_inside_a_character() {
        let mut lines = Lines::default();
        lines.text("SUMMARY", &"Ж".repeat(200));
        let text = lines.into_text();
        let (whole, rows) = (text.replace("\r\n ", ""), text.split_terminator("\r\n"));
        assert_eq!(whole, format!("SUMMARY:{}\r\n", "Ж".repeat(200)));
        let widths: Vec<usize> = rows.map(str::len).collect();
        // 8 octets of the name and 33 letters of two; a space and 37 letters; and the rest.
        assert_eq!(widths, [74, 75, 75, 75, 75, 39]);
        let mut exact = Lines::default();
        exact.put("X", &"a".repeat(73));
        exact.put("X", &"a".repeat(74));
        assert_eq!(exact.into_text(), format!("X:{0}\r\nX:{0}\r\n a\r\n", "a".repeat(73)));
    }

    #[test]
    fn a_text_ends_no_line_and_begins_no_property() {
        let mut lines = Lines::default();
        lines.text("SUMMARY", "a;b,c\\d\nEND:VEVENT\r\u{7}e");
        assert_eq!(lines.into_text(), "SUMMARY:a\\;b\\,c\\\\d\\nEND:VEVENTe\r\n");
        assert_eq!(time("2026-03-05T12:00:00Z"), "20260305T120000Z");
    }
}
