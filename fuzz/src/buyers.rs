//! Who buys, and the body and the key of a purchase.

use flashsale_api::fuzzing;
use flashsale_sale::user_id::{USER_ID_CHARS_MAX, USER_ID_CHARS_MIN};
use flashsale_sale::{IdempotencyKey, UserId};
use serde_json::Value;

/// The canonical form is within its bounds and is its own canonical form.
pub(crate) fn user_id(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Ok(user) = UserId::parse(text) else {
        return;
    };
    let canonical = user.as_str();
    let chars = canonical.chars().count();
    assert!((USER_ID_CHARS_MIN..=USER_ID_CHARS_MAX).contains(&chars));
    assert!(!canonical.contains(char::is_control));
    assert_eq!(canonical, canonical.trim());
    assert_eq!(UserId::parse(canonical).as_ref(), Ok(&user));
    // Spaces around it are nobody else.
    assert_eq!(UserId::parse(&format!(" \t{text}\u{a0}\r\n")), Ok(user));
}

/// What is taken is taken as it stands.
pub(crate) fn idempotency_key(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let expected = printable && !text.is_empty() && text.len() <= 255;
    let key = IdempotencyKey::parse(text);
    assert_eq!(
        key.as_ref().map(IdempotencyKey::as_str).ok(),
        expected.then_some(text)
    );
}

/// A body that is read is the JSON object that another reader finds in it, with the same user.
pub(crate) fn purchase_body(input: &[u8]) {
    let user = fuzzing::purchase_body(input);
    // It knows numbers and depths that the other reader does not: those are passed over, as they are there.
    let Ok(value) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let named = value.as_object().and_then(|object| object.get("userId"));
    let expected = named.and_then(Value::as_str).map(UserId::parse);
    if let Some(user) = user {
        assert_eq!(expected, Some(Ok(user)));
    } else if let Some(Ok(expected)) = expected {
        // Refused although it names a user: only because it does so twice, or names it by escapes.
        let alone = serde_json::json!({ "userId": expected.as_str() }).to_string();
        assert_eq!(fuzzing::purchase_body(alone.as_bytes()), Some(expected));
        let name = "userId".len() + "\"\"".len();
        assert!(input.len() > alone.len() + name, "one member, and refused");
    }
}

/// A body for a pass that is read names the user whom a purchase of the same bytes is for.
pub(crate) fn pass_body(input: &[u8]) {
    let ada = UserId::parse("ada").expect("a user");
    let named = fuzzing::purchase_body(input);
    if let Some(user) = fuzzing::pass_body(input, None) {
        assert_eq!(named, Some(user));
    }
    // Where the buyer is known, nobody else comes out of it.
    if let Some(user) = fuzzing::pass_body(input, Some(ada.clone())) {
        assert_eq!(user, ada);
        assert!(named.is_none_or(|named| named == ada));
    }
}
