//! Code: a file's text with its comments and quotations blanked out, and how to find one's way in
//! it.
//!
//! A reader for the rules, not a parser: it knows tokens and braces, and no grammar.

/// Blanks out comments, strings and character literals. Every line stays where it is.
pub(super) fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (token, following) = first_token(rest);
        match token {
            Token::Code(code_itself) => code.push_str(code_itself),
            Token::Other(other) => code.extend(other.chars().map(blank)),
        }
        rest = following;
    }
    code
}

/// The number of the line that holds the byte at `index`, counted from 1.
pub(super) fn line_at(code: &str, index: usize) -> usize {
    code.bytes().take(index).filter(|byte| *byte == b'\n').count() + 1
}

/// Answers how deep in braces a text leaves its reader, if it opens more than it closes.
pub(super) fn depth_after(code: &str) -> usize {
    code.bytes().fold(0, |depth: usize, byte| match byte {
        b'{' => depth + 1,
        b'}' => depth.saturating_sub(1),
        _ => depth,
    })
}

/// The index of the brace that closes the first one opened in `code`.
pub(super) fn closing_brace(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(index),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Answers whether a character can stand in an identifier.
pub(super) fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// The text from `index` on; nothing where there is none.
pub(super) fn from(code: &str, index: usize) -> &str {
    code.get(index..).unwrap_or_default()
}

enum Token<'a> {
    Code(&'a str),
    /// A comment or a quotation.
    Other(&'a str),
}

fn blank(character: char) -> char {
    if character == '\n' { '\n' } else { ' ' }
}

// Never an empty token, so that who takes one after the other comes to an end.
fn first_token(rest: &str) -> (Token<'_>, &str) {
    let word = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
    if let Some(length) = comment(rest).or_else(|| quotation(rest, word)) {
        let (other, following) = split(rest, length);
        return (Token::Other(other), following);
    }
    let one = rest.chars().next().map_or(1, char::len_utf8);
    let (code, following) = split(rest, word.max(one));
    (Token::Code(code), following)
}

fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| block_comment(rest))
}

// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut index = 0;
    loop {
        let here = from(rest, index);
        match here.as_bytes() {
            [] => return rest.len(),
            [b'/', b'*', ..] => (depth, index) = (depth + 1, index + 2),
            [b'*', b'/', ..] if depth == 1 => return index + 2,
            [b'*', b'/', ..] => (depth, index) = (depth - 1, index + 2),
            _ => index += here.chars().next().map_or(1, char::len_utf8),
        }
    }
}

// `word` is the length of the identifier that `rest` begins with, which may be a string's prefix.
fn quotation(rest: &str, word: usize) -> Option<usize> {
    let (prefix, quoted) = split(rest, word);
    match prefix {
        "" | "b" | "c" if quoted.starts_with('"') => Some(word + escaped_until('"', quoted)),
        "r" | "br" | "cr" => raw_string(quoted).map(|length| word + length),
        "" | "b" if quoted.starts_with('\'') => character(quoted).map(|length| word + length),
        _ => None,
    }
}

// Not every `r#` opens a string: `r#type` is an identifier.
fn raw_string(quoted: &str) -> Option<usize> {
    let hashes = quoted.find(|character| character != '#')?;
    let content = from(quoted, hashes).strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = content.find(&end).map_or(content.len(), |index| index + end.len());
    Some(hashes + 1 + length)
}

// A quote that is not closed behind one character belongs to a lifetime.
fn character(quoted: &str) -> Option<usize> {
    let mut content = quoted.chars().skip(1);
    match (content.next()?, content.next()) {
        ('\\', _) => Some(escaped_until('\'', quoted)),
        (one, Some('\'')) => Some(one.len_utf8() + 2),
        _ => None,
    }
}

// The length of a quotation that begins with its quote and ends with the next one that no backslash
// escapes.
fn escaped_until(quote: char, quoted: &str) -> usize {
    let mut escaped = false;
    for (index, character) in quoted.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return index + 1,
            _ => {}
        }
    }
    quoted.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        code_of(text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_are_blanked_out_and_lines_stay() {
        let code = code_of("a // b {\n/* c /* d */ { \n */ e\n//! f");
        assert_eq!(code.split_whitespace().collect::<String>(), "ae");
        assert_eq!(code.lines().count(), 4);
        assert!(code.lines().nth(2).unwrap().ends_with('e'));
    }

    #[test]
    fn strings_of_every_kind_are_blanked_out() {
        assert_eq!(words(r#"a("}", b"}", c"}\"}") b"#), "a( , , ) b");
        assert_eq!(words("a(r\"}\\\", br#\"}\"}\"#, r##\"\"#}\"##) b"), "a( , , ) b");
        assert_eq!(words("a(\"\\\\\") b // \"\n c"), "a( ) b c");
    }

    #[test]
    fn characters_are_blanked_out_and_lifetimes_stay() {
        assert_eq!(words(r"f::<'a>('{', b'}', '\'', '\u{7d}', '}')"), "f::<'a>( , , , , )");
        assert_eq!(words("&'static str, 'outer: loop {}"), "&'static str, 'outer: loop {}");
    }

    #[test]
    fn raw_identifiers_and_words_that_end_like_a_prefix_are_code() {
        assert_eq!(words("r#type for\"}\" µ"), "r#type for µ");
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        for text in ["\"{", "/* {", "r#\"{\"", "'\\", "b'\\", "// {", "r#"] {
            assert_eq!(depth_after(&code_of(text)), 0, "{text}");
        }
    }

    #[test]
    fn a_brace_finds_the_one_that_closes_it() {
        assert_eq!(closing_brace("a { { } { } } }"), Some(12));
        assert_eq!(closing_brace("{ {"), None);
    }

    #[test]
    fn a_line_is_found_by_index() {
        assert_eq!([0, 1, 2, 9].map(|index| line_at("a\nb\nc", index)), [1, 1, 2, 3]);
    }
}
