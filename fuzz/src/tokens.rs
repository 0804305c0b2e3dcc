//! Cookies and signed texts: nobody can make one up. And whose word is taken: the keys of a shop, the answer of a
//! service.

use std::sync::Arc;

use flashsale_api::csrf::Csrf;
use flashsale_api::fuzzing;
use flashsale_api::identity::algorithm::Algorithm;
use flashsale_api::identity::keys::Keys;
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

/// The keys of a shop, in PEM or as JWKS: each is for one algorithm, and there are some.
pub(crate) fn token_keys(input: &[u8]) {
    let count = |algorithms: &[Algorithm]| Keys::parse(input, algorithms).map(|keys| keys.count());
    if let Ok(all) = count(&Algorithm::ALL) {
        let by_algorithm = Algorithm::ALL.map(|algorithm| count(&[algorithm]).unwrap_or(0));
        assert!(all > 0 && by_algorithm.iter().sum::<usize>() == all);
    }
}

/// A yes is only what says `"success": true`.
pub(crate) fn service_verdict(input: &[u8]) {
    let said = fuzzing::service_verdict(input);
    // A number that is too large for a double is passed over where nobody asks for it.
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(input) else {
        return;
    };
    match said {
        Ok(is_passed) => assert!(body.is_object() && (body["success"] == true) == is_passed),
        Err(reason) => assert!(!reason.is_empty()),
    }
}
