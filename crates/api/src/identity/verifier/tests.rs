use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::super::algorithm::Algorithm;
use super::super::keys::Keys;
use super::super::sign::{Grant, SigningKey, keys_of, make};
use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const NOW_S: u64 = NOW.0 / 1000;
const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";
const INVALID: Result<&str, TokenReason> = Err(TokenReason::Invalid);

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn secret(kid: &str, secret: &[u8]) -> Value {
    json!({ "kty": "oct", "kid": kid, "k": base64(secret) })
}

/// Takes tokens under one secret, and asks for an issuer.
fn verifier() -> Verifier {
    let text = jwks(&[secret("one", SECRET)]);
    let keys = Keys::parse(text.as_bytes(), &Algorithm::ALL).unwrap();
    Verifier::new(keys, "shop".to_owned(), Some("https://shop".to_owned()))
}

/// Head and claims as they stand, with a signature by HMAC.
fn signed(head: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, secret: &[u8]) -> String {
    let message = format!("{}.{}", base64(head), base64(claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let signature = ring::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", base64(signature))
}

const HEAD: &str = r#"{"alg":"HS256","typ":"JWT","kid":"one"}"#;

fn good_claims() -> Value {
    json!({ "sub": "Ada@Example.com", "aud": "shop", "iss": "https://shop", "exp": NOW_S + 600 })
}

/// The good claims with these changes. `null` takes a member away.
fn claims(changes: &Value) -> String {
    let mut claims = good_claims();
    for (name, value) in changes.as_object().unwrap() {
        let all = claims.as_object_mut().unwrap();
        match value {
            Value::Null => drop(all.remove(name)),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    claims.to_string()
}

#[track_caller]
fn check_by(verifier: &Verifier, token: impl AsRef<[u8]>, expected: Result<&str, TokenReason>) {
    let token = token.as_ref();
    let found = verifier.verify(token, NOW);
    let found = found.as_ref().map(UserId::as_str).map_err(|error| *error);
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(token));
}

#[track_caller]
fn check(token: impl AsRef<[u8]>, expected: Result<&str, TokenReason>) {
    check_by(&verifier(), token, expected);
}

#[track_caller]
fn check_head(head: &str, expected: Result<&str, TokenReason>) {
    check(signed(head, good_claims().to_string(), SECRET), expected);
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the rows of a table are written in place"
)]
#[track_caller]
fn check_claims(changes: Value, expected: Result<&str, TokenReason>) {
    check(signed(HEAD, claims(&changes), SECRET), expected);
}

#[test]
fn row_51_what_a_token_must_say() {
    const ADA: Result<&str, TokenReason> = Ok("ada@example.com");
    check_claims(json!({}), ADA);
    check_claims(json!({ "more": { "deep": [1, null] } }), ADA);
    check_claims(json!({ "aud": ["other", "shop"] }), ADA);
    for aud in [
        json!(null),
        json!("other"),
        json!("Shop"),
        json!(""),
        json!(["other"]),
        json!([]),
        json!([["shop"]]),
        json!({ "shop": 1 }),
        json!(["shop", 1]),
    ] {
        check_claims(json!({ "aud": aud }), INVALID);
    }
    for iss in [json!(null), json!("https://other"), json!(["https://shop"])] {
        check_claims(json!({ "iss": iss }), INVALID);
    }
    check_claims(json!({ "sub": " ada " }), Ok("ada"));
    for sub in [
        json!(null),
        json!(""),
        json!("ab"),
        json!("a\u{0}da"),
        json!(42),
        json!(["ada"]),
        json!("x".repeat(255)),
    ] {
        check_claims(json!({ "sub": sub }), INVALID);
    }
}

#[test]
fn row_51_when_a_token_is_good() {
    const ADA: Result<&str, TokenReason> = Ok("ada@example.com");
    let leeway = LEEWAY_MS / 1000;
    let longest = LIFETIME_MS_MAX / 1000;
    check_claims(json!({ "exp": NOW_S + longest + leeway }), ADA);
    check_claims(json!({ "exp": NOW_S + longest + leeway + 1 }), INVALID);
    check_claims(json!({ "exp": NOW_S - leeway + 1 }), ADA);
    check_claims(json!({ "exp": 1_799_999_970.5 }), ADA);
    check_claims(json!({ "exp": NOW_S - leeway }), Err(TokenReason::Expired));
    check_claims(json!({ "exp": 0 }), Err(TokenReason::Expired));
    for exp in [
        json!(null),
        json!("1900000000"),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(true),
        json!([NOW_S + 600]),
    ] {
        check_claims(json!({ "exp": exp }), INVALID);
    }
    check_claims(json!({ "nbf": NOW_S + leeway }), ADA);
    let later = json!({ "nbf": NOW_S + leeway + 1 });
    check_claims(later, Err(TokenReason::NotYetValid));
    for nbf in [json!("now"), json!(-1), json!(1e300)] {
        check_claims(json!({ "nbf": nbf }), INVALID);
    }
    // What is wrong for ever is told before what is wrong for now.
    check_claims(json!({ "exp": 0, "aud": "other" }), INVALID);
    let null = claims(&json!({})).replacen('{', r#"{"nbf":null,"#, 1);
    check(signed(HEAD, null, SECRET), INVALID);
}

#[test]
fn row_51_how_a_token_must_be_written() {
    let claims = good_claims().to_string();
    let good = signed(HEAD, &claims, SECRET);
    check(&good, Ok("ada@example.com"));

    // The head.
    check_head(r#"{"alg":"HS256"}"#, Ok("ada@example.com"));
    for head in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"one"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":null}"#,
        r#"{"kid":"one"}"#,
        r#"{"alg":"hs256","kid":"one"}"#,
        r#"{"alg":"HS512","kid":"one"}"#,
        r#"{"alg":"EdDSA","kid":"one"}"#,
        r#"{"alg":"RS256","kid":"one"}"#,
        r#"{"alg":"HS256","kid":"two"}"#,
        r#"{"alg":"HS256","kid":""}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256","kid":"one","crit":["exp"]}"#,
        r#"{"alg":"HS256","kid":"one","crit":[]}"#,
        r#"{"alg":"HS256","kid":"one","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","alg":"HS256","kid":"one"}"#,
        r#"{"alg":"HS256","kid":"two","kid":"one"}"#,
        r#"["HS256"]"#,
        "\u{FEFF}{\"alg\":\"HS256\"}",
        "",
        "{",
    ] {
        check_head(head, INVALID);
    }
    // Nothing that it brings along is used as a key.
    let own =
        json!({ "alg": "HS256", "kid": "two", "jwk": secret("two", &[7; 32]), "jku": "http://x" });
    check(signed(own.to_string(), &claims, &[7; 32]), INVALID);

    // The claims.
    for twice in [
        claims.replacen('{', r#"{"sub":"bob","#, 1),
        claims.replacen('{', r#"{"exp":1,"#, 1),
        claims.replacen('{', r#"{"aud":"x","#, 1),
        format!("{claims}x"),
        format!("[{claims}]"),
        "\"ada\"".to_owned(),
        String::new(),
    ] {
        check(signed(HEAD, twice, SECRET), INVALID);
    }
    let no_text = [claims.as_bytes(), b"\xff"].concat();
    check(signed(HEAD, no_text, SECRET), INVALID);
    let no_text = claims.replace("Ada", "A\u{1}a").into_bytes();
    let no_text: Vec<u8> = no_text
        .into_iter()
        .map(|b| if b == 1 { 0xff } else { b })
        .collect();
    check(signed(HEAD, no_text, SECRET), INVALID);

    // The whole.
    let (message, signature) = good.rsplit_once('.').unwrap();
    for broken in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!("{message}.{signature}="),
        format!("{message}=.{signature}"),
        format!("{good}.{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!(" {good}"),
        format!("{good} "),
        format!("{message}.{}", STANDARD.encode([0xff; 32])),
        good.replace('.', "%2E"),
        good.to_uppercase(),
    ] {
        check(broken, INVALID);
    }
    for length in 0..good.len() {
        check(&good[..length], INVALID);
    }
    check(b"\xff\xfe.\xff.\xff", INVALID);
    check([good.as_bytes(), b"\xff"].concat(), INVALID);
    let long = claims.replacen('{', &format!(r#"{{"more":"{}","#, "x".repeat(10_000)), 1);
    check(signed(HEAD, long, SECRET), INVALID);
    let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
    let deep = claims.replacen('{', &format!(r#"{{"more":{deep},"#), 1);
    // How deep a member lies that is passed over does not matter.
    let _ = verifier().verify(signed(HEAD, deep, SECRET).as_bytes(), NOW);
}

#[test]
fn row_51_every_changed_character_is_noticed() {
    let good = signed(HEAD, good_claims().to_string(), SECRET).into_bytes();
    let verifier = verifier();
    for position in 0..good.len() {
        let mut forged = good.clone();
        forged[position] = if forged[position] == b'A' { b'Q' } else { b'A' };
        check_by(&verifier, &forged, INVALID);
    }
}

/// The public key is known to everybody; as a secret it must not open anything.
#[test]
fn row_51_a_public_key_is_no_secret() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let new = make(algorithm, |bytes| bytes.fill(9)).unwrap();
        let keys = Keys::parse(new.keys.as_bytes(), &Algorithm::ALL).unwrap();
        let verifier = Verifier::new(keys, "shop".to_owned(), None);
        let jwk: Value = serde_json::from_str::<Value>(&new.keys).unwrap()["keys"][0].take();
        let kid = jwk["kid"].as_str().unwrap();
        let x = jwk["x"].as_str().unwrap();
        let head = json!({ "alg": "HS256", "kid": kid }).to_string();
        let plain = json!({ "alg": "HS256" }).to_string();
        let point = URL_SAFE_NO_PAD.decode(x).unwrap();
        for secret in [
            new.keys.as_bytes(),
            x.as_bytes(),
            &point,
            jwk.to_string().as_bytes(),
            b"",
        ] {
            for head in [&head, &plain] {
                let token = signed(head, good_claims().to_string(), secret);
                check_by(&verifier, token, INVALID);
            }
        }
        // An empty signature, and one of zeros.
        let head = base64(json!({ "alg": algorithm.name(), "kid": kid }).to_string());
        let message = format!("{head}.{}", base64(good_claims().to_string()));
        check_by(&verifier, format!("{message}."), INVALID);
        check_by(&verifier, format!("{message}.{}", base64([0; 64])), INVALID);

        let private = SigningKey::parse(new.private.unwrap().as_bytes()).unwrap();
        let until = Timestamp(NOW.0 + 60_000);
        let token = private.sign(&Grant::new("ada", "shop", NOW, until));
        check_by(&verifier, &token, Ok("ada"));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let changed = if signature.starts_with('A') { "Q" } else { "A" };
        check_by(
            &verifier,
            format!("{message}.{changed}{}", &signature[1..]),
            INVALID,
        );
    }
}

#[test]
fn row_51_only_the_algorithms_that_were_chosen_are_taken() {
    let ed = make(Algorithm::EdDsa, |bytes| bytes.fill(9)).unwrap();
    let ed: Value = serde_json::from_str(&ed.keys).unwrap();
    let text = jwks(&[secret("one", SECRET), ed["keys"][0].clone()]);
    let chosen = |algorithms: &[Algorithm]| {
        let keys = Keys::parse(text.as_bytes(), algorithms).unwrap();
        let (count, passed_over) = (keys.count(), keys.passed_over());
        (
            count,
            passed_over,
            Verifier::new(keys, "shop".to_owned(), None),
        )
    };
    let token = signed(HEAD, good_claims().to_string(), SECRET);
    let (count, passed_over, both) = chosen(&Algorithm::ALL);
    assert_eq!((count, passed_over), (2, 0));
    check_by(&both, &token, Ok("ada@example.com"));
    let (count, passed_over, one) = chosen(&[Algorithm::EdDsa]);
    assert_eq!((count, passed_over), (1, 1));
    check_by(&one, &token, INVALID);
}

#[test]
fn row_51_keys_overlap_while_they_are_changed() {
    let verifier = verifier();
    let by = |kid: &str, secret: &[u8]| {
        signed(
            json!({ "alg": "HS256", "kid": kid }).to_string(),
            good_claims().to_string(),
            secret,
        )
    };
    let (old, new) = (by("one", SECRET), by("two", &[2; 32]));
    let change_to = |keys: &[Value]| {
        let keys = Keys::parse(jwks(keys).as_bytes(), &[Algorithm::Hs256]).unwrap();
        verifier.replace_keys(keys);
    };
    let both = [secret("one", SECRET), secret("two", &[2; 32])];
    check_by(&verifier, &new, INVALID);
    change_to(&both);
    check_by(&verifier, &old, Ok("ada@example.com"));
    check_by(&verifier, &new, Ok("ada@example.com"));
    // A key's name is no key.
    check_by(&verifier, by("one", &[2; 32]), INVALID);
    change_to(&both[1..]);
    check_by(&verifier, &old, INVALID);
    check_by(&verifier, &new, Ok("ada@example.com"));
}

/// What one verification costs: `cargo test --release -p flashsale-api what_a_token_costs -- --ignored
/// --nocapture`.
#[test]
#[ignore = "it measures, and is run by hand"]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn what_a_token_costs() {
    const TIMES: u32 = 20_000;
    let rsa = std::env::var("RSA_PRIVATE_KEY").ok().map(std::fs::read);
    let rsa = rsa.map(|key| String::from_utf8(key.unwrap()).unwrap());
    for algorithm in Algorithm::ALL {
        let (private, keys) = match (algorithm, &rsa) {
            (Algorithm::Rs256, None) => continue,
            (Algorithm::Rs256, Some(key)) => (key.clone(), keys_of(key.as_bytes()).unwrap()),
            _ => {
                let new = make(algorithm, |bytes| bytes.fill(9)).unwrap();
                (new.private.unwrap_or(new.keys.clone()), new.keys)
            }
        };
        let signing = SigningKey::parse(private.as_bytes()).unwrap();
        let until = Timestamp(NOW.0 + 60_000);
        let token = signing.sign(&Grant::new("ada@example.com", "shop", NOW, until));
        let keys = Keys::parse(keys.as_bytes(), &[algorithm]).unwrap();
        let verifier = Verifier::new(keys, "shop".to_owned(), None);
        let begun = std::time::Instant::now();
        for _ in 0..TIMES {
            assert!(verifier.verify(token.as_bytes(), NOW).is_ok());
        }
        let took = begun.elapsed() / TIMES;
        println!("{algorithm}: {took:?}");
    }
}
