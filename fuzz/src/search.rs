//! What the console looks for.

use std::sync::Arc;

use flashsale_api::fuzzing;
use flashsale_sale::{Order, OrderId, Sale, SaleId, Timestamp, UserId, View, Window};

/// An order is found by every part of its user, in capitals as well; and by its unit and its name.
pub(crate) fn search(input: &[u8]) {
    let Some((at, text)) = input.split_first() else {
        return;
    };
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    let Ok(user) = UserId::parse(text) else {
        return;
    };
    let view = view_of(user.clone());
    let user = user.as_str();
    let places: Vec<_> = user.char_indices().map(|(index, _)| index).collect();
    let place = places[usize::from(*at) % places.len()];
    let (begin, end) = user.split_at(place);
    // Whoever asks may write it as the buyer did, or as it is kept.
    for wanted in ["", "42", "abab", text, user, begin, end] {
        assert_eq!(finds(&view, wanted), Some(true), "{wanted:?} in {user:?}");
    }
    if user.is_ascii() {
        let capitals = user.to_uppercase();
        assert_eq!(finds(&view, &capitals), Some(true), "{capitals:?}");
    }
}

fn finds(view: &View, wanted: &str) -> Option<bool> {
    let mut found = None;
    view.read(0, 1, |_, order| found = fuzzing::finds(wanted, &order));
    found
}

/// A sale of one order.
fn view_of(user: UserId) -> View {
    let order = Order {
        unit: 42,
        id: OrderId([0xAB; 16]),
        user,
        ordered_at: Timestamp(0),
        idempotency_key: None,
    };
    let window = Window::new(Timestamp(0), Timestamp(1)).expect("a window");
    let id = SaleId::parse("fuzz").expect("a name");
    let sale = Sale::new(id, "p".into(), String::new(), 100, window).expect("a sale");
    let view = View::new(Arc::new(sale));
    view.record([order]).expect("the first order");
    view
}
