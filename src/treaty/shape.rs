//! How a member of a record is declared once and read strictly.
//!
//! A [`Shape`] is a type that knows how to read itself from the strict JSON of [`crate::json`], and how to describe
//! itself. The macro [`body!`](crate::body) turns one declaration of a body (member, type, documentation) into a Rust
//! struct, its reader and its [`Schema`]; the documentation and, later, machine-readable descriptions are made from
//! that same schema, so that they cannot disagree with what is enforced.
//!
//! Invariants:
//! - Reading never stops at the first fault: every member is read, and each fault carries the RFC 6901 pointer of the
//!   value that it is about.
//! - A member that no declaration names is a fault, at any depth.
//!
//! Deliberately absent: rules that need more than the one value (they are in each kind's `admit`), and what a
//! character or a number may be at all (that is [`crate::json`]).

use crate::hash::Hash;
use crate::json::{Fault, Member, Value};
use crate::words::Words;

/// Where in the document a value stands: a path on the stack, spelled out only when a fault needs it.
#[derive(Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
    line: u32,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Name(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    /// The whole document, which begins at `line` of the text.
    pub const fn root(line: u32) -> At<'static> {
        At { parent: None, step: Step::Root, line }
    }

    /// The member `name` of the object that stands here.
    pub fn member(&'a self, name: &'a str, line: u32) -> At<'a> {
        At { parent: Some(self), step: Step::Name(name), line }
    }

    /// The item `index` of the array that stands here.
    pub fn item(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Item(index), line: self.line }
    }

    /// The line of the text.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The RFC 6901 pointer.
    pub fn pointer(&self) -> String {
        let mut text = self.parent.map_or_else(String::new, At::pointer);
        match self.step {
            Step::Root => {}
            Step::Name(name) => {
                text.push('/');
                text.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(index) => text.push_str(&format!("/{index}")),
        }
        text
    }

    /// A fault of the value that stands here.
    pub fn fault(&self, form: Form, got: &str) -> Fault {
        let words = form.words();
        let detail = if got.is_empty() {
            words
        } else {
            Words::new(format!("{} ({got})", words.en), format!("{} ({got})", words.ru))
        };
        Fault { pointer: self.pointer(), line: self.line, code: form.code(), detail }
    }
}

