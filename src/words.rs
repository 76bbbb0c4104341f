//! A sentence for people, in both working languages.
//!
//! Every text that Countersign itself shows to a person (faults, refusals, problems, verdicts) exists in English and
//! in Russian, and both are written side by side where the text is made, so that neither can be forgotten.
//! Codes, never sentences, are what programs compare.
//!
//! Deliberately absent: any look-up by key, and any third language. Signed records carry their own texts.

use std::borrow::Cow;
use std::fmt;

/// A language that Countersign answers in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

/// One sentence in English and in Russian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The English sentence.
    pub en: Cow<'static, str>,
    /// The Russian sentence.
    pub ru: Cow<'static, str>,
}

impl Words {
    /// A sentence that needs no parameter.
    pub const fn fixed(en: &'static str, ru: &'static str) -> Words {
        Words { en: Cow::Borrowed(en), ru: Cow::Borrowed(ru) }
    }

    /// A sentence that was put together from parts.
    pub fn new(en: impl Into<Cow<'static, str>>, ru: impl Into<Cow<'static, str>>) -> Words {
        Words { en: en.into(), ru: ru.into() }
    }

    /// The sentence in one language.
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Ru => &self.ru,
        }
    }
}

/// Shows the English sentence: this is what reaches logs and Rust errors.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}
