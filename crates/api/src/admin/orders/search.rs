//! Which orders are looked for.

use flashsale_sale::{StoredOrder, UserId, hex};

/// The longest text to search for, in bytes: as long as the longest user id.
const TEXT_BYTES_MAX: usize = 1_024;

/// A part of a user id, whatever its case; or the beginning of an order id; or a unit. No text finds all.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    text: String,
    /// The user whom the text means as a whole: somebody may write an address otherwise than it is kept.
    user: Option<UserId>,
    unit: Option<u32>,
    is_hexadecimal: bool,
}

impl Search {
    /// Fails where nothing can be found.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return Err("the text to search for is too long");
        }
        let user = UserId::parse(text).ok();
        let text = in_small_letters(text);
        Ok(Self {
            user,
            unit: text.parse().ok(),
            is_hexadecimal: text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            text,
        })
    }

    pub(crate) fn finds(&self, order: &StoredOrder<'_>) -> bool {
        self.text.is_empty()
            || self.unit == Some(order.unit())
            || self.is_hexadecimal && hex(order.id().0).starts_with(self.text.as_bytes())
            || self.is_in(order.user())
    }

    fn is_in(&self, user: &str) -> bool {
        // An e-mail address is kept in lower case, so nearly always there is nothing to convert.
        user.contains(&self.text)
            || self
                .user
                .as_ref()
                .is_some_and(|whole| whole.as_str() == user)
            || user.chars().any(|c| c.to_lowercase().ne([c]))
                && in_small_letters(user).contains(&self.text)
    }
}

/// Each letter by itself: in `str::to_lowercase` a sigma at the end of a word is another one, so a part of a text
/// would not be a part of what comes out.
fn in_small_letters(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flashsale_sale::{Order, OrderId, Sale, SaleId, Timestamp, View, Window};

    use super::*;

    #[test]
    fn user_order_id_and_unit_are_found() {
        let window = Window::new(Timestamp(0), Timestamp(1)).unwrap();
        let id = SaleId::parse("test").unwrap();
        let sale = Sale::new(id, "p".into(), String::new(), 100, window).unwrap();
        let view = View::new(Arc::new(sale));
        let order = Order {
            unit: 42,
            id: OrderId([0xAB; 16]),
            user: UserId::parse("Ada Ümlaut").unwrap(),
            ordered_at: Timestamp(0),
            idempotency_key: None,
        };
        view.record([order]).unwrap();
        let check = |text: &str, found: bool| {
            let search = Search::parse(text).unwrap();
            view.read(0, 1, |_, order| {
                assert_eq!(search.finds(&order), found, "{text:?}");
            });
        };
        for text in [
            "",
            " ",
            "ada",
            "ADA ü",
            "42",
            "abab",
            &"AB".repeat(16),
            " umlaut ".trim_start_matches(" u"),
        ] {
            check(text, true);
        }
        for text in ["bob", "4", "421", "bab", "ba", &"ab".repeat(17)] {
            check(text, false);
        }
        assert!(Search::parse(&"x".repeat(2_000)).is_err());
    }
}