macro_rules! forms {
    ($($(#[doc = $doc:literal])* $name:ident $code:literal $en:literal $ru:literal;)*) => {
        /// What can be wrong with the shape of one value. The code is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Form { $($(#[doc = $doc])* $name,)* }

        impl Form {
            /// Every form of fault.
            pub const ALL: &[Form] = &[$(Form::$name,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Form::$name => $code,)* }
            }

            /// The sentence for people.
            pub const fn words(self) -> Words {
                match self { $(Form::$name => Words::fixed($en, $ru),)* }
            }
        }
    };
}

forms! {
    /// A required member is not there.
    MemberMissing "member_missing" "A required member is missing." "Отсутствует обязательный член.";
    /// A member that the declaration does not name.
    MemberUnknown "member_unknown" "This member is not known here." "Такой член здесь не предусмотрен.";
    /// The value is of another JSON type.
    WrongType "wrong_type" "The value is of another type than required." "Значение иного типа, чем требуется.";
    /// A text has no characters.
    Empty "empty" "The text must not be empty." "Текст не должен быть пустым.";
    /// A text is longer than allowed.
    TooLong "too_long" "The text is too long." "Текст слишком длинный.";
    /// A line feed in a text of one line.
    LineFeed "line_feed" "A line feed may stand in free text only." "Перевод строки допустим только в свободном тексте.";
    /// A character that a code may not have.
    NotACode "not_a_code" "A code has ASCII letters, digits and . _ / - only." "Код состоит только из латинских букв, цифр и знаков . _ / -.";
    /// A number outside the range.
    OutOfRange "out_of_range" "The number is outside the allowed range." "Число вне допустимого диапазона.";
    /// Not `sha256:` and 64 digits.
    NotADigest "not_a_digest" "Write sha256: and 64 lower-case hexadecimal digits." "Запишите sha256: и 64 шестнадцатеричные цифры в нижнем регистре.";
    /// Not a time in whole seconds of UTC.
    NotAnInstant "not_an_instant" "Write the time as YYYY-MM-DDTHH:MM:SSZ." "Запишите время в виде ГГГГ-ММ-ДДTЧЧ:ММ:ССZ.";
    /// Not one of the words that may stand here.
    NotOneOf "not_one_of" "Only certain words may stand here." "Здесь допустимы только определённые слова.";
    /// A list is shorter than required.
    TooFew "too_few" "The list has too few items." "В списке слишком мало элементов.";
    /// A list is longer than allowed.
    TooMany "too_many" "The list has too many items." "В списке слишком много элементов.";
    /// The same item twice.
    Repeated "repeated" "The same item stands in the list twice." "Один и тот же элемент указан дважды.";
    /// Not the code of a slot.
    NotASlot "not_a_slot" "Write a slot as a capital letter and a number, such as A1." "Запишите место как заглавную латинскую букву и номер, например A1.";
    /// Not `<authority>/<role>/<label>`.
    NotAKeyName "not_a_key_name" "Write a key name as authority/role/label, such as RU/leader/07." "Запишите имя ключа в виде сторона/роль/метка, например RU/leader/07.";
    /// Not a verifier key.
    NotAVkey "not_a_vkey" "Write a verifier key as name+key id+base64." "Запишите открытый ключ в виде имя+идентификатор+base64.";
    /// A key whose point is of small or mixed order.
    KeyWeak "key_weak" "The public key is weak: its point is of small or mixed order." "Открытый ключ слаб: его точка малого или смешанного порядка.";
    /// Not `<n>h` or `<n>d`.
    NotASpan "not_a_span" "Write a limit as hours or days, such as 32h or 45d." "Запишите срок в часах или днях, например 32h или 45d.";
    /// Not a lower-case UUID of version 7.
    NotAUuid "not_a_uuid" "Write a UUID of version 7 in lower case." "Запишите UUID версии 7 в нижнем регистре.";
    /// Neither a digest nor the id of an obligation.
    NotACitation "not_a_citation" "Cite a record by its digest, or an obligation by its id, such as ADMIT:sha256:…:A1." "Сошлитесь на запись по её дайджесту или на обязательство по его идентификатору, например ADMIT:sha256:…:A1.";
    /// Two members that exclude or need each other.
    Combination "combination" "These members do not go together." "Эти члены несовместимы друг с другом.";
}

/// A type that reads itself from one JSON value and describes itself.
pub trait Shape: Sized {
    /// Reads `value`; every fault is put into `faults`. `None` only if there was at least one.
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self>;

    /// What is read.
    fn schema() -> Schema;
}

/// A type that can stand as a member: a [`Shape`] is required, an `Option` of one is not.
pub trait MemberShape: Sized {
    /// Whether the member must be there.
    const REQUIRED: bool;

    /// Reads the member that was found, or answers for its absence.
    fn read_member(found: Option<&Member<'_>>, name: &str, object: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self>;

    /// What is read where the member is there.
    fn member_schema() -> Schema;
}

impl<T: Shape> MemberShape for T {
    const REQUIRED: bool = true;

    fn read_member(found: Option<&Member<'_>>, name: &str, object: &At<'_>, faults: &mut Vec<Fault>) -> Option<T> {
        match found {
            Some(member) => T::read(&member.value, &object.member(name, member.line), faults),
            None => {
                faults.push(object.member(name, object.line).fault(Form::MemberMissing, ""));
                None
            }
        }
    }

    fn member_schema() -> Schema {
        T::schema()
    }
}

impl<T: Shape> MemberShape for Option<T> {
    const REQUIRED: bool = false;

    fn read_member(
        found: Option<&Member<'_>>,
        name: &str,
        object: &At<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Option<T>> {
        match found {
            Some(member) => T::read(&member.value, &object.member(name, member.line), faults).map(Some),
            None => Some(None),
        }
    }

    fn member_schema() -> Schema {
        T::schema()
    }
}

/// What a [`Shape`] reads, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds, both included.
    Int {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A text; the words say which form.
    Text {
        /// The form, in English, for the documentation.
        form: &'static str,
        /// The greatest number of characters.
        max: usize,
    },
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// A list.
    List {
        /// What each item is.
        item: Box<Schema>,
        /// The least number of items.
        min: usize,
        /// The greatest number of items.
        max: usize,
    },
    /// An object with these members and no others.
    Object(Vec<MemberSchema>),
    /// An object whose member names are data.
    Map {
        /// The form of the names.
        names: &'static str,
        /// What each member is.
        value: Box<Schema>,
    },
}

/// One declared member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSchema {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it is.
    pub schema: Schema,
    /// What it means.
    pub doc: &'static str,
}

/// The greatest number of members of one object.
pub const MAX_MEMBERS: usize = 64;

/// The members of one object while they are being read.
pub struct Members<'v, 'a> {
    members: &'v [Member<'v>],
    at: &'a At<'a>,
    taken: u64,
    next: usize,
}

impl<'v, 'a> Members<'v, 'a> {
    /// Begins to read an object; a fault if `value` is something else.
    pub fn open(value: &'v Value<'v>, at: &'a At<'a>, faults: &mut Vec<Fault>) -> Option<Members<'v, 'a>> {
        match value {
            Value::Object(members) if members.len() <= MAX_MEMBERS => Some(Members { members, at, taken: 0, next: 0 }),
            Value::Object(_) => wrong(at, Form::TooMany, "", faults),
            other => wrong_type(other, at, faults),
        }
    }

    /// Where the object stands.
    pub fn at(&self) -> &'a At<'a> {
        self.at
    }

    /// The member `name`, marked as read.
    pub fn find(&mut self, name: &str) -> Option<&'v Member<'v>> {
        let count = self.members.len();
        // Members mostly stand in the declared order, so the search begins where the last one ended.
        let position = (self.next..count).chain(0..self.next).find(|&i| self.members[i].name == name)?;
        self.taken |= 1 << position;
        self.next = position + 1;
        Some(&self.members[position])
    }

    /// Reads the member `name`.
    pub fn take<T: MemberShape>(&mut self, name: &str, faults: &mut Vec<Fault>) -> Option<T> {
        let found = self.find(name);
        T::read_member(found, name, self.at, faults)
    }

    /// Every member that was not read is a fault.
    pub fn finish(self, faults: &mut Vec<Fault>) {
        for (i, member) in self.members.iter().enumerate() {
            if self.taken & (1 << i) == 0 {
                faults.push(self.at.member(&member.name, member.line).fault(Form::MemberUnknown, ""));
            }
        }
    }
}

/// Notes one fault and answers `None`.
pub fn wrong<T>(at: &At<'_>, form: Form, got: &str, faults: &mut Vec<Fault>) -> Option<T> {
    faults.push(at.fault(form, got));
    None
}

/// Notes that a value is of the wrong type, unless its fault is known already.
pub fn wrong_type<T>(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<T> {
    if !matches!(value, Value::Faulty) {
        faults.push(at.fault(Form::WrongType, ""));
    }
    None
}

/// The text of a value, which must be one.
pub fn text<'v>(value: &'v Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<&'v str> {
    match value {
        Value::String(text) => Some(text),
        other => wrong_type(other, at, faults),
    }
}

impl Shape for bool {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<bool> {
        match value {
            Value::Bool(flag) => Some(*flag),
            other => wrong_type(other, at, faults),
        }
    }

    fn schema() -> Schema {
        Schema::Bool
    }
}

impl Shape for Hash {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Hash> {
        let text = text(value, at, faults)?;
        text.parse().ok().or_else(|| wrong(at, Form::NotADigest, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "`sha256:` and 64 lower-case hexadecimal digits", max: 71 }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

/// The greatest integer that a record may hold, 2^53 − 1.
pub const INT_MAX: i64 = (1 << 53) - 1;

impl<const MIN: i64, const MAX: i64> Shape for Int<MIN, MAX> {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::Int(number) if (MIN..=MAX).contains(number) => Some(Int(*number)),
            Value::Int(_) => wrong(at, Form::OutOfRange, &format!("{MIN}..{MAX}"), faults),
            other => wrong_type(other, at, faults),
        }
    }

    fn schema() -> Schema {
        Schema::Int { min: MIN, max: MAX }
    }
}

/// One line of text with 1 to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line<const MAX: usize>(pub String);

impl<const MAX: usize> Shape for Line<MAX> {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        let text = bounded(value, at, MAX, faults)?;
        if text.contains('\n') {
            return wrong(at, Form::LineFeed, "", faults);
        }
        Some(Line(text.to_owned()))
    }

    fn schema() -> Schema {
        Schema::Text { form: "one line of text", max: MAX }
    }
}

/// A code of 1 to `MAX` ASCII characters: letters, digits and `. _ / -`. Codes look alike in every language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code<const MAX: usize>(pub String);

impl<const MAX: usize> Shape for Code<MAX> {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        let text = bounded(value, at, MAX, faults)?;
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b)) {
            return wrong(at, Form::NotACode, "", faults);
        }
        Some(Code(text.to_owned()))
    }

    fn schema() -> Schema {
        Schema::Text { form: "ASCII letters, digits and `. _ / -`", max: MAX }
    }
}

