//! Which characters may stand in a signed text.
//!
//! Letters, marks, digits, punctuation, symbols and the space: what people can see and any printer can print. Refused
//! are characters that act unseen (controls, bidirectional marks, joiners and other format characters, line and
//! paragraph separators, variation selectors, tags, fillers) and what has no agreed meaning (private use,
//! noncharacters, code points that Unicode 15.0 had not assigned).
//!
//! Deliberately absent: look-alikes of different alphabets. They are visible text, and shown as such.

use unicode_normalization::{IsNormalized, is_nfc, is_nfc_quick};

use super::Flaw;
use super::unicode15::ASSIGNED;

/// The flaw of a character, if it has one. The line feed is judged by the reader.
pub(super) fn flaw_of(c: char) -> Option<Flaw> {
    match c {
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{377}' | '\u{400}'..='\u{52f}' if c != '\u{34f}' => None,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some(Flaw::Control),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Flaw::Bidi),
        _ if is_invisible(c) => Some(Flaw::Invisible),
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => Some(Flaw::Unassigned),
        _ if !is_assigned(c) => Some(Flaw::Unassigned),
        _ => None,
    }
}

/// Format characters, separators other than the space, fillers and selectors: what leaves no mark of its own.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{202f}'
        | '\u{205f}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3000}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether Unicode 15.0 had assigned the character (noncharacters are assigned to nobody).
pub(super) fn is_assigned(c: char) -> bool {
    let code = u32::from(c);
    if code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code) {
        return false;
    }
    match ASSIGNED.binary_search_by_key(&code, |&(first, _)| first) {
        Ok(_) => true,
        Err(0) => false,
        Err(after) => ASSIGNED.get(after - 1).is_some_and(|&(_, last)| code <= last),
    }
}

/// Whether a text is in normalization form C. Most texts are seen to be at a glance.
pub(super) fn is_normalized(text: &str) -> bool {
    // Below U+0300 and in the basic Cyrillic letters nothing composes.
    let plain = |c: char| {
        c < '\u{300}'
            || ('\u{400}'..='\u{482}').contains(&c)
            || ('\u{2010}'..='\u{2027}').contains(&c)
            || ('\u{48a}'..='\u{52f}').contains(&c)
    };
    if text.chars().all(plain) {
        return true;
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => is_nfc(text),
    }
}
