//! One source file, as tokens without its tests, and questions to ask of it.

use std::path::Path;

use syn::buffer::{Cursor, TokenBuffer};

/// A token. Literals have no content here: what stands in a string is not code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Word(String),
    Mark(char),
    Literal,
}

impl Token {
    pub fn word(text: &str) -> Token {
        Token::Word(text.to_owned())
    }
}

pub struct File {
    /// Below `src`, without `.rs`.
    pub path: String,
    pub text: String,
    pub has_module_comment: bool,
    /// Without what is under `#[cfg(test)]`.
    pub tokens: Vec<Token>,
}

/// Every file below `src`.
pub fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(&folder).expect("src can be read") {
            let path = item.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below src").with_extension("");
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                files.push(File::new(&name.to_string_lossy().replace('\\', "/"), &text));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

impl File {
    pub fn new(path: &str, text: &str) -> File {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let inner =
            |attr: &syn::Attribute| matches!(attr.style, syn::AttrStyle::Inner(_)) && attr.path().is_ident("doc");
        let stream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tokens = Vec::new();
        flatten(TokenBuffer::new2(stream).begin(), &mut tokens);
        let is_test_code = path.split('/').any(|part| part == "tests");
        let tokens = if is_test_code { Vec::new() } else { without_tests(&tokens) };
        File {
            path: path.to_owned(),
            text: text.to_owned(),
            has_module_comment: parsed.attrs.iter().any(inner),
            tokens,
        }
    }

    /// Whether this file is the module `path` or lies below it.
    pub fn is_under(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether these tokens stand somewhere in the file, one after the other.
    pub fn has(&self, what: &str) -> bool {
        let wanted = tokens_of(what);
        if self.tokens.windows(wanted.len()).any(|window| window == wanted) {
            return true;
        }
        // `a::B` may also be written `a::{C, B}`.
        match what.rsplit_once("::") {
            Some((parent, name)) => self.groups_after(parent).iter().any(|group| group.contains(&Token::word(name))),
            None => false,
        }
    }

    /// The tokens of every `{…}` that follows `parent::`.
    fn groups_after(&self, parent: &str) -> Vec<Vec<Token>> {
        let wanted = tokens_of(&format!("{parent}::{{"));
        let starts = (0..self.tokens.len()).filter(|&i| self.tokens[i..].starts_with(&wanted));
        starts.map(|i| group(&self.tokens, i + wanted.len() - 1).to_vec()).collect()
    }

    /// Every path into this crate that the file names, from the crate's root on, with `use` trees spelled out.
    pub fn own_paths(&self) -> Vec<Vec<String>> {
        let mut here: Vec<&str> = self.path.split('/').filter(|part| *part != "mod").collect();
        if here == ["lib"] || here == ["main"] {
            here.clear();
        }
        let mut paths = Vec::new();
        let mut i = 0;
        while i < self.tokens.len() {
            let follows_path =
                i >= 2 && self.tokens[i - 1] == Token::Mark(':') && self.tokens[i - 2] == Token::Mark(':');
            let (base, mut after) = match &self.tokens[i] {
                Token::Word(word) if word == "crate" && !follows_path => (Some(0), i + 1),
                Token::Word(word) if word == "super" && !follows_path => {
                    let (mut up, mut at) = (1, i + 1);
                    while is_path_sep(&self.tokens, at) && self.tokens.get(at + 2) == Some(&Token::word("super")) {
                        (up, at) = (up + 1, at + 3);
                    }
                    (here.len().checked_sub(up), at)
                }
                _ => (None, i + 1),
            };
            if let Some(base) = base
                && is_path_sep(&self.tokens, after)
            {
                after += 2;
                let prefix: Vec<String> = here[..base].iter().map(|part| (*part).to_owned()).collect();
                tree(&self.tokens, after, &prefix, &mut paths);
            }
            i = after;
        }
        paths
    }

    /// Every function with its lines, in source laid out by rustfmt: the closing brace has the indent of the `fn`.
    pub fn functions(&self) -> Vec<(String, usize)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let indent = |line: &str| line.len() - line.trim_start().len();
        let end_of = |start: usize| {
            let closes = |line: &str| line.trim_end() == format!("{}}}", " ".repeat(indent(lines[start])));
            let rest = lines[start..].iter().enumerate();
            let mut ends = rest.filter(|(i, line)| closes(line) || (*i == 0 && line.ends_with(['}', ';'])));
            ends.next().map_or(start, |(i, _)| start + i)
        };
        let mut functions = Vec::new();
        let mut i = 0;
        while i < lines.len() {
            if lines[i].trim() == "#[cfg(test)]" {
                i = end_of((i + 1).min(lines.len() - 1)) + 1;
                continue;
            }
            if let Some(name) = function_name(lines[i]) {
                functions.push((name.to_owned(), end_of(i) - i + 1));
            }
            i += 1;
        }
        functions
    }
}

/// The name of the function that a line begins.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let lawful = |word: &str| matches!(word, "const" | "async" | "unsafe" | "extern") || word.starts_with("pub");
    let is_function = before.split_whitespace().all(|word| lawful(word) || word.ends_with(')'));
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    after.get(..end).filter(|name| is_function && !name.is_empty())
}

