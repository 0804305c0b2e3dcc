//! Cookies and signed texts: nobody can make one up.

use std::sync::Arc;

use flashsale_api::csrf::Csrf;
use flashsale_api::signing_keys::SigningKeys;
use flashsale_sale::Timestamp;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn csrf() -> Csrf {
    Csrf::new(Arc::new(SigningKeys::new(&[[7; 32]])), false)
}

/// Only the very text that was issued is good; the corpus has one.
pub(crate) fn csrf_token(input: &[u8]) {
    let csrf = csrf();
    let issued = csrf.issue(NOW, [9; 16], None);
    assert_eq!(
        csrf.check(input, NOW, None).is_ok(),
        input == issued.as_bytes()
    );
    // Neither is one with the input in the place of any of its bytes.
    for (at, byte) in input.iter().enumerate().take(issued.len()) {
        let mut changed = issued.clone().into_bytes();
        changed[at] = *byte;
        let is_same = changed == issued.as_bytes();
        assert_eq!(csrf.check(&changed, NOW, None).is_ok(), is_same);
    }
}

/// What is found in a line is in it, as the value of a cookie of that name, and nothing hides another.
pub(crate) fn cookies(input: &[u8]) {
    let csrf = csrf();
    let found: Vec<_> = csrf.tokens_in(input).collect();
    for value in &found {
        assert!(!value.is_empty() && !value.contains(&b';'));
        let pair = [b"csrfToken=", *value].concat();
        assert!(input.windows(pair.len()).any(|part| part == pair));
    }
    let longer = [input, b"; csrfToken=x"].concat();
    let again: Vec<_> = csrf.tokens_in(&longer).collect();
    assert_eq!(again, [found, vec![b"x"]].concat());
}
