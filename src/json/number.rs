//! How numbers may be spelled.
//!
//! A record holds integers alone, each in one spelling. What JSON allows beyond that (fractions, exponents, `-0`) and what
//! people write (a plus sign, leading zeros) is told apart from what is no number at all, so that the sender learns which.
//!
//! Deliberately absent: the value and its range.

/// How a run of characters is spelled as a number.
pub(super) enum NumberForm {
    /// It is none.
    Not,
    /// With a fraction or an exponent.
    Fraction,
    /// An integer with a plus sign or leading zeros, or `-0`.
    Odd,
    /// An integer as it should be.
    Integer,
}

impl NumberForm {
    /// The form of a run of characters that begins like a number.
    pub(super) fn of(text: &str) -> NumberForm {
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
        let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
        let exponent = exponent.map(|e| e.strip_prefix(['-', '+']).unwrap_or(e));
        if !all_digits(whole) || !fraction.is_none_or(all_digits) || !exponent.is_none_or(all_digits) {
            NumberForm::Not
        } else if fraction.is_some() || exponent.is_some() {
            NumberForm::Fraction
        } else if (whole.len() > 1 && whole.starts_with('0')) || text == "-0" || text.starts_with('+') {
            NumberForm::Odd
        } else {
            NumberForm::Integer
        }
    }
}
