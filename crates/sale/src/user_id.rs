//! Who buys, and who is the same person.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// The shortest user id, in characters.
pub const USER_ID_CHARS_MIN: usize = 3;
/// The longest user id, in characters: the longest e-mail address that can be delivered (RFC 5321).
pub const USER_ID_CHARS_MAX: usize = 254;

/// One buyer, in canonical form: two ids are equal when they mean the same person.
///
/// An id with an `@` is an e-mail address, and its canonical form is Unicode's `NFKC_Casefold`:
/// compatibility forms and case are folded, and characters that leave no mark are dropped. Any other
/// id is opaque, and compared exactly.
///
/// `Debug` hides the text, so that no log line shows a buyer's address by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserId(Arc<str>);

/// Why a text is not a user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUserId {
    /// Fewer than [`USER_ID_CHARS_MIN`] characters.
    #[error("must have at least {USER_ID_CHARS_MIN} characters")]
    TooShort,
    /// More than [`USER_ID_CHARS_MAX`] characters.
    #[error("must have at most {USER_ID_CHARS_MAX} characters")]
    TooLong,
    /// A line break, NUL or another control character.
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl UserId {
    /// Reads an id from outside: trims it, checks it and brings it into canonical form.
    pub fn parse(text: &str) -> Result<Self, InvalidUserId> {
        let trimmed = text.trim();
        check(trimmed)?;
        if trimmed.is_ascii() {
            // Nearly every id takes this way, which needs one allocation.
            return Ok(Self(if trimmed.contains('@') {
                trimmed.to_ascii_lowercase().into()
            } else {
                trimmed.into()
            }));
        }
        let address = fold(trimmed);
        if !address.contains('@') {
            return Ok(Self(trimmed.into()));
        }
        // Folding can lengthen a text, and can bring spaces to its ends.
        let address = address.trim();
        check(address)?;
        Ok(Self(address.into()))
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(hidden)")
    }
}

fn check(text: &str) -> Result<(), InvalidUserId> {
    if text.contains(char::is_control) {
        return Err(InvalidUserId::ControlCharacter);
    }
    // The length in bytes bounds the length in characters from above, and is free.
    let chars = if text.len() <= USER_ID_CHARS_MAX && text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    };
    match chars {
        0..USER_ID_CHARS_MIN => Err(InvalidUserId::TooShort),
        USER_ID_CHARS_MIN..=USER_ID_CHARS_MAX => Ok(()),
        _ => Err(InvalidUserId::TooLong),
    }
}

/// Unicode's `toNFKC_Casefold`. One pass is not always stable (a fold can make new pairs that
/// compose), so it goes on until nothing changes; a handful of rounds settles every string.
fn fold(text: &str) -> String {
    let mut folded = fold_once(text);
    for _ in 0..4 {
        let again = fold_once(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    folded
}

fn fold_once(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_default_ignorable(*c));
    caseless::default_case_fold_str(&visible.nfkc().collect::<String>())
        .nfkc()
        .collect()
}

/// Unicode's `Default_Ignorable_Code_Point`: characters that leave no mark, so that two addresses
/// that differ only in them look the same.
fn is_default_ignorable(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F
        | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFF8 | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&str, InvalidUserId>) {
        let parsed = UserId::parse(text);
        let canonical = parsed.as_ref().map(UserId::as_str).map_err(|e| *e);
        assert_eq!(canonical, expected, "{text:?}");
    }

    #[test]
    fn row_36_lengths_and_control_characters() {
        check("", Err(InvalidUserId::TooShort));
        check("  ab  ", Err(InvalidUserId::TooShort));
        check("abc", Ok("abc"));
        check(" abc\t", Ok("abc"));
        check(&"x".repeat(254), Ok(&"x".repeat(254)));
        check(&"x".repeat(255), Err(InvalidUserId::TooLong));
        check(&"é".repeat(254), Ok(&"é".repeat(254)));
        check(&"é".repeat(255), Err(InvalidUserId::TooLong));
        for control in ["\0", "\r", "\n", "\u{7f}", "\u{85}"] {
            check(
                &format!("ab{control}cd"),
                Err(InvalidUserId::ControlCharacter),
            );
        }
        // One character that NFKC makes into eighteen.
        check(
            &format!("@{}", "\u{FDFA}".repeat(20)),
            Err(InvalidUserId::TooLong),
        );
    }

    #[test]
    fn row_36_an_opaque_id_is_kept_exactly() {
        for id in [
            "a:b:{c}",
            "*?[x]",
            "{}{}",
            "Ｆｕｌｌ",
            "Straße",
            "%2F..",
            "o'brien\"",
            "\u{1F600}xx",
        ] {
            check(id, Ok(id));
        }
    }

    #[test]
    fn row_37_an_address_in_another_form_is_the_same_person() {
        check("Ada@Example.COM", Ok("ada@example.com"));
        check("ａｄａ＠example.com", Ok("ada@example.com"));
        check("ada\u{200B}@example.com", Ok("ada@example.com"));
        check("STRASSE@x.de", Ok("strasse@x.de"));
        check("Straße@x.de", Ok("strasse@x.de"));
        check("e\u{301}@x.fr", Ok("é@x.fr"));
        check("É@x.fr", Ok("é@x.fr"));
        check("\u{A0}É@x.fr\u{A0}", Ok("é@x.fr"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_canonical_form(text in ".{0,40}@?.{0,40}") {
            if let Ok(user) = UserId::parse(&text) {
                prop_assert_eq!(UserId::parse(user.as_str()), Ok(user));
            }
        }

        #[test]
        fn upper_case_is_the_same_person(text in "\\PC{1,20}@\\PC{1,20}") {
            // Upper-casing is not the inverse of folding for a few letters whose upper case is
            // a letter of another script's; ASCII and Latin-1 must hold.
            let text: String = text.chars().filter(|c| u32::from(*c) < 0xB5).collect();
            prop_assert_eq!(UserId::parse(&text), UserId::parse(&text.to_uppercase()));
        }
    }
}