/// A text with 1 to `max` characters.
fn bounded<'v>(value: &'v Value<'_>, at: &At<'_>, max: usize, faults: &mut Vec<Fault>) -> Option<&'v str> {
    let text = text(value, at, faults)?;
    if text.is_empty() {
        return wrong(at, Form::Empty, "", faults);
    }
    // A character has at least one byte, so the characters are counted only where that could matter.
    if text.len() > max && text.chars().count() > max {
        return wrong(at, Form::TooLong, &format!("≤ {max}"), faults);
    }
    Some(text)
}

/// Free text of 1 to 4,000 characters, in which line feeds may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prose(pub String);

impl Shape for Prose {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Prose> {
        bounded(value, at, 4_000, faults).map(|text| Prose(text.to_owned()))
    }

    fn schema() -> Schema {
        Schema::Text { form: "free text, line feeds allowed", max: 4_000 }
    }
}

/// A list of `MIN` to `MAX` items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T, const MIN: usize, const MAX: usize>(pub Vec<T>);

impl<T: Shape, const MIN: usize, const MAX: usize> Shape for List<T, MIN, MAX> {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        let Value::Array(items) = value else { return wrong_type(value, at, faults) };
        if items.len() < MIN {
            return wrong(at, Form::TooFew, &format!("≥ {MIN}"), faults);
        }
        if items.len() > MAX {
            return wrong(at, Form::TooMany, &format!("≤ {MAX}"), faults);
        }
        let read: Vec<Option<T>> =
            items.iter().enumerate().map(|(i, item)| T::read(item, &at.item(i), faults)).collect();
        read.into_iter().collect::<Option<Vec<T>>>().map(List)
    }

    fn schema() -> Schema {
        Schema::List { item: Box::new(T::schema()), min: MIN, max: MAX }
    }
}