/// The tokens of a text; a delimiter that the text leaves open is closed.
fn tokens_of(text: &str) -> Vec<Token> {
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' => drop(open.pop()),
            _ => {}
        }
    }
    let closed: String = text.chars().chain(open.iter().rev().copied()).collect();
    let mut tokens = Vec::new();
    flatten(TokenBuffer::new2(closed.parse().expect("tokens")).begin(), &mut tokens);
    tokens.truncate(tokens.len() - open.len());
    tokens
}

/// Writes all tokens in a row, with the delimiters of groups as marks.
fn flatten(mut cursor: Cursor<'_>, tokens: &mut Vec<Token>) {
    while !cursor.eof() {
        if let Some((word, rest)) = cursor.ident() {
            tokens.push(Token::Word(word.to_string()));
            cursor = rest;
        } else if let Some((_, rest)) = cursor.lifetime() {
            tokens.push(Token::Literal);
            cursor = rest;
        } else if let Some((mark, rest)) = cursor.punct() {
            tokens.push(Token::Mark(mark.as_char()));
            cursor = rest;
        } else if let Some((_, rest)) = cursor.literal() {
            tokens.push(Token::Literal);
            cursor = rest;
        } else if let Some((inside, delimiter, _, rest)) = cursor.any_group() {
            let marks = match format!("{delimiter:?}").as_str() {
                "Parenthesis" => Some(('(', ')')),
                "Bracket" => Some(('[', ']')),
                "Brace" => Some(('{', '}')),
                _ => None,
            };
            tokens.extend(marks.map(|(open, _)| Token::Mark(open)));
            flatten(inside, tokens);
            tokens.extend(marks.map(|(_, close)| Token::Mark(close)));
            cursor = rest;
        } else {
            panic!("every token is one of these");
        }
    }
}

fn is_path_sep(tokens: &[Token], at: usize) -> bool {
    tokens.get(at) == Some(&Token::Mark(':')) && tokens.get(at + 1) == Some(&Token::Mark(':'))
}

/// The tokens of the group that opens at `at`, with both delimiters.
fn group(tokens: &[Token], at: usize) -> &[Token] {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &tokens[at..=i];
        }
    }
    &tokens[at..]
}

/// The tokens without every item under `#[cfg(test)]`: up to its `{…}` or its semicolon.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mark = tokens_of("#[cfg(test)]");
    let mut kept = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        if !tokens[i..].starts_with(&mark) {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        i += mark.len();
        while i < tokens.len() {
            let token = &tokens[i];
            let opens = matches!(token, Token::Mark('(' | '[' | '{'));
            i += if opens { group(tokens, i).len() } else { 1 };
            if matches!(token, Token::Mark('{' | ';')) {
                break;
            }
        }
    }
    kept
}

/// Spells out the `use` tree or the path that stands at `at`.
fn tree(tokens: &[Token], at: usize, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    match tokens.get(at) {
        Some(Token::Word(word)) => {
            let mut path = prefix.to_vec();
            path.push(word.clone());
            if is_path_sep(tokens, at + 1) {
                tree(tokens, at + 3, &path, paths);
            } else {
                paths.push(path);
            }
        }
        Some(Token::Mark('{')) => {
            let inside = group(tokens, at);
            let mut i = 1;
            while i < inside.len() {
                tree(inside, i, prefix, paths);
                while i < inside.len() && inside[i] != Token::Mark(',') {
                    i += if inside[i] == Token::Mark('{') { group(inside, i).len() } else { 1 };
                }
                i += 1;
            }
        }
        Some(Token::Mark('*')) if !prefix.is_empty() => paths.push(prefix.to_vec()),
        _ => {} // the end of a list
    }
}
