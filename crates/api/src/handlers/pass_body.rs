//! Reads the body of a request for a pass: who asks, and what he shows.

use std::time::Duration;

use bytes::Bytes;
use flashsale_sale::UserId;
use hyper::body::Body;
use serde::{Deserialize, Deserializer};

use super::purchase_body::{Text, buyer, collect_within, object, user};
use crate::answer::Refusal;
use crate::bots::Evidence;

/// Other members are passed over.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "userId", default, borrow)]
    user_id: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    challenge: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    nonce: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    token: Option<Text<'a>>,
}

/// Who asks. Where that is known already, the body need not say it, and may say nothing else.
pub(super) async fn read(
    body: impl Body<Data = Bytes> + Unpin,
    timeout: Duration,
    known: Option<UserId>,
) -> Result<(UserId, Evidence), Refusal> {
    parse(&collect_within(timeout, body).await?, known)
}

/// A member that is there must be a text, and is refused as `null`, too.
pub(crate) fn parse(body: &[u8], known: Option<UserId>) -> Result<(UserId, Evidence), Refusal> {
    let wire: Wire<'_> = object(body)?;
    let user = buyer(known, user(wire.user_id.as_ref())?)?;
    let evidence = Evidence {
        challenge: text(wire.challenge.as_ref())?,
        nonce: text(wire.nonce.as_ref())?,
        token: text(wire.token.as_ref())?,
    };
    Ok((user, evidence))
}

fn present<'de, D: Deserializer<'de>>(member: D) -> Result<Option<Text<'de>>, D::Error> {
    Text::deserialize(member).map(Some)
}

fn text(member: Option<&Text<'_>>) -> Result<Option<String>, Refusal> {
    const NO_TEXT: Refusal =
        Refusal::BadRequest("\"challenge\", \"nonce\" and \"token\" must be texts");
    let read = |member: &Text<'_>| member.as_str().map(str::to_owned).ok_or(NO_TEXT);
    member.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_who_asks_and_what_he_shows() {
        let body = br#" {"userId":"Ada@X.org","challenge":"c","nonce":"\u0031","more":{}}"#;
        let (user, evidence) = parse(body, None).unwrap();
        assert_eq!(user.as_str(), "ada@x.org");
        assert_eq!(evidence.challenge.as_deref(), Some("c"));
        assert_eq!(evidence.nonce.as_deref(), Some("1"));
        assert_eq!(evidence.token, None);
        let ada = UserId::parse("ada").unwrap();
        let (user, _) = parse(br#"{"token":"t"}"#, Some(ada.clone())).unwrap();
        assert_eq!(user, ada);
        for wrong in [
            &br#"{"token":"t"}"#[..],
            br#"{"userId":1}"#,
            br#"["ada"]"#,
            br#"{"userId":"ada","nonce":1}"#,
            br#"{"userId":"ada","token":null}"#,
            br#"{"userId":"ada","token":"t","nonce":{}}"#,
            br#"{"userId":"ada","nonce":"1","nonce":"2"}"#,
        ] {
            assert!(parse(wrong, None).is_err());
        }
        assert!(parse(br#"{"userId":"bob"}"#, Some(ada)).is_err());
    }
}