/// The name of a member without Rust's mark for names that are also keywords.
pub fn plain(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Declares the body of a kind, or an object inside one: a struct, its reader and its schema, from one text.
///
/// Every member has a documentation comment, which the published schema repeats. `Option` makes a member optional.
#[macro_export]
macro_rules! body {
    ($(#[$outer:meta])* pub struct $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $ty:ty,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $ty,)* }

        impl $crate::treaty::shape::Shape for $name {
            fn read(
                value: &$crate::json::Value<'_>,
                at: &$crate::treaty::shape::At<'_>,
                faults: &mut Vec<$crate::json::Fault>,
            ) -> Option<Self> {
                let mut members = $crate::treaty::shape::Members::open(value, at, faults)?;
                $(let $field = members.take::<$ty>($crate::treaty::shape::plain(stringify!($field)), faults);)*
                members.finish(faults);
                Some($name { $($field: $field?,)* })
            }

            fn schema() -> $crate::treaty::shape::Schema {
                use $crate::treaty::shape::MemberShape;
                $crate::treaty::shape::Schema::Object(vec![$($crate::treaty::shape::MemberSchema {
                    name: $crate::treaty::shape::plain(stringify!($field)),
                    required: <$ty as MemberShape>::REQUIRED,
                    schema: <$ty as MemberShape>::member_schema(),
                    doc: concat!($($doc),+),
                },)*])
            }
        }
    };
}

/// Declares a closed set of words that may stand in a record.
#[macro_export]
macro_rules! one_of {
    ($(#[$outer:meta])* pub enum $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)* }

        impl $name {
            /// Every word.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The word as it stands in a record.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// The value that a word stands for.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::treaty::shape::Shape for $name {
            fn read(
                value: &$crate::json::Value<'_>,
                at: &$crate::treaty::shape::At<'_>,
                faults: &mut Vec<$crate::json::Fault>,
            ) -> Option<Self> {
                use $crate::treaty::shape::{Form, text, wrong};
                let word = text(value, at, faults)?;
                $name::from_word(word).or_else(|| wrong(at, Form::NotOneOf, concat!($($word, " "),*).trim_end(), faults))
            }

            fn schema() -> $crate::treaty::shape::Schema {
                $crate::treaty::shape::Schema::OneOf(vec![$($word),*])
            }
        }
    };
}
