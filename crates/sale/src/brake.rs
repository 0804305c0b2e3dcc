//! The emergency brake: selling stops, and may go on.

use crate::Timestamp;

/// Whether the shop has stopped its sale, as the ledger keeps it.
///
/// Each change is counted, so that of two brakes that a node hears of it knows the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    changes: u32,
    changed_at: Timestamp,
}

impl Default for Brake {
    fn default() -> Self {
        Self::new(0, Timestamp(0))
    }
}

impl Brake {
    /// A brake that was pulled or let go so many times, the last time at `changed_at`. It begins as let go, so
    /// it is pulled after every odd number of changes.
    pub fn new(changes: u32, changed_at: Timestamp) -> Self {
        Self {
            changes,
            changed_at,
        }
    }

    /// How often it was pulled or let go.
    pub fn changes(self) -> u32 {
        self.changes
    }

    /// When it was pulled or let go the last time; the epoch if it never was.
    pub fn changed_at(self) -> Timestamp {
        self.changed_at
    }

    /// Whether nothing may be sold.
    pub fn is_pulled(self) -> bool {
        self.changes % 2 == 1
    }

    /// Since when nothing may be sold, if that is so.
    pub fn paused_at(self) -> Option<Timestamp> {
        self.is_pulled().then_some(self.changed_at)
    }

    /// The brake after it was pulled or let go at `now`; nothing, if that is how it is already.
    pub fn changed(self, pulled: bool, now: Timestamp) -> Option<Self> {
        (self.is_pulled() != pulled).then(|| Self::new(self.changes + 1, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_pulled_and_let_go_in_turns() {
        let brake = Brake::default();
        assert_eq!(brake.paused_at(), None);
        assert_eq!(brake.changed(false, Timestamp(5)), None);
        let pulled = brake.changed(true, Timestamp(6)).unwrap();
        assert_eq!(pulled.paused_at(), Some(Timestamp(6)));
        assert_eq!(pulled.changed(true, Timestamp(7)), None);
        let let_go = pulled.changed(false, Timestamp(8)).unwrap();
        assert_eq!(let_go, Brake::new(2, Timestamp(8)));
        assert_eq!(let_go.paused_at(), None);
    }
}
