//! The file `.env` in the working directory: settings, a line each.

use std::collections::BTreeMap;
use std::io;

use crate::failure::Failure;

/// Where settings may stand besides flags and the environment: in the working directory, and in no
/// folder above it.
const DOT_ENV: &str = "./.env";

/// The lines of `.env`; none if there is no such file.
pub(crate) fn read(known: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    match std::fs::read_to_string(DOT_ENV) {
        Ok(text) => parse(&text, known).map_err(Failure::Refused),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Failure::refused(format!("{DOT_ENV}: {error}"))),
    }
}

/// Takes the lines one by one, for no value has several: a quote that is never closed is then told
/// with its own line.
pub(crate) fn parse(text: &str, known: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    // Some editors begin a text with a mark of its encoding.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let refused = |reason: &str| Err(format!("{DOT_ENV}, line {number}: {reason}"));
        if has_bare_dollar(line) {
            return refused(
                "a $ stands for the value of a variable here, which is not supported; put the value \
                 in single quotes, NAME='for $99', or write \\$",
            );
        }
        let parsed = dotenvy::from_read_iter(format!("{line}\n").as_bytes()).next();
        let (name, value) = match parsed {
            None => continue,
            Some(Ok(pair)) => pair,
            Some(Err(_)) => {
                return refused(
                    "this is not NAME=value; a value with spaces, quotes or backslashes must be \
                     quoted: NAME='two words'",
                );
            }
        };
        if !known.contains(&name) {
            let names = known.join(", ");
            return refused(&format!("{name} is not a setting. There are: {names}"));
        }
        if values.insert(name.clone(), value).is_some() {
            return refused(&format!("{name} is set twice"));
        }
    }
    Ok(values)
}

/// Whether the parser would put a variable's value, or nothing at all, in place of a part of the line.
fn has_bare_dollar(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else {
        return false;
    };
    let value = value.trim();
    if name.trim_start().starts_with('#') || value.starts_with('#') {
        return false;
    }
    let mut quote = None;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'', Some('\'')) | ('"', Some('"')) => quote = None,
            (_, Some('\'')) => {}
            ('\\', _) => drop(chars.next()),
            ('$', _) => return true,
            ('\'' | '"', None) => quote = Some(c),
            // What follows is a comment, or one word too many.
            (' ' | '\t', None) => {
                let comment = chars.clone().find(|c| !matches!(c, ' ' | '\t')) == Some('#');
                if comment {
                    return false;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> [String; 1] {
        ["PRODUCT_DESCRIPTION".to_owned()]
    }

    fn description(value: &str) -> Result<String, String> {
        let mut values = parse(&format!("PRODUCT_DESCRIPTION={value}"), &known())?;
        Ok(values.remove("PRODUCT_DESCRIPTION").unwrap())
    }

    #[test]
    fn a_value_is_taken_as_it_stands_or_refused() {
        for (value, taken) in [
            ("'Shoe for $99 only'", "Shoe for $99 only"),
            (r"Shoe\ for\ \$99", "Shoe for $99"),
            (r#""Shoe for \$99, it's new""#, "Shoe for $99, it's new"),
            ("Shoe # for $99", "Shoe"),
            ("# for $99", ""),
            ("Shoe  ", "Shoe"),
            ("'Shoe'  # for $99", "Shoe"),
        ] {
            assert_eq!(description(value).as_deref(), Ok(taken), "{value}");
        }
        for value in [
            "Shoe for $99 only",
            "$99",
            "\"Shoe for $99 only\"",
            "'Shoe '$99",
            "\"it's $99\"",
            r"\\$99",
            "${PATH}",
        ] {
            let refusal = description(value).unwrap_err();
            assert!(refusal.contains("single quotes"), "{value}: {refusal}");
        }
        for value in ["Shoe for 99", "it's new", "'Shoe", "\"Shoe", r"C:\Shoe"] {
            let refusal = description(value).unwrap_err();
            assert!(refusal.contains("quoted"), "{value}: {refusal}");
        }
        let comments = parse("# PORT=$1\n\n  # it's\n", &known());
        assert_eq!(comments, Ok(BTreeMap::new()));
    }
}
