//! The orders, as this node has seen them.
//!
//! There may be millions. Buyers wait while the view is read, so it is read in pieces, and between two
//! of them others have their turn.

pub(crate) mod file;
pub(crate) mod search;
pub(crate) mod table;

use flashsale_sale::View;

/// How many orders are read at a time: some ten microseconds.
const PIECE: u32 = 1_024;

/// Where the view has the order of each unit, from the first on; none where it has not seen it yet.
async fn positions_by_unit(view: &View) -> Vec<Option<u32>> {
    let mut positions = vec![None; view.sold() as usize];
    let mut from = Some(0);
    while let Some(begin) = from {
        from = view.read(begin, PIECE, |position, order| {
            let index = order.unit() as usize - 1;
            if positions.len() <= index {
                positions.resize(index + 1, None);
            }
            positions[index] = Some(position);
        });
        tokio::task::yield_now().await;
    }
    positions
}
