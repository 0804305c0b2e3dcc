//! What is not there.

use crate::answer::{Answer, Refusal};

/// No such address under `/api`.
pub(crate) async fn not_found() -> Answer {
    Refusal::NotFound.into()
}

/// Such an address, but not for this method. The router adds the header `Allow`.
pub(crate) async fn method_not_allowed() -> Answer {
    Refusal::MethodNotAllowed.into()
}
