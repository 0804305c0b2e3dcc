use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::sign::make;
use super::*;

const ED25519: &str = "MCowBQYDK2VwAyEAxNnEaHUB5Qlzx7DD0v1UQ/4xnPfDnNYdQSu7N3hdExA=";
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKcgIG4gnhcUy3PKO3xi2YhpS99U4\n\
    90D3orDmHVEvCMOek9bgo8Cv/xlhs5Xbz4nlZLo4RwLQUknnUVDZfT1S4w==";
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxs+Lu39jhEgkP+m9ciW8\n\
    pkxbKMxmo5cbQ8DQLICZmgvMb+dQ4a5mX9rYXBcd7d4oJ6duPVIda1bNyHYoaRKj\n\
    iwYy5QTQF+HjPU8B3lW1MXZOJOK1zc+hCTESnwAo8WxyJ01igCnwbCdsFb/dgFI2\n\
    RlGotOgdfo9ga8RQTz39K55p4CPRxCLpsppElF+tuwLL0gM+9rt7UMxryIBPSn9N\n\
    0ZzJRfHxyZDImEvoXPyHq5nAa4FYZtVZnk+bKq6V6xBuKEMok12ky4iF3C9/GZD8\n\
    OJVleDyAvbo+EFP7mTgnDyQcCuNFIOkI3ufDpnMZakNrR/Q9oAxBbdsJtq6DKePQ\n\
    tQIDAQAB";
const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDOvTguU+gJ2zVV9Ux+bZAtiLIz\n\
    aVOl6+ee5Xgtf3jK94A2qV1u3zjDqzLdv9RmJ+Bfr91Z78tSYeDXEGfS3w389D5c\n\
    TWzdvXlImFqh7FcfLjJ2kQ45S31qVtVtPTU0ptqNZOUCTHV8dXuKIz01o00zZoEK\n\
    duRsQIPsK/cOrueNbQIDAQAB";
const X25519: &str = "MCowBQYDK2VuAyEAuB6fBTmofuu7MDBMPNHGN5dQ0DoD4lX4d86ap+KJi3c=";
const P384: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE01/yHkqMBjnW4p54qiIgcEnZf03sMjSa\n\
    051EnBI16VpCh4dXc0N3mXM6qy1AX0W0mnMVhWoS7P6nNGp7+U4YpKhROfLCasch\n\
    Iu3WORkUkIKi5GsJB3UvnYGxERHpsUyr";

fn pem(keys: &[&str]) -> String {
    let wrapped =
        |key: &&str| format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
    keys.iter().map(wrapped).collect()
}

/// The algorithms of the keys of a file, or a part of why it is refused.
#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: Result<&[Algorithm], &str>) {
    let parsed = Keys::parse(text.as_ref(), &Algorithm::ALL);
    match (parsed, expected) {
        (Ok(keys), Ok(algorithms)) => {
            let found: Vec<_> = keys.keys.iter().map(|key| key.algorithm).collect();
            assert_eq!(found, algorithms);
        }
        (Err(InvalidKeys(reason)), Err(part)) => assert!(reason.contains(part), "{reason}"),
        (parsed, expected) => panic!("{parsed:?} is not {expected:?}"),
    }
}

#[track_caller]
fn check_jwk(jwk: &Value, expected: Result<&[Algorithm], &str>) {
    check(json!({ "keys": [jwk] }).to_string(), expected);
}

#[test]
fn public_keys_are_read_from_pem() {
    use Algorithm::{EdDsa, Es256, Rs256};
    check(pem(&[ED25519]), Ok(&[EdDsa]));
    check(pem(&[P256, RSA_2048, ED25519]), Ok(&[Es256, Rs256, EdDsa]));
    check(format!("of the shop\n{}", pem(&[P256])), Ok(&[Es256]));
    check(pem(&[RSA_1024]), Err("less than 2048 bits"));
    check(pem(&[ED25519, X25519]), Err("number 2"));
    check(pem(&[P384]), Err("neither of Ed25519"));
    for bad in [
        "",
        "AAAA",
        "MCowBQYDK2VwAyEAxNnEaHUB5Qlzx7DD0v1UQ",
        &ED25519[4..],
    ] {
        assert!(
            Keys::parse(pem(&[bad]).as_bytes(), &Algorithm::ALL).is_err(),
            "{bad}"
        );
    }
    // A structure that ends too early, at every place.
    for whole in [ED25519, P256, RSA_2048] {
        let der = STANDARD.decode(whole.replace('\n', "")).unwrap();
        for length in 0..der.len() {
            let cut = pem(&[&STANDARD.encode(&der[..length])]);
            assert!(
                Keys::parse(cut.as_bytes(), &Algorithm::ALL).is_err(),
                "{length}"
            );
        }
    }
    let private = make(Algorithm::EdDsa, |bytes| bytes.fill(9))
        .unwrap()
        .private;
    check(private.unwrap(), Err("private key"));
    for nothing in [
        "",
        "\n",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        check(nothing, Err("no JWKS document and no BEGIN PUBLIC KEY"));
    }
    check(vec![b' '; KEYS_BYTES_MAX + 1], Err("longer than"));
}

