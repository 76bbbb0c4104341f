//! Strict JSON, read with positions.
//!
//! What two states sign must mean one thing to every program that reads it. Ordinary JSON does not: duplicate names,
//! large and fractional numbers, invisible characters and unequal spellings of one letter are read differently by
//! different programs. So records are read by this reader alone, and it refuses whatever could be read in two ways:
//!
//! - the text is one object and one final line feed; between tokens only spaces and line feeds, no empty line (nor one before the object);
//! - numbers are integers within ±(2^53 − 1), without leading zeros, without `-0`; there is no `null`;
//! - names of members are ASCII, and stand once in an object, at any depth;
//! - strings are in normalization form C, before and after their escapes are read, and have no control, bidirectional or
//!   invisible characters, no private use, and nothing that Unicode 15.0 did not assign; an escape gives only what could
//!   stand there itself, save `\n`, which may stand in free text (members that are not free text refuse it where they
//!   are declared);
//! - objects and arrays are nested at most 16 deep.
//!
//! [`read`] notes every such fault with its RFC 6901 pointer and line and goes on, so that a sender learns all at once;
//! only a fault of syntax ends it, because nothing certain follows.
//!
//! ```
//! use countersign::json::{Value, read};
//! let reading = read("{\"a\": 1, \"b\": [true, 1.5, 2]}\n");
//! assert_eq!(reading.faults.len(), 1);
//! assert_eq!((reading.faults[0].code, reading.faults[0].pointer.as_str()), ("number_not_integer", "/b/1"));
//! ```
//!
//! Deliberately absent: writing. The bytes that were signed are the record; nothing is ever serialized again.

mod chars;
mod number;
mod reader;
#[cfg(test)]
mod tests;
mod unicode15;

use std::borrow::Cow;

use crate::words::Words;

/// The greatest depth of nesting.
pub const MAX_DEPTH: usize = 16;
/// The greatest number of faults that are noted.
pub const MAX_FAULTS: usize = 64;
/// The greatest integer; the least is its negative (the range that every JSON program holds exactly).
pub const MAX_INT: i64 = (1 << 53) - 1;

/// A value that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// An integer within ±(2^53 − 1).
    Int(i64),
    /// A string, after its escapes.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object, in the order in which it stands.
    Object(Vec<Member<'a>>),
    /// A fault was noted here; whoever reads on says nothing more about this value.
    Faulty,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// The line on which its name stands, from 1.
    pub line: u32,
    /// Its value.
    pub value: Value<'a>,
}

/// Something that may not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// An RFC 6901 pointer to the value that it is about.
    pub pointer: String,
    /// The line of the text, from 1.
    pub line: u32,
    /// The stable code.
    pub code: &'static str,
    /// For people.
    pub detail: Words,
}

/// What was read, and every fault that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The object; `None` after a fault of syntax.
    pub value: Option<Value<'a>>,
    /// The faults, in the order of the text.
    pub faults: Vec<Fault>,
}

/// Reads a whole text: one object and one line feed.
pub fn read(text: &str) -> Reading<'_> {
    reader::read(text)
}

macro_rules! flaws {
    ($($(#[doc = $doc:literal])+ $name:ident $code:literal $en:literal $ru:literal;)*) => {
        /// What can be wrong with a text as JSON. The code is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Flaw { $($(#[doc = $doc])+ $name,)* }

        impl Flaw {
            /// Every flaw.
            pub const ALL: &[Flaw] = &[$(Flaw::$name,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Flaw::$name => $code,)* }
            }

            /// The sentence for people.
            pub const fn words(self) -> Words {
                match self { $(Flaw::$name => Words::fixed($en, $ru),)* }
            }
        }
    };
}

flaws! {
    /// Something else than JSON stands here; reading ends.
    Syntax "json_syntax" "This is not JSON." "Это не JSON.";
    /// The text ends in the middle of a value; reading ends.
    UnexpectedEnd "json_unexpected_end" "The text ends in the middle of a value." "Текст обрывается посреди значения.";
    /// The text is not one object.
    NotAnObject "json_not_an_object" "The text must be one JSON object." "Текст должен быть одним объектом JSON.";
    /// Something stands after the object.
    Trailing "json_trailing" "Something stands after the object." "После объекта стоит что-то ещё.";
    /// The text does not end with one line feed.
    NoFinalLineFeed "json_no_final_line_feed" "The text must end with one line feed." "Текст должен заканчиваться одним переводом строки.";
    /// A tab, carriage return or other space between tokens.
    Whitespace "json_whitespace" "Only spaces and line feeds may stand between values." "Между значениями допустимы только пробелы и переводы строки.";
    /// An empty line.
    EmptyLine "json_empty_line" "An empty line may not stand in a record." "В записи не может быть пустой строки.";
    /// `null`.
    Null "json_null" "There is no null: leave the member out." "Значения null нет: опустите этот член.";
    /// A fraction or an exponent.
    NotInteger "number_not_integer" "Numbers are integers, without fraction or exponent." "Числа только целые, без дробной части и порядка.";
    /// A number beyond ±(2^53 − 1).
    OutOfRange "number_out_of_range" "The number is beyond 2^53 − 1." "Число выходит за пределы 2^53 − 1.";
    /// A leading zero, `-0`, or a plus sign.
    NumberSpelling "number_spelling" "A number has no leading zero, no plus sign, and zero no sign." "У числа нет ведущего нуля и знака плюс, у нуля нет знака.";
    /// A name that stands twice in one object.
    Duplicate "duplicate_name" "The same name stands twice in this object." "Одно и то же имя стоит в объекте дважды.";
    /// A name with other characters than ASCII letters, digits and `. _ / -`.
    Name "member_name" "A member name has ASCII letters, digits and . _ / - only, at most 64." "Имя члена состоит из латинских букв, цифр и знаков . _ / -, не более 64.";
    /// An escape that JSON does not have; reading ends.
    Escape "string_escape" "This escape does not exist in JSON." "Такой экранированной последовательности в JSON нет.";
    /// Half of a surrogate pair.
    Surrogate "string_surrogate" "An escape gives half of a surrogate pair." "Экранирование даёт половину суррогатной пары.";
    /// A control character.
    Control "string_control" "A control character may not stand in a text." "Управляющий символ в тексте недопустим.";
    /// A character that changes the direction of writing.
    Bidi "string_bidi" "A character that changes the direction of writing may not stand in a text." "Символ, меняющий направление письма, в тексте недопустим.";
    /// A character that nobody can see.
    Invisible "string_invisible" "An invisible character may not stand in a text." "Невидимый символ в тексте недопустим.";
    /// Private use, a noncharacter, or not assigned in Unicode 15.0.
    Unassigned "string_unassigned" "Unicode 15.0 has not assigned this character for interchange." "Этот символ не назначен в Юникоде 15.0 для обмена.";
    /// Not in normalization form C.
    NotNfc "string_not_nfc" "The text is not in Unicode normalization form C." "Текст не в нормальной форме C Юникода.";
    /// Nested too deep.
    TooDeep "too_deep" "Values may be nested 16 deep." "Допустимая вложенность значений: 16.";
    /// More faults than are noted.
    TooManyFaults "too_many_faults" "There are more faults than are listed." "Ошибок больше, чем перечислено.";
}