#[test]
fn keys_are_read_from_a_jwks_document() {
    use Algorithm::{EdDsa, Es256, Hs256, Rs256};
    let k = "A".repeat(43);
    check_jwk(
        &json!({ "kty": "oct", "k": k, "kid": "one", "alg": "HS256" }),
        Ok(&[Hs256]),
    );
    let known = make(EdDsa, |bytes| bytes.fill(9)).unwrap().keys;
    check(known, Ok(&[EdDsa]));
    check(
        make(Es256, |bytes| bytes.fill(9)).unwrap().keys,
        Ok(&[Es256]),
    );
    let secret = make(Hs256, |bytes| bytes.fill(9)).unwrap();
    assert!(secret.private.is_none());
    check(secret.keys, Ok(&[Hs256]));
    let number = |chars: usize| format!("{}w", "_".repeat(chars - 1));
    let n = number(342);
    check_jwk(&json!({ "kty": "RSA", "n": n, "e": "AQAB" }), Ok(&[Rs256]));
    let x = "A".repeat(43);
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    check_jwk(&ed, Ok(&[EdDsa]));

    let with = |changes: Value| {
        let mut jwk = ed.clone();
        jwk.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        jwk
    };
    check_jwk(
        &with(json!({ "alg": "Ed25519", "use": "sig" })),
        Ok(&[EdDsa]),
    );
    check_jwk(
        &with(json!({ "key_ops": ["verify"], "x5c": ["?"] })),
        Ok(&[EdDsa]),
    );
    check_jwk(
        &with(json!({ "alg": "ES256" })),
        Err("does not belong to its \"kty\""),
    );
    check_jwk(&with(json!({ "d": x })), Err("private one"));
    check_jwk(&with(json!({ "x": "AAAA" })), Err("is no key of Ed25519"));
    check_jwk(&with(json!({ "x": format!("{x}=") })), Err("base64url"));
    check_jwk(&with(json!({ "x": null })), Err("lacks a part"));
    // What is for something else is passed over, and then nothing is left.
    let others = [
        with(json!({ "use": "enc" })),
        with(json!({ "key_ops": ["sign"] })),
        with(json!({ "crv": "X25519" })),
        with(json!({ "alg": "ES384" })),
        json!({ "kty": "EC", "crv": "P-384", "x": x, "y": x }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": x }),
    ];
    for other in &others {
        check_jwk(other, Err("has no key for HS256, EdDSA, ES256, RS256"));
    }
    let both = json!({ "keys": [others[0], ed] }).to_string();
    let keys = Keys::parse(both.as_bytes(), &Algorithm::ALL).unwrap();
    assert_eq!(
        (keys.count(), keys.passed_over(), keys.has_secret()),
        (1, 1, false)
    );

    check_jwk(
        &json!({ "kty": "oct", "k": "A".repeat(42) }),
        Err("less than 32 bytes"),
    );
    check_jwk(
        &json!({ "kty": "RSA", "n": number(170), "e": "AQAB" }),
        Err("less than 2048"),
    );
    check_jwk(&json!({ "kty": "RSA", "n": n, "e": "AQ" }), Err("exponent"));
    check_jwk(
        &json!({ "kty": "EC", "crv": "P-256", "x": x, "y": "AAAA" }),
        Err("P-256"),
    );
    let named = with(json!({ "kid": "one" }));
    check(
        json!({ "keys": [named, named] }).to_string(),
        Err("two keys with one \"kid\""),
    );
    let many = vec![&ed; KEYS_MAX + 1];
    check(
        json!({ "keys": many }).to_string(),
        Err("more than 16 keys"),
    );
    check(json!({ "keys": [] }).to_string(), Err("has no key"));
}

/// A parser likes to quote what it does not understand.
#[test]
fn row_52_a_message_shows_nothing_of_the_file() {
    for text in [
        r#"{"keys":"hunter2"}"#,
        r#"{"keys":[{"kty":"oct","k":"hunter2"}]}"#,
        r#"{"keys":[{"kty":"oct","k":"hunter2!"}]}"#,
        r#"{"keys":[{"kty":"oct","k":"hunter2","kid":42}]}"#,
        r#"{"keys":["hunter2"]}"#,
        r#"{"hunter2":[]}"#,
        r#"{"keys":[{"kty":"hunter2"}]}"#,
        "{hunter2",
        "hunter2",
        "-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----\n",
    ] {
        let error = Keys::parse(text.as_bytes(), &Algorithm::ALL).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let new = make(Algorithm::Hs256, |bytes| bytes.fill(9)).unwrap();
    let keys = Keys::parse(new.keys.as_bytes(), &Algorithm::ALL).unwrap();
    assert_eq!(format!("{keys:?}"), "Keys(hidden)");
}
